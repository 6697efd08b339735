//! The key of the handshake.

use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::app::{TestApp, body_of};
use crate::realtime::socket::Socket;

#[testkit::on_both_databases]
async fn the_anonymous_key_is_required_when_one_is_set() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__ANON_KEY", "the-key")]).await;
    let status = |opened: Result<Socket, Error>| match opened {
        Ok(_) => 101,
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(status(Socket::open(&app, "apikey=the-key").await), 101);
    assert_eq!(status(Socket::open(&app, "apikey=another").await), 401);
    assert_eq!(status(Socket::open(&app, "vsn=1.0.0").await), 401);
    assert_eq!(status(Socket::open(&app, "apikey=the-key&vsn=3.0.0").await), 400);
    let token = app.counsellor().await.token;
    assert_eq!(status(Socket::open(&app, &format!("apikey={token}")).await), 101);
    let plain = app.get("/realtime/v1/websocket?apikey=the-key").send().await.unwrap();
    assert_eq!(plain.status(), 400);
    let page = app.get("/realtime/v1/websocket?apikey=the-key");
    let page = page.header("origin", "https://elsewhere.example").send().await.unwrap();
    assert_eq!(page.status(), 403);
    let body = body_of(page).await;
    assert_eq!((&body["code"], &body["error"]), (&json!("origin_not_allowed"), &body["detail"]));
}
