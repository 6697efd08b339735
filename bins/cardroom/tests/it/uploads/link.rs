//! Links to files.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{link, uploaded};
use crate::app::{TestApp, ask};
use crate::behind::Behind;

/// The secret of the profile `test`.
const SECRET: &str = "test-secret-known-to-everybody-and-no-more";

/// A link to a file that ends then, signed as the server signs.
fn signed(file: &str, expires: i64) -> String {
    let key = Sha256::new().chain_update("cardroom file link").chain_update(SECRET).finalize();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let id: Uuid = file.parse().unwrap();
    let mac = mac.chain_update(id.as_bytes()).chain_update(expires.to_be_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("/files/{file}?expires={expires}&signature={signature}")
}

#[testkit::on_both_databases]
async fn a_link_leads_to_its_own_file_until_its_end() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let [one, other] = [1000, 2000].map(|bytes| uploaded(&owner, &room, bytes));
    let [one, other] = [link(&one.await), link(&other.await)];
    let id = |link: &str| link["/files/".len()..link.find('?').unwrap()].to_owned();
    let query = |link: &str| link[link.find('?').unwrap()..].to_owned();
    let expires: i64 = one.split(['=', '&']).nth(1).unwrap().parse().unwrap();
    let ask_for = async |path: &str| app.get(path).send().await.unwrap().status().as_u16();
    assert_eq!(one, signed(&id(&one), expires), "it is signed as this test signs");

    assert_eq!(ask_for(&one).await, 200);
    let (status, answer) = ask(app.get(&signed(&id(&one), 1_700_000_000))).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("link_expired")));
    for forged in [
        // Of another file, with another end, with another signature, without one.
        format!("/files/{}{}", id(&other), query(&one)),
        one.replace(&format!("expires={expires}"), &format!("expires={}", expires + 86_400)),
        format!("{one}A"),
        one.split("&signature=").next().unwrap().to_owned() + "&signature=",
        format!("/files/{}?expires={expires}&signature={}", id(&one), "A".repeat(43)),
    ] {
        let (status, answer) = ask(app.get(&forged)).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("bad_link")), "{forged}");
    }
    for bad in [
        format!("/files/{}", id(&one)),
        format!("/files/7{}", query(&one)),
        one.replace("expires=", "expires=-"),
        format!("{one}{}", "A".repeat(200)),
    ] {
        assert_eq!(ask_for(&bad).await, 422, "{bad}");
    }
    let unknown = signed("00000000-0000-4000-8000-000000000000", expires);
    assert_eq!(ask_for(&unknown).await, 404);
    // An id in braces is the same id.
    assert_eq!(ask_for(&one.replace(&id(&one), &id(&one).to_uppercase())).await, 200);
}

#[testkit::on_both_databases]
async fn a_bad_link_costs_the_database_nothing() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let good = link(&uploaded(&owner, &room, 1000).await);
    let hide = "ALTER TABLE files RENAME TO hidden_files";
    Behind::of(&app).carry_out(hide, hide).await;

    assert_eq!(ask(app.get(&format!("{good}A"))).await.0, 403);
    assert_eq!(ask(app.get(&good)).await.0, 500, "without a table a good link is our fault");
}

#[testkit::on_both_databases]
async fn links_begin_with_the_public_url_or_with_the_host_of_the_request() {
    let public = [("CARDROOM__FILES__PUBLIC_URL", "https://api.example.org/")];
    let app = TestApp::spawn_with(&public).await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let answer = uploaded(&owner, &room, 1000).await;
    let url = answer["url"].as_str().unwrap();
    assert!(url.starts_with("https://api.example.org/files/"), "{url}");
    assert_eq!(app.get(&link(&answer)).send().await.unwrap().status(), 200);
}
