//! How much the files of an account and of a room take.

use futures::future::join_all;

use super::{form, objects_in, pdf, upload, uploaded};
use crate::app::{TestApp, ask};

/// Three of these files fit into a mebibyte, with what each counts besides its bytes.
const BYTES: usize = 300_000;
const MIB: &str = "1048576";

#[testkit::on_both_databases]
async fn files_at_once_take_no_more_than_the_quota() {
    for (setting, code) in [
        ("CARDROOM__FILES__PER_ROOM_BYTES", "room_files_full"),
        ("CARDROOM__FILES__PER_ACCOUNT_BYTES", "account_files_full"),
    ] {
        let app = TestApp::spawn_with(&[(setting, MIB)]).await;
        let owner = app.counsellor().await;
        let room = owner.room().await;
        let one = || ask(upload(&owner, &room, form("x.pdf", "application/pdf", pdf(BYTES))));
        let answers = join_all((0..12).map(|_| one())).await;

        let stored = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(stored, 3, "{answers:?}");
        for (status, answer) in answers.iter().filter(|(status, _)| *status != 200) {
            assert_eq!((*status, answer["code"].as_str()), (409, Some(code)));
        }
        assert_eq!(objects_in(app.files.path()).len(), 3);
        // Something smaller still fits, and so does something in another room if the room was full.
        uploaded(&owner, &room, 1000).await;
        let elsewhere =
            upload(&owner, &owner.room().await, form("x.pdf", "application/pdf", pdf(BYTES)));
        let expected = if code == "room_files_full" { 200 } else { 409 };
        assert_eq!(ask(elsewhere).await.0, expected);
    }
}
