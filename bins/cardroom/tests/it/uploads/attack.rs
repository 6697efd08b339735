//! Files and forms that are made to do harm.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use image::ImageFormat;
use reqwest::multipart::{Form, Part};
use tokio::task::spawn_blocking;

use super::{form, link, noise, objects_in, pdf, upload, uploaded};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::{Counsellor, Room};
use crate::raw;

const SCRIPT: &[u8] = b"<script>alert(document.domain)</script>";

/// A chunk of a PNG.
fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [&kind[..], data].concat();
    let mut crc = u32::MAX;
    for byte in &checked {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &checked, &(!crc).to_be_bytes()].concat()
}

/// A PNG that says that it has these sides, in RGBA.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    // The beginning of an empty stream of zlib.
    let pixels = [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1];
    let chunks = [chunk(*b"IHDR", &header), chunk(*b"IDAT", &pixels), chunk(*b"IEND", b"")];
    [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat()
}

#[testkit::on_both_databases]
async fn a_file_that_is_several_things_is_refused_or_becomes_one() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let send =
        async |bytes: Vec<u8>| ask(upload(&owner, &room, form("x.png", "image/png", bytes))).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for other in [
        [b"GIF89a/*", SCRIPT].concat(),
        [b"<!doctype html>", SCRIPT].concat(),
        svg.to_vec(),
        [b"\n\x89PNG\r\n\x1a\n", SCRIPT].concat(),
        b"PK\x03\x04".to_vec(),
        b"\x7fELF".to_vec(),
    ] {
        let (status, answer) = send(other).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("file_type_not_allowed")));
    }
    let picture = noise(16, 16, ImageFormat::Png);
    let (head, tail) = picture.split_at(33);
    let texts = [
        // Behind the end, in a comment, and in a chunk of its own.
        [&picture[..], SCRIPT].concat(),
        [head, &chunk(*b"tEXt", &[b"Comment\0", SCRIPT].concat()), tail].concat(),
        [head, &chunk(*b"huMp", SCRIPT), tail].concat(),
        [&noise(16, 16, ImageFormat::Jpeg)[..], SCRIPT].concat(),
    ];
    for text in texts {
        let (status, answer) = send(text).await;
        assert_eq!(status, 200, "{answer}");
        let shown = app.get(&link(&answer)).send().await.unwrap().bytes().await.unwrap();
        assert!(!shown.windows(7).any(|it| it == b"<script"), "a script is served");
    }
}

#[testkit::on_both_databases]
async fn a_picture_that_would_fill_the_memory_is_refused_by_its_header() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    for (width, height) in [(50_000, 50_000), (16_384, 16_384), (u32::MAX, 1), (0, 0)] {
        let bomb = png_of(width, height);
        assert!(bomb.len() < 100);
        let (status, answer) = ask(upload(&owner, &room, form("x.png", "image/png", bomb))).await;
        let code = if width == 0 || width == u32::MAX { None } else { Some("picture_too_large") };
        assert_eq!(status, 400, "{answer}");
        assert!(code.is_none() || answer["code"].as_str() == code, "{width}: {answer}");
    }
    // The first hundred bytes of a picture.
    let cut = noise(64, 64, ImageFormat::Png)[..100].to_vec();
    let (status, answer) = ask(upload(&owner, &room, form("x.png", "image/png", cut))).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("bad_picture")));
    assert_eq!(objects_in(app.files.path()).len(), 0);
}

#[testkit::on_both_databases]
async fn a_name_is_never_a_path() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let named = async |name: &str| {
        ask(upload(&owner, &room, form(name, "application/pdf", pdf(100)))).await
    };
    for name in ["../../x.pdf", "..\\x.pdf", "x.pdf/..", "x.pdf.exe"] {
        assert_eq!(named(name).await.0, 400, "{name}");
    }
    for name in ["/etc/x.pdf", "a/b/x.pdf", "C:\\x.pdf"] {
        let (status, answer) = named(name).await;
        assert_eq!((status, answer["name"].as_str()), (200, Some("x.pdf")), "{answer}");
    }
    let keys: Vec<String> = objects_in(app.files.path()).into_iter().collect();
    assert_eq!(keys, Behind::of(&app).object_keys().await);
    for key in keys {
        let (folder, name) = key.split_once('/').unwrap();
        assert!(name.len() == 32 && name.starts_with(folder), "{key}");
        assert!(name.bytes().all(|it| it.is_ascii_hexdigit()), "{key}");
    }
}

#[testkit::on_both_databases]
async fn forms_are_bounded() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let file = || Part::bytes(pdf(100)).file_name("x.pdf").mime_str("application/pdf").unwrap();
    let many = (0..1000).fold(Form::new(), |form, n| form.text(format!("field-{n}"), "x"));
    let (status, answer) = ask(upload(&owner, &room, many.part("file", file()))).await;
    assert_eq!((status, answer["code"].as_str()), (413, Some("form_too_large")));

    let two = Form::new().part("file", file()).part("file", file());
    assert_eq!(ask(upload(&owner, &room, two)).await.0, 413);
    let long = Form::new().text("other", "x".repeat(300_000)).part("file", file());
    assert_eq!(ask(upload(&owner, &room, long)).await.0, 413);
    let path = format!("/api/rooms/{}/upload", room.id);
    let head = form_head(&owner, &path);
    for header in ["x".repeat(1_000_000), "x: y\r\n".repeat(10_000)] {
        let body = format!("--b\r\n{header}\r\n\r\n\r\n--b--\r\n");
        let length = body.len();
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        let answer = raw::send(&app, request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    // No boundary at all, another one than was announced, and a part without an end.
    for body in [
        "",
        "--c\r\n\r\n--c--\r\n",
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\ncontent-type: application/pdf\r\n\r\n%PDF-",
    ] {
        let length = body.len();
        let answer = raw::send(&app, format!("{head}content-length: {length}\r\n\r\n{body}")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body}: {answer}");
    }
    assert_eq!(objects_in(app.files.path()).len(), 0);
    uploaded(&owner, &room, 1000).await;
}

/// The head of an upload whose boundary is `b`, up to the length of its body.
fn form_head(owner: &Counsellor<'_>, path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: cardroom\r\nconnection: close\r\n\
         authorization: Bearer {}\r\ncontent-type: multipart/form-data; boundary=b\r\n",
        owner.token
    )
}

#[testkit::on_both_databases]
async fn an_upload_that_is_too_slow_or_cut_off_leaves_nothing() {
    let app = TestApp::spawn_with(&[("CARDROOM__FILES__UPLOAD_TIMEOUT_MS", "1000")]).await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let slow = begun(&app, &owner, &room, 400_000, false).await;
    assert!(slow.starts_with("HTTP/1.1 408 "), "{slow}");
    let cut = begun(&app, &owner, &room, 400_000, true).await;
    assert!(cut.is_empty() || cut.starts_with("HTTP/1.1 400 "), "{cut}");

    assert_eq!(objects_in(app.files.path()).len(), 0);
    assert_eq!(Behind::of(&app).object_keys().await.len(), 0);
    uploaded(&owner, &room, 1000).await;
}

/// The answer to an upload of which half is sent, and then either nothing more or the end of the connection.
async fn begun(
    app: &TestApp,
    owner: &Counsellor<'_>,
    room: &Room,
    bytes: usize,
    ends: bool,
) -> String {
    let head = form_head(owner, &format!("/api/rooms/{}/upload", room.id));
    let part = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\n\
                content-type: application/pdf\r\n\r\n";
    let begin = format!("{head}content-length: {bytes}\r\n\r\n{part}%PDF-");
    let address = app.address.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        stream.write_all(&vec![b' '; bytes / 2]).unwrap();
        if ends {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    spawn_blocking(exchange).await.unwrap()
}

#[testkit::on_both_databases]
async fn of_a_file_that_is_far_too_large_little_is_read() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let head = form_head(&owner, &format!("/api/rooms/{}/upload", room.id));
    let part = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\n\
                content-type: application/pdf\r\n\r\n";
    let begin = format!("{head}content-length: 1000000000\r\n\r\n{part}");
    let address = app.address.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        let piece = vec![b' '; 1 << 20];
        let mut sent = 0;
        while sent < 1000 && stream.write_all(&piece).is_ok() {
            sent += 1;
        }
        sent
    };
    let sent = spawn_blocking(exchange).await.unwrap();
    // The file, and the buffers of the sockets on both sides.
    assert!(sent < 32, "{sent} MiB were taken");
    assert_eq!(objects_in(app.files.path()).len(), 0);
}
