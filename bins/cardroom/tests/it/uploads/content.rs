//! What becomes of the bytes of a file.

use image::{GenericImageView, ImageFormat};

use super::{form, link, noise, pdf, upload};
use crate::app::{TestApp, ask};

/// As it stands in a photo of a camera: to be turned by a quarter, and where it was taken.
const EXIF: &[u8] =
    b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0 25.0330N 121.5654E";

/// A JPEG with [`EXIF`].
fn photo(width: u32, height: u32) -> Vec<u8> {
    let plain = noise(width, height, ImageFormat::Jpeg);
    let length = u16::try_from(EXIF.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], b"\xff\xe1", &length, EXIF, &plain[2..]].concat()
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|it| it == word)
}

#[testkit::on_both_databases]
async fn a_photo_is_turned_and_loses_its_exif() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let photo = photo(40, 20);
    assert!(holds(&photo, b"121.5654E"));

    // It is a JPEG, whatever its name says.
    let (status, answer) = ask(upload(&owner, &room, form("x.png", "image/png", photo))).await;
    assert_eq!((status, answer["type"].as_str()), (200, Some("image/jpeg")), "{answer}");

    let shown = app.get(&link(&answer)).send().await.unwrap();
    let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("content-disposition"), "inline; filename*=UTF-8''x.png");
    let bytes = shown.bytes().await.unwrap();
    assert_eq!(answer["size"], bytes.len());
    assert!(!holds(&bytes, b"Exif") && !holds(&bytes, b"121.5654E"));
    assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), (20, 40));
}

#[testkit::on_both_databases]
async fn a_picture_is_shown_without_a_token_and_cached() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let picture = noise(30, 20, ImageFormat::Png);
    let (_, answer) =
        ask(upload(&owner, &room, form("職位.png", "image/png", picture.clone()))).await;
    assert!(answer["url"].as_str().unwrap().starts_with(&app.address), "{answer}");

    let shown = app.get(&link(&answer)).send().await.unwrap();
    let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "private, max-age=86400, immutable");
    assert_eq!(header("content-disposition"), "inline; filename*=UTF-8''%E8%81%B7%E4%BD%8D.png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let tag = header("etag");
    let bytes = shown.bytes().await.unwrap();
    let same = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8();
    assert!(same(&bytes) == same(&picture), "the pixels are the same");

    let again = app.get(&link(&answer)).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
}

#[testkit::on_both_databases]
async fn a_pdf_is_saved_as_it_is_and_never_runs() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let script = b"%PDF-1.7\n1 0 obj <</OpenAction <</S /JavaScript /JS (app.alert(1))>>>> endobj";
    let document = [&script[..], &pdf(300_000)].concat();
    let (status, answer) =
        ask(upload(&owner, &room, form("a b.pdf", "application/pdf", document.clone()))).await;
    assert_eq!((status, answer["type"].as_str()), (200, Some("application/pdf")), "{answer}");

    let saved = app.get(&link(&answer)).send().await.unwrap();
    let header = |name: &str| saved.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''a%20b.pdf");
    assert_eq!(
        header("content-security-policy"),
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-length"), document.len().to_string());
    assert_eq!(saved.bytes().await.unwrap(), document);
}
