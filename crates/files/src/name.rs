//! The name of a file.

use std::fmt::{self, Display, Formatter};

use crate::error::FileError;

/// Characters of a name at most, as in most file systems.
const CHARACTERS_MAX: usize = 255;

/// The name of a file, for people: it is shown and offered for saving, and never a path of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Takes a name from outside. Folders before it are left out.
    ///
    /// # Errors
    /// When it is empty, too long, or has control characters.
    pub fn parse(declared: &str) -> Result<Self, FileError> {
        let name = declared.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        if name.is_empty() {
            return Err(FileError::NameRequired);
        }
        let is_fit = name.chars().count() <= CHARACTERS_MAX && !name.chars().any(is_hidden);
        if is_fit { Ok(Self(name.to_owned())) } else { Err(FileError::BadName) }
    }

    /// The letters after its last dot, in lower case; `None` without a dot, or with nothing before it.
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.0.rsplit_once('.')?;
        (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
    }

    /// Whether it has more than one dot, as in `picture.png.html`.
    pub fn has_several_extensions(&self) -> bool {
        self.0.matches('.').count() > 1
    }
}

/// Whether a character would not be shown, or turn the order of others around (as in `gpj.exe`).
fn is_hidden(character: char) -> bool {
    let is_bidirectional = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || is_bidirectional
}

impl Display for FileName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folders_and_no_hidden_characters() {
        #[track_caller]
        fn check(declared: &str, name: Option<&str>) {
            assert_eq!(
                FileName::parse(declared).ok().map(|it| it.0).as_deref(),
                name,
                "{declared}"
            );
        }
        check("職位.png", Some("職位.png"));
        check("../../etc/passwd", Some("passwd"));
        check("C:\\Users\\Ada\\x.png", Some("x.png"));
        check(" x.png ", Some("x.png"));
        check("", None);
        check("a/", None);
        check("a\0.png", None);
        check("a\r\nset-cookie: x.png", None);
        check("gnp.\u{202e}exe", None);
        check(&"x".repeat(255), Some(&"x".repeat(255)));
        check(&"x".repeat(256), None);
    }

    #[test]
    fn an_extension_follows_the_last_dot() {
        #[track_caller]
        fn check(name: &str, extension: Option<&str>, has_several: bool) {
            let name = FileName::parse(name).unwrap();
            let of_name = (name.extension(), name.has_several_extensions());
            assert_eq!(of_name, (extension.map(str::to_owned), has_several), "{name}");
        }
        check("x.PNG", Some("png"), false);
        check("x.png.html", Some("html"), true);
        check("x", None, false);
        check(".png", None, false);
        check("x.", Some(""), false);
    }
}
