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

/// The length of the item that `words` begin with: up to its semicolon or its closing brace.
fn item(words: &[String]) -> usize {
    let mut depth = 0_usize;
    for (place, word) in words.iter().enumerate() {
        match word.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && word == "}" {
                    return place + 1;
                }
            }
            ";" if depth == 0 => return place + 1,
            _ => {}
        }
    }
    words.len()
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
    }
}
