//! Addresses of clients, and the mail that verifies them.

use std::time::Duration;

use serde_json::json;

use super::{create, path_of};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::transcript::Transcript;

/// The token of the only mail to a client in the outbox.
pub(crate) async fn mailed_token(app: &TestApp) -> String {
    let mut mails = mails(app).await;
    mails.retain(|it| it.contains("verify-email"));
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = mails[0].replace("=\r\n", "").replace("=3D", "=");
    let (_, rest) =
        mail.split_once("/api/clients/verify-email?token=").unwrap_or_else(|| panic!("{mail}"));
    rest.chars().take_while(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_')).collect()
}

/// The mails, once there is one; none when none comes soon.
async fn mails(app: &TestApp) -> Vec<String> {
    for _ in 0..100 {
        let files: Vec<_> = std::fs::read_dir(app.outbox.path()).unwrap().collect();
        let texts: Vec<_> = files
            .into_iter()
            .map(|it| std::fs::read_to_string(it.unwrap().path()).unwrap())
            .collect();
        if texts.iter().any(|it| it.contains("nothing to do")) {
            return texts;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Vec::new()
}

#[testkit::on_both_databases]
async fn an_address_is_bound_once_and_verified_by_its_mail() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let other = create(&counsellor, "Lin").await;
    let bind = |client: &serde_json::Value, email: &str| {
        let body = json!({ "client_id": client["id"], "email": email });
        counsellor.post(&format!("{}/bind-email", path_of(client)), &body)
    };
    let mut transcript = Transcript::default();

    transcript.say("bind", bind(&client, "Mei@example.com")).await;
    transcript.say("again", bind(&client, "mei2@example.com")).await;
    transcript.say("taken", bind(&other, "MEI@example.com")).await;
    let mismatch = json!({ "client_id": other["id"], "email": "lin@example.com" });
    let path = format!("{}/bind-email", path_of(&client));
    transcript.say("another client", counsellor.post(&path, &mismatch)).await;
    transcript.say("no address", bind(&other, "lin")).await;
    let unknown = "/api/clients/verify-email?token=unknown";
    transcript.say("an unknown token", app.get(unknown)).await;
    transcript.say("no token", app.get("/api/clients/verify-email")).await;
    let token = mailed_token(&app).await;
    let path = format!("/api/clients/verify-email?token={token}");
    assert_eq!(
        ask(app.get(&path)).await,
        (200, json!({ "message": "Email verified successfully" }))
    );
    assert_eq!(ask(app.get(&path)).await.0, 400, "a token is good for one request");
    transcript.say("then", counsellor.get(&path_of(&client))).await;
    transcript.check("clients_verify");
}

#[testkit::on_both_databases]
async fn a_token_expires_and_is_void_when_the_address_changes() {
    let app = TestApp::spawn_with(&[("CARDROOM__CLIENTS__VERIFICATION_MINUTES", "60")]).await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let body = json!({ "client_id": client["id"], "email": "mei@example.com" });
    let bind = counsellor.post(&format!("{}/bind-email", path_of(&client)), &body);
    assert_eq!(ask(bind).await.0, 200);
    let token = mailed_token(&app).await;
    let verify = format!("/api/clients/verify-email?token={token}");
    let behind = Behind::of(&app);

    let later = "UPDATE clients SET verification_expires_at = verification_expires_at";
    let (postgres, sqlite) =
        (format!("{later} - interval '61 min'"), format!("{later} - 61 * 60 * 1000000"));
    behind.carry_out(&postgres, &sqlite).await;
    assert_eq!(ask(app.get(&verify)).await.0, 400);
    let (postgres, sqlite) =
        (format!("{later} + interval '61 min'"), format!("{later} + 61 * 60 * 1000000"));
    behind.carry_out(&postgres, &sqlite).await;
    let change = counsellor.put(&path_of(&client), &json!({ "email": "new@example.com" }));
    assert_eq!(ask(change).await.0, 200);
    assert_eq!(ask(app.get(&verify)).await.0, 400);
}

#[testkit::on_both_databases]
async fn no_mail_is_sent_when_none_is_wanted() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let body = json!({ "client_id": client["id"], "email": "mei@example.com",
        "send_verification": false });
    let bind = counsellor.post(&format!("{}/bind-email", path_of(&client)), &body);
    assert_eq!(ask(bind).await.1["email"], "mei@example.com");
    assert!(mails(&app).await.is_empty());
}
