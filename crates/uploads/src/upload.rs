//! The files that may be uploaded into a room.

use files::{FileName, PartHead};

use crate::allowed::{CONTENT_TYPES, EXTENSIONS};
use crate::error::UploadError;

/// Checks what is said of a file before its bytes, in the order that clients of the earlier backend know.
///
/// # Errors
/// When it has no name, more than one dot, or another extension or content type.
pub fn accept(head: &PartHead) -> Result<(), UploadError> {
    if head.name.is_empty() {
        return Err(files::FileError::NameRequired.into());
    }
    if head.name.matches('.').count() > 1 {
        return Err(UploadError::SeveralExtensions);
    }
    let extension = FileName::parse(&head.name)?.extension().unwrap_or_default();
    if !EXTENSIONS.contains(&extension.as_str()) {
        return Err(UploadError::ExtensionNotAllowed);
    }
    if !CONTENT_TYPES.contains(&head.content_type.as_str()) {
        return Err(UploadError::TypeNotAllowed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_accepted_by_its_name_and_its_type_in_this_order() {
        #[track_caller]
        fn check(name: &str, content_type: &str, refusal: Option<&str>) {
            let head = PartHead { name: name.into(), content_type: content_type.into() };
            let refused = accept(&head).err().map(|it| it.to_string());
            assert_eq!(refused.as_deref(), refusal, "{name}");
        }
        let extension = Some("File type not allowed. Allowed types: .pdf, .jpg, .jpeg, .png");
        let content_type = Some(
            "File MIME type not allowed. Allowed types: application/pdf, image/jpeg, image/png",
        );
        let several = Some("Files with multiple extensions are not allowed");
        check("職位.png", "image/png", None);
        check("a b.PDF", "application/pdf", None);
        check("x.jpeg", "image/png", None);
        check("", "text/html", Some("Filename is required"));
        check("x.png.html", "text/html", several);
        check("../../x.png", "image/png", several);
        check("x.svg", "image/svg+xml", extension);
        check("png", "image/png", extension);
        check(".png", "image/png", extension);
        check("x.png", "image/svg+xml", content_type);
        check("x.png", "", content_type);
    }
}
