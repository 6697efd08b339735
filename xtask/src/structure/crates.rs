//! The crates of the workspace and their dependencies, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::commands::cargo;

/// Dependencies between the crates of the workspace; those of tests alone are left out.
#[derive(Debug, Default)]
pub(super) struct Graph {
    dependencies: BTreeMap<String, BTreeSet<String>>,
    /// The root file of each library and program, by crate.
    pub(super) roots: BTreeMap<String, Vec<PathBuf>>,
}

impl Graph {
    /// The crates that `cargo metadata` names.
    pub(super) async fn of_workspace() -> Result<Self> {
        let mut cargo = cargo();
        let output = cargo
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .output()
            .await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::read(&serde_json::from_slice(&output.stdout)?)
    }

    fn read(metadata: &Value) -> Result<Self> {
        let packages = metadata["packages"].as_array().context("no packages")?;
        let names: BTreeSet<&str> = packages.iter().filter_map(|it| it["name"].as_str()).collect();
        let mut graph = Self::default();
        for package in packages {
            let name = package["name"].as_str().context("a package without a name")?;
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            let dependencies = dependencies.filter(|it| it["kind"] != "dev");
            let own = dependencies.filter_map(|it| it["name"].as_str());
            let own = own.filter(|it| names.contains(it) && *it != name);
            graph.dependencies.insert(name.to_owned(), own.map(str::to_owned).collect());
            let targets = package["targets"].as_array().into_iter().flatten().filter(|target| {
                let kinds = target["kind"].as_array().into_iter().flatten();
                kinds
                    .into_iter()
                    .any(|it| ["lib", "bin", "proc-macro"].map(Value::from).contains(it))
            });
            let roots = targets.filter_map(|it| it["src_path"].as_str()).map(PathBuf::from);
            graph.roots.insert(name.to_owned(), roots.collect());
        }
        Ok(graph)
    }

    /// The longest chain, from a crate that nothing depends on to one without dependencies.
    pub(super) fn longest_chain(&self) -> Vec<&str> {
        let chains = self.dependencies.keys().map(|name| self.chain_from(name));
        chains.max_by_key(Vec::len).unwrap_or_default()
    }

    fn chain_from<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let below = self.dependencies[name].iter().map(|it| self.chain_from(it));
        let longest = below.max_by_key(Vec::len).unwrap_or_default();
        [&[name][..], &longest].concat()
    }

    /// One line for each crate, `name -> dependencies`; the shortest chains first.
    pub(super) fn map(&self) -> String {
        let mut names: Vec<_> = self.dependencies.keys().collect();
        names.sort_by_key(|name| self.chain_from(name).len());
        let line = |name: &String| match &self.dependencies[name] {
            none if none.is_empty() => format!("{name}\n"),
            some => {
                let list: Vec<_> = some.iter().map(String::as_str).collect();
                format!("{name} -> {}\n", list.join(", "))
            }
        };
        names.into_iter().map(line).collect()
    }
}

#[cfg(test)]
impl Graph {
    pub(super) fn new<const N: usize>(crates: [(&str, Vec<&str>); N]) -> Self {
        let owned = |(name, list): (&str, Vec<&str>)| {
            (name.to_owned(), list.into_iter().map(str::to_owned).collect())
        };
        Self { dependencies: crates.into_iter().map(owned).collect(), roots: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_crates_of_the_workspace_that_are_built_in_are_dependencies() {
        let graph = Graph::read(&json!({ "packages": [
            { "name": "ids", "dependencies": [], "targets": [
                { "kind": ["lib"], "src_path": "/ids/src/lib.rs" },
                { "kind": ["test"], "src_path": "/ids/tests/it.rs" },
            ] },
            { "name": "testkit", "dependencies": [], "targets": [] },
            { "name": "rooms", "targets": [], "dependencies": [
                { "name": "ids", "kind": null },
                { "name": "testkit", "kind": "dev" },
                { "name": "serde", "kind": null },
            ] },
        ] }));

        let graph = graph.unwrap();
        assert_eq!(graph.map(), "ids\ntestkit\nrooms -> ids\n");
        assert_eq!(graph.roots["ids"], [PathBuf::from("/ids/src/lib.rs")]);
    }

    #[test]
    fn the_longest_chain_is_found_beside_shorter_ones() {
        let graph =
            Graph::new([("a", vec!["b", "d"]), ("b", vec!["c"]), ("c", vec!["d"]), ("d", vec![])]);

        assert_eq!(graph.longest_chain(), ["a", "b", "c", "d"]);
        assert_eq!(graph.map(), "d\nc -> d\nb -> c\na -> b, d\n");
        assert!(Graph::default().longest_chain().is_empty());
    }
}
