//! The origins whose pages may open sockets.

use reqwest::StatusCode;

use crate::app::TestApp;

/// The status of a handshake that a page of `origin` sends.
async fn open(app: &TestApp, origin: &str, headers: &[(&str, &str)]) -> StatusCode {
    let handshake = app
        .get("/realtime/v1/websocket?vsn=1.0.0")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("origin", origin);
    let handshake = headers.iter().fold(handshake, |it, (name, value)| it.header(*name, *value));
    handshake.send().await.unwrap().status()
}

#[tokio::test]
async fn a_page_of_the_server_itself_may_open_sockets() {
    let database = testkit::sqlite_database().await.unwrap();
    let app = TestApp::spawn_on(database, &[]).await;

    assert_eq!(open(&app, &app.address, &[]).await, 101);
    assert_eq!(open(&app, &app.address.replace("http", "https"), &[]).await, 403);
    let forwarded = [("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example")];
    assert_eq!(open(&app, "https://evil.example", &forwarded).await, 403);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_forwarded_origin_is_that_of_the_server() {
    let database = testkit::sqlite_database().await.unwrap();
    let app = TestApp::spawn_on(database, &[("CARDROOM__SERVER__TRUSTED_HOPS", "1")]).await;

    let forwarded = [("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example.org")];
    assert_eq!(open(&app, "https://app.example.org", &forwarded).await, 101);
    assert_eq!(open(&app, "https://elsewhere.example", &forwarded).await, 403);
}
