//! The import graph of a crate, and its cycles.
//!
//! A node is a file. A file imports another when one of its paths, in a `use` or elsewhere, leads to an
//! item there. A re-export is followed to the file that it names, so that `use crate::Room` imports
//! `room.rs` and not `lib.rs`, and is no import itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::source;

/// Re-exports that are followed for one path; those of Rust itself cannot be circular either.
const REEXPORTS_MAX: usize = 8;

/// A module: its path from the root of the crate.
type Name = Vec<String>;

#[derive(Debug, Default)]
struct Module {
    words: Vec<String>,
    /// Where names that it re-exports come from, as written.
    reexports: BTreeMap<String, Vec<String>>,
}

/// The modules of a crate.
#[derive(Debug, Default)]
struct Modules(BTreeMap<Name, Module>);

/// A path as written, and the name that it is known by afterwards; of a `use` with `pub`, a re-export.
struct Import {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

/// The import cycles of the crate with this root file: of each, the modules that import each other.
pub(super) fn cycles(root: &Path) -> Result<Vec<Vec<String>>> {
    let mut modules = Modules::default();
    let folder = root.parent().context("a root without a folder")?;
    modules.read(root, folder, &Vec::new())?;
    Ok(modules.cycles())
}

impl Modules {
    /// Reads a file and those that it declares, which are in `folder`.
    fn read(&mut self, file: &Path, folder: &Path, name: &Name) -> Result<()> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let children = self.add(name.clone(), &text);
        for child in children {
            let inner = folder.join(&child);
            let candidates = [inner.with_extension("rs"), inner.join("mod.rs")];
            if let Some(file) = candidates.iter().find(|it: &&PathBuf| it.exists()) {
                self.read(file, &inner, &[&name[..], &[child]].concat())?;
            }
        }
        Ok(())
    }

    /// Adds a module; returns the modules that it declares in files of their own.
    fn add(&mut self, name: Name, text: &str) -> Vec<String> {
        let words = source::words(text);
        let reexports = imports(&words).into_iter().filter(|it| it.is_public);
        let reexports = reexports.map(|it| (it.name, it.path)).collect();
        let declared = words.windows(3).filter(|it| it[0] == "mod" && it[2] == ";");
        let declared = declared.map(|it| it[1].clone()).collect();
        self.0.insert(name, Module { words, reexports });
        declared
    }

    fn cycles(&self) -> Vec<Vec<String>> {
        let edges: BTreeMap<&Name, BTreeSet<Name>> =
            self.0.keys().map(|name| (name, self.imported_by(name))).collect();
        let reached: BTreeMap<&Name, BTreeSet<&Name>> =
            edges.keys().map(|name| (*name, reach(name, &edges))).collect();
        let mut cycles = BTreeSet::new();
        for (name, others) in &reached {
            let cycle: Vec<_> = others.iter().filter(|it| reached[*it].contains(name)).collect();
            if cycle.len() > 1 {
                cycles.insert(cycle.into_iter().map(|it| shown(it)).collect());
            }
        }
        cycles.into_iter().collect()
    }

    /// The modules that a module imports.
    fn imported_by(&self, name: &Name) -> BTreeSet<Name> {
        let module = &self.0[name];
        let imports = imports(&module.words).into_iter().filter(|it| !it.is_public);
        let paths = imports.map(|it| it.path).chain(paths(&module.words));
        let targets = paths.filter_map(|path| self.resolve(name, &path, REEXPORTS_MAX));
        targets.filter(|it| it != name && !is_within(name, it)).collect()
    }

    /// The module that a path in `module` leads to; none of another crate's.
    fn resolve(&self, module: &Name, path: &[String], reexports: usize) -> Option<Name> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => parent(module)?,
            child => self.child(module, child)?,
        };
        while let Some((_, more)) = rest.split_first().filter(|(it, _)| *it == "super") {
            (at, rest) = (parent(&at)?, more);
        }
        while let Some((name, more)) = rest.split_first() {
            if let Some(child) = self.child(&at, name) {
                (at, rest) = (child, more);
            } else if let Some(from) = self.0[&at].reexports.get(name).filter(|_| reexports > 0) {
                let path = [&from[..], more].concat();
                return self.resolve(&at, &path, reexports - 1).or(Some(at));
            } else {
                break;
            }
        }
        Some(at)
    }

    fn child(&self, module: &Name, name: &str) -> Option<Name> {
        let child = [&module[..], &[name.to_owned()]].concat();
        self.0.contains_key(&child).then_some(child)
    }
}

/// Whether `module` is part of `other`: what its parent has is as near as its own.
fn is_within(module: &Name, other: &Name) -> bool {
    !other.is_empty() && module.starts_with(other)
}

fn parent(module: &Name) -> Option<Name> {
    module.split_last().map(|(_, parent)| parent.to_vec())
}

fn shown(module: &Name) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}

/// Everything that can be reached from a module over one import or more.
fn reach<'a>(from: &Name, edges: &'a BTreeMap<&'a Name, BTreeSet<Name>>) -> BTreeSet<&'a Name> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Name> = edges[from].iter().collect();
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(&edges[name]);
        }
    }
    reached
}

/// The paths of every `use`.
fn imports(words: &[String]) -> Vec<Import> {
    let mut all = Vec::new();
    for (place, _) in words.iter().enumerate().filter(|(_, it)| *it == "use") {
        let is_public = place > 0 && ["pub", ")"].contains(&words[place - 1].as_str());
        let end = words[place..].iter().position(|it| it == ";").unwrap_or(0);
        tree(&words[place + 1..place + end.max(1)], &[], is_public, &mut all);
    }
    all
}

/// Takes a `use` tree apart: `a::{b, c as d}` is `a::b` and `a::c`.
fn tree(words: &[String], before: &[String], is_public: bool, all: &mut Vec<Import>) {
    let mut path = before.to_vec();
    for (place, word) in words.iter().enumerate() {
        match word.as_str() {
            "::" => {}
            "{" => {
                let inner = &words[place + 1..words.len() - 1];
                branches(inner).for_each(|it| tree(it, &path, is_public, all));
                return;
            }
            "as" => break,
            _ => path.push(word.clone()),
        }
    }
    // `a::{self}` is `a`.
    if path.last().is_some_and(|it| it == "self") && path.len() > 1 {
        path.pop();
    }
    let Some(name) = words.last().filter(|it| *it != "self").or(path.last()).cloned() else {
        return;
    };
    all.push(Import { path, name, is_public });
}

/// The parts of a list, separated by commas that are in no braces.
fn branches(words: &[String]) -> impl Iterator<Item = &[String]> {
    let mut depth = 0_usize;
    let parts = words.split(move |word| {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && word == ","
    });
    parts.filter(|it| !it.is_empty())
}

/// The paths outside of `use`.
fn paths(words: &[String]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut place = 0;
    while place < words.len() {
        if words[place] == "use" {
            place += words[place..].iter().position(|it| it == ";").unwrap_or(1);
            continue;
        }
        let mut path = vec![words[place].clone()];
        while words.get(place + 1).is_some_and(|it| it == "::") && place + 2 < words.len() {
            place += 2;
            path.push(words[place].clone());
        }
        if path.len() > 1 {
            all.push(path);
        }
        place += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], cycles: &[&[&str]]) {
        let mut modules = Modules::default();
        for (name, text) in files {
            let name = name.split("::").filter(|it| *it != "crate").map(str::to_owned).collect();
            modules.add(name, text);
        }
        assert_eq!(modules.cycles(), cycles);
    }

    #[test]
    fn two_files_that_use_each_other_are_a_cycle() {
        let root = ("crate", "mod a; mod b; mod c;");
        check(&[root, ("a", "use crate::b::B;"), ("b", "use super::a;")], &[&["a", "b"]]);
        check(&[root, ("a", "use crate::b::B;"), ("b", "fn f() {}")], &[]);
        let long =
            [("a", "use crate::b;"), ("b", "use crate::c;"), ("c", "fn f() { crate::a::f() }")];
        check(&[&[root], &long[..]].concat(), &[&["a", "b", "c"]]);
    }

    #[test]
    fn a_re_export_is_followed_to_where_the_item_is() {
        let root = ("crate", "mod a; mod b; pub use a::A; pub(crate) use b::{B, inner::C as D};");
        check(&[root, ("a", "use crate::B;"), ("b", "fn f() {}")], &[]);
        check(&[root, ("a", "use crate::B;"), ("b", "use crate::A;")], &[&["a", "b"]]);
        check(
            &[root, ("a", "use crate::D;"), ("b", "mod inner; use crate::A;"), ("b::inner", "")],
            &[],
        );
    }

    #[test]
    fn an_item_of_the_root_makes_a_cycle_with_the_root() {
        let root = ("crate", "mod a; use a::A; struct Bag(A);");
        check(&[root, ("a", "use crate::Bag;")], &[&["crate", "a"]]);
    }

    #[test]
    fn a_module_may_use_what_its_parent_has() {
        let parent = ("a", "mod part; use part::Part; struct A(Part);");
        check(&[("crate", "mod a;"), parent, ("a::part", "use super::A;")], &[]);
    }

    #[test]
    fn a_tree_is_taken_apart() {
        let words = source::words("use a::{self, b::{C, D,}, e as f,};");
        let paths: Vec<_> = imports(&words).iter().map(|it| it.path.join("::")).collect();
        assert_eq!(paths, ["a", "a::b::C", "a::b::D", "a::e"]);
    }
}
