//! Which tokens are accepted.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::COUNSELLOR;
use crate::app::TestApp;

/// The secret of the test profile.
pub(super) const SECRET: &[u8] = b"test-secret-known-to-everybody-and-no-more";

pub(super) const ID: &str = "00000000-0000-0000-0001-000000000001";

/// 2100-01-01.
pub(super) const FAR: i64 = 4_102_444_800;

/// Accepts tokens of the old system, too.
pub(super) const LEGACY: [(&str, &str); 1] = [("CARDROOM__AUTH__LEGACY_TOKENS", "true")];

/// A token of these claims with our own signature.
pub(super) fn signed(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.get("/api/auth/me").bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[testkit::on_both_databases]
async fn tokens_of_the_old_system_are_accepted_where_the_settings_allow_them() {
    let app = TestApp::spawn_with(&LEGACY).await;

    let full = json!({ "sub": ID, "email": COUNSELLOR, "roles": ["counselor"], "exp": FAR });
    assert_eq!(status(&app, &signed(&full)).await, 200);
    assert_eq!(status(&app, &signed(&json!({ "sub": ID, "exp": FAR }))).await, 200);
    let lower =
        app.get("/api/auth/me").header("authorization", format!("bearer {}", signed(&full)));
    assert_eq!(lower.send().await.unwrap().status(), 200);

    let strict = TestApp::spawn().await;
    assert_eq!(status(&strict, &signed(&full)).await, 401);
}

#[testkit::on_both_databases]
async fn forged_and_expired_tokens_of_the_old_system_are_refused() {
    let app = TestApp::spawn_with(&LEGACY).await;
    let good = json!({ "sub": ID, "exp": FAR });
    let with = |algorithm, secret: &[u8]| {
        encode(&Header::new(algorithm), &good, &EncodingKey::from_secret(secret)).unwrap()
    };
    let token = signed(&good);
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts[..] else { panic!("{token}") };
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let past = chrono::Utc::now().timestamp() - 60;

    for (what, forged) in [
        ("no algorithm, no signature", format!("{none}.{claims}.")),
        ("no algorithm, a signature", format!("{none}.{claims}.{signature}")),
        ("no algorithm, two parts", format!("{none}.{claims}")),
        ("HS384", with(Algorithm::HS384, SECRET)),
        ("HS512", with(Algorithm::HS512, SECRET)),
        ("another secret", with(Algorithm::HS256, b"another secret")),
        ("an empty secret", with(Algorithm::HS256, b"")),
        ("no signature", format!("{head}.{claims}.")),
        ("no exp", signed(&json!({ "sub": ID }))),
        ("an exp of null", signed(&json!({ "sub": ID, "exp": null }))),
        ("expired", signed(&json!({ "sub": ID, "exp": past }))),
        ("an exp before 1970", signed(&json!({ "sub": ID, "exp": -1 }))),
        ("an exp in text", signed(&json!({ "sub": ID, "exp": FAR.to_string() }))),
        ("no sub", signed(&json!({ "exp": FAR }))),
        ("a number as sub", signed(&json!({ "sub": 1, "exp": FAR }))),
        ("not yet", signed(&json!({ "sub": ID, "exp": FAR, "nbf": FAR - 1 }))),
        ("a list of claims", signed(&json!([ID, FAR]))),
        ("a dot more", format!("{token}.")),
        ("a dot before", format!(".{token}")),
        ("dots alone", "..".to_owned()),
        ("many dots", ".".repeat(4000)),
        ("padding", format!("{token}=")),
        ("64 KB", signed(&json!({ "sub": ID, "exp": FAR, "more": "x".repeat(48_000) }))),
        ("64 KB of one letter", "e".repeat(65_536)),
    ] {
        assert_eq!(status(&app, &forged).await, 401, "{what}");
    }
    assert_eq!(status(&app, &token).await, 200);
}
