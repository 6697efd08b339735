//! Who may upload, and what is said to the others.

use reqwest::multipart::Form;
use serde_json::json;

use super::{form, noise, objects_in, upload};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Room;

#[testkit::on_both_databases]
async fn the_owner_alone_uploads_into_a_room() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let picture = noise(8, 8, image::ImageFormat::Png);
    let file = || form("x.png", "image/png", picture.clone());

    let (status, answer) = ask(upload(&owner, &room, file())).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["name"], &answer["type"], &answer["uploadedBy"]["role"]),
        (&json!("x.png"), &json!("image/png"), &json!("counselor"))
    );
    assert_eq!(answer["uploadedBy"]["userName"], "Dr. Sarah Chen");
    assert!(answer["uploadedAt"].as_i64().unwrap() > 1_700_000_000_000, "{answer}");

    let not_yours = "You do not have permission to upload files to this room";
    for other in [app.other_counsellor().await, app.admin().await] {
        let (status, answer) = ask(upload(&other, &room, file())).await;
        assert_eq!((status, answer["detail"].as_str()), (403, Some(not_yours)));
    }
    let nowhere = |id: &str| Room { id: id.into(), code: String::new() };
    let unknown = nowhere("00000000-0000-4000-8000-000000000000");
    let (status, answer) = ask(upload(&owner, &unknown, file())).await;
    assert_eq!((status, answer["detail"].as_str()), (404, Some("Room not found")));
    assert_eq!(ask(upload(&owner, &nowhere("7"), file())).await.0, 422);
    let path = format!("/api/rooms/{}/upload", room.id);
    assert_eq!(ask(app.request("POST", &path).multipart(file())).await.0, 401);
    assert_eq!(ask(owner.get(&path)).await.0, 405);

    Behind::of(&app).deactivate("demo.counselor@example.com").await;
    let (status, answer) = ask(upload(&owner, &room, file())).await;
    assert_eq!((status, answer["detail"].as_str()), (403, Some("User is inactive")));
    assert_eq!(objects_in(app.files.path()).len(), 1);
}

#[testkit::on_both_databases]
async fn what_is_no_file_of_ours_is_refused_in_the_order_of_the_earlier_backend() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let types = "File MIME type not allowed. Allowed types: application/pdf, image/jpeg, image/png";
    let extensions = "File type not allowed. Allowed types: .pdf, .jpg, .jpeg, .png";
    let several = "Files with multiple extensions are not allowed";
    let content = "File content is neither a PNG or JPEG image nor a PDF document";
    let large = vec![b' '; 5_242_881];
    for (name, content_type, bytes, detail) in [
        ("", "image/png", &large[..], "Filename is required"),
        ("x.png.html", "text/html", &large, several),
        ("x.html", "text/html", &large, extensions),
        ("x.png", "text/html", &large, types),
        ("x.png", "image/png", &large, "File too large. Maximum size: 5.0MB"),
        ("x.png", "image/png", b"", "File is empty"),
        ("x.png", "image/png", b"GIF89a", content),
        ("x.png", "image/png", b"\x89PNG\r\n\x1a\n", "The image could not be read"),
    ] {
        let (status, answer) = ask(upload(&owner, &room, form(name, content_type, bytes))).await;
        assert_eq!((status, answer["detail"].as_str()), (400, Some(detail)), "{name}");
    }
    let missing = upload(&owner, &room, Form::new().text("other", "x"));
    let (status, answer) = ask(missing).await;
    assert_eq!((status, &answer["detail"][0]["loc"]), (422, &json!(["body", "file"])));
    let (status, answer) =
        ask(owner.post(&format!("/api/rooms/{}/upload", room.id), &json!({}))).await;
    assert_eq!((status, &answer["detail"][0]["type"]), (422, &json!("missing")));
    assert_eq!(objects_in(app.files.path()).len(), 0);
}

#[testkit::on_both_databases]
async fn without_a_store_uploads_are_refused() {
    let app = TestApp::spawn_with(&[("CARDROOM__FILES__STORE", "")]).await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let answer = upload(&owner, &room, form("x.pdf", "application/pdf", super::pdf(100)));
    let answer = answer.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers().contains_key("retry-after")),
        (503, true)
    );
}
