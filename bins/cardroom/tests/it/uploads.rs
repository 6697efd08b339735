//! Files that counsellors upload into their rooms.

mod access;
mod attack;
mod content;
mod crowd;
mod killed;
mod link;
mod quota;
mod removed;

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::app::ask;
use crate::client::{Counsellor, Room};

/// A form with a file.
fn form(name: &str, content_type: &str, bytes: impl Into<Vec<u8>>) -> Form {
    let part = Part::bytes(bytes.into()).file_name(name.to_owned());
    Form::new().part("file", part.mime_str(content_type).unwrap())
}

/// The upload of a form into a room.
fn upload(counsellor: &Counsellor<'_>, room: &Room, form: Form) -> RequestBuilder {
    counsellor.request("POST", &format!("/api/rooms/{}/upload", room.id)).multipart(form)
}

/// Uploads a PDF, which has to succeed.
async fn uploaded(counsellor: &Counsellor<'_>, room: &Room, bytes: usize) -> Value {
    let (status, answer) =
        ask(upload(counsellor, room, form("x.pdf", "application/pdf", pdf(bytes)))).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The path and the query of the link of an upload.
fn link(answer: &Value) -> String {
    let url = answer["url"].as_str().unwrap();
    url[url.find("/files/").unwrap()..].to_owned()
}

/// A PDF of this size, as far as its signature goes.
fn pdf(bytes: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.resize(bytes, b' ');
    pdf
}

/// A picture without any two neighbours alike, which no format compresses.
fn noise(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut state = 1_u32;
    let picture = RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        image::Rgb([a, b, c])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The objects in a folder, by their keys, and whatever else lies there.
fn objects_in(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(folder).unwrap();
                found.insert(key.to_str().unwrap().to_owned());
            }
        }
    }
    found
}
