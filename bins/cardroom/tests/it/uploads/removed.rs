//! Files go with their room or their account, after a grace period.

use std::path::Path;
use std::time::Duration;

use database::schema::files;
use diesel::prelude::*;
use serde_json::json;

use super::{link, objects_in, uploaded};
use crate::app::{TestApp, ask};
use crate::behind::Behind;

impl Behind {
    /// The keys of the objects that the database knows.
    pub(super) async fn object_keys(&self) -> Vec<String> {
        self.0
            .read_all(files::table.select(files::object_key).order(files::object_key))
            .await
            .unwrap()
    }

    /// The number of files that are neither stored nor deleted.
    pub(super) async fn pending(&self) -> i64 {
        let pending = files::table.filter(files::stored_at.is_null());
        let pending = pending.filter(files::deleted_at.is_null()).count();
        self.0.read_one(pending).await.unwrap().unwrap()
    }

    /// Makes this column of all files 25 hours older.
    pub(super) async fn age_files(&self, column: &str) {
        let postgres = format!("UPDATE files SET {column} = {column} - interval '25 h'");
        let sqlite = format!("UPDATE files SET {column} = {column} - 90000000000");
        self.carry_out(&postgres, &sqlite).await;
    }

    /// Waits until no file is left.
    async fn until_no_file_is_left(&self, folder: &Path) {
        for _ in 0..500 {
            if self.object_keys().await.is_empty() {
                assert_eq!(objects_in(folder).len(), 0, "an object goes before its row");
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", self.object_keys().await);
    }

    /// Waits until all files are marked as deleted.
    async fn until_all_are_deleted(&self) {
        for _ in 0..500 {
            let left = files::table.filter(files::deleted_at.is_null()).count();
            if self.0.read_one(left).await.unwrap() == Some(0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("files without a room are not deleted");
    }
}

#[testkit::on_both_databases]
async fn the_files_of_a_deleted_room_go_after_the_grace_period() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let (room, kept) = (owner.room().await, owner.room().await);
    let [gone, stays] = [uploaded(&owner, &room, 1000).await, uploaded(&owner, &kept, 1000).await];
    let delete = owner.request("DELETE", &format!("/api/rooms/{}", room.id));
    assert_eq!(ask(delete).await.0, 200);
    let status = async |app: &TestApp, link: &str| app.get(link).send().await.unwrap().status();
    assert_eq!(status(&app, &link(&gone)).await, 200, "the room can still be restored");

    let behind = Behind::of(&app);
    let remove = "DELETE FROM rooms WHERE NOT is_active";
    behind.carry_out(remove, remove).await;
    assert_eq!(status(&app, &link(&gone)).await, 404, "it ends with the room");
    assert_eq!(objects_in(app.files.path()).len(), 2, "its bytes are still there");

    let store = app.files.path().to_str().unwrap();
    let same_store = [("CARDROOM__FILES__STORE", store)];
    let next = TestApp::spawn_on(app.database.clone(), &same_store).await;
    for _ in 0..500 {
        let deleted = files::table.filter(files::deleted_at.is_not_null()).count();
        if behind.0.read_one(deleted).await.unwrap() == Some(1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(objects_in(app.files.path()).len(), 2, "the grace period is not over");
    behind.age_files("deleted_at").await;
    let last = TestApp::spawn_on(app.database.clone(), &same_store).await;
    for _ in 0..500 {
        if behind.object_keys().await.len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let left: Vec<String> = objects_in(app.files.path()).into_iter().collect();
    assert_eq!(left, behind.object_keys().await);
    assert_eq!(status(&last, &link(&stays)).await, 200);
    drop(next);
}

#[testkit::on_both_databases]
async fn the_files_of_a_deleted_account_go_as_well() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    uploaded(&owner, &owner.room().await, 1000).await;
    let behind = Behind::of(&app);
    // A room holds on to its owner.
    let remove = "DELETE FROM rooms; DELETE FROM users WHERE email = 'demo.counselor@example.com'";
    behind.carry_out(remove, remove).await;

    let store = app.files.path().to_str().unwrap();
    let same_store = [("CARDROOM__FILES__STORE", store)];
    let next = TestApp::spawn_on(app.database.clone(), &same_store).await;
    behind.until_all_are_deleted().await;
    behind.age_files("deleted_at").await;
    let last = TestApp::spawn_on(app.database.clone(), &same_store).await;
    behind.until_no_file_is_left(app.files.path()).await;
    drop((next, last));
}

#[testkit::on_both_databases]
async fn a_store_that_fails_takes_nothing_and_is_tried_again() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    // A file where the store keeps folders: no object can be written.
    std::fs::remove_dir_all(app.files.path()).unwrap();
    std::fs::write(app.files.path(), b"").unwrap();

    for _ in 0..3 {
        let file = super::form("x.pdf", "application/pdf", super::pdf(1000));
        let answer = super::upload(&owner, &room, file).send().await.unwrap();
        assert!(answer.headers().contains_key("retry-after"));
        let status = answer.status().as_u16();
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!((status, &answer["code"]), (503, &json!("file_store_unavailable")));
    }
    let behind = Behind::of(&app);
    assert_eq!(behind.pending().await, 0);
    std::fs::remove_file(app.files.path()).unwrap();
    std::fs::create_dir(app.files.path()).unwrap();
    uploaded(&owner, &room, 1000).await;
}
