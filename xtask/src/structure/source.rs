//! A Rust source file as the words that name modules: without comments, literals and tests.

/// The words of a file: identifiers, `::`, and every other character by itself.
pub(super) fn words(text: &str) -> Vec<String> {
    without_tests(&split(&without_literals(text)))
}

/// Replaces comments, strings and characters by blanks.
fn without_literals(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest).unwrap_or(0);
        if length > 0 {
            plain.push(' ');
            rest = &rest[length..];
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    plain
}

/// The length of the comment or literal that `text` begins with.
fn literal(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    if let Some(raw) = text.strip_prefix("r").filter(|it| it.starts_with(['"', '#'])) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = body.find(&format!("\"{}", "#".repeat(hashes)))?;
        return Some(1 + hashes + 1 + end + 1 + hashes);
    }
    if text.starts_with('"') {
        return Some(closing(text, '"'));
    }
    let mut quoted = text.strip_prefix('\'')?.chars();
    // A lifetime has no second quote.
    match (quoted.next()?, quoted.next()?) {
        ('\\', _) => Some(closing(text, '\'')),
        (it, '\'') => Some(2 + it.len_utf8()),
        _ => None,
    }
}

/// The length of a literal up to its closing quote; a backslash takes the next character with it.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, it) in text.char_indices().skip(1) {
        if !escaped && it == quote {
            return place + 1;
        }
        escaped = !escaped && it == '\\';
    }
    text.len()
}

fn split(plain: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for it in plain.chars() {
        let is_part = it.is_alphanumeric() || it == '_';
        match words.last_mut() {
            Some(last) if is_part && is_open => last.push(it),
            Some(last) if it == ':' && last == ":" => last.push(it),
            _ if it.is_whitespace() => {}
            _ => words.push(it.to_string()),
        }
        is_open = is_part;
    }
    words
}

/// Leaves out every item below `#[cfg(test)]`.
fn without_tests(words: &[String]) -> Vec<String> {
    const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut place = 0;
    while place < words.len() {
        if words[place..].iter().take(TEST.len()).eq(&TEST) {
            place += TEST.len();
            place += item(&words[place..]);
        } else {
            kept.push(words[place].clone());
            place += 1;
        }
    }
    kept
}

/// Words that begin an item which ends with a brace or a semicolon.
const BRACED: [&str; 12] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "struct",
    "trait",
    "unsafe",
    "{",
];

/// Words that begin an item or a statement which ends with a semicolon.
const UNBRACED: [&str; 4] = ["let", "static", "type", "use"];

/// The length of the item that `words` begin with, or else of the field, variant or arm: a part of a list,
/// which ends with a comma, a brace or the list.
fn item(words: &[String]) -> usize {
    let first = first_word(words).unwrap_or_default();
    let is_unbraced = UNBRACED.contains(&first);
    let is_part = !is_unbraced && !BRACED.contains(&first);
    let (mut depth, mut angles) = (0_usize, 0_usize);
    for (place, word) in words.iter().enumerate() {
        let before = place.checked_sub(1).map_or("", |it| &words[it]);
        match word.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" if depth == 0 => return place,
            "}" | "]" | ")" => {
                depth -= 1;
                if depth == 0 && word == "}" && !is_unbraced {
                    let comma = is_part && words.get(place + 1).is_some_and(|it| it == ",");
                    return place + 1 + usize::from(comma);
                }
            }
            "<" => angles += 1,
            // Not of `->` and `=>`.
            ">" if !["-", "="].contains(&before) => angles = angles.saturating_sub(1),
            ";" if depth == 0 => return place + 1,
            "," if depth == 0 && angles == 0 && is_part => return place + 1,
            _ => {}
        }
    }
    words.len()
}

/// The first word after attributes and the visibility.
fn first_word(words: &[String]) -> Option<&str> {
    let (mut depth, mut previous) = (0_usize, "");
    for word in words {
        match word.as_str() {
            "[" if previous == "#" || depth > 0 => depth += 1,
            "(" if previous == "pub" || depth > 0 => depth += 1,
            "]" | ")" if depth > 0 => depth -= 1,
            "#" | "pub" => {}
            other if depth == 0 => return Some(other),
            _ => {}
        }
        previous = word;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(words(text).join(" "), expected);
    }

    #[test]
    fn a_file_is_read_as_words() {
        check("use crate::a::{B, c};", "use crate :: a :: { B , c } ;");
        check("fn f<'a>(x: &'a str) {}", "fn f < ' a > ( x : & ' a str ) { }");
    }

    #[test]
    fn comments_and_literals_name_nothing() {
        check("a // crate::b\nc", "a c");
        check("a /* crate::b */ c", "a c");
        check(r#"a "crate::b \" crate::c" d"#, "a d");
        check("a r#\"crate::b \" \"# d", "a d");
        check(r"a '\'' 'x' b", "a b");
    }

    #[test]
    fn tests_are_left_out() {
        check("a; #[cfg(test)] mod tests { use crate::b; fn f() { } } c", "a ; c");
        check("#[cfg(test)] mod tests; c", "c");
        check("#[cfg(test)] #[expect(x)] fn f(a: [u8; 2]) { } c", "c");
        check("#[cfg(test)] pub(crate) fn f<A, B>(a: A) -> B where A: X, B: Y { } c", "c");
        check("#[cfg(test)] use a::{b, c,}; d", "d");
    }

    #[test]
    fn a_part_of_a_list_ends_with_a_comma_or_with_the_list() {
        check("enum A { #[cfg(test)] B(u8, u8), C, } d", "enum A { C , } d");
        check("struct A { #[cfg(test)] pub b: M<u8, u8>, c: C } d", "struct A { c : C } d");
        check("struct A { c: C, #[cfg(test)] b: B } d", "struct A { c : C , } d");
        check("match a { #[cfg(test)] B => { b(); } C => c, } d", "match a { C = > c , } d");
        check("match a { #[cfg(test)] B => b, C => c, } d", "match a { C = > c , } d");
    }
}
