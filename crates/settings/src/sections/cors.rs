//! Web pages that may call the API.

use crate::keys::Keys;

/// Web pages that may call the API.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Origins as browsers send them, `scheme://host[:port]`; `*` is any.
    pub origins: Vec<String>,
}

impl Cors {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let accepted = "http(s)://host[:port] in small letters, without a path, or *";
        Self { origins: keys.list("cors.origins", accepted, is_origin) }
    }
}

/// Whether a browser could send this as `Origin`; it compares letter by letter.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain =
        |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && !"/?#@*".contains(c);
    text == "*" || host.is_some_and(|host| !host.is_empty() && host.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for text in ["*", "http://localhost:3000", "https://app.example.org", "http://[::1]:3000"] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "app.example.org",
            "ftp://example.org",
            "https://",
            "https://app.example.org/",
            "https://App.example.org",
            "https://*.example.org",
            "https://a b",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
