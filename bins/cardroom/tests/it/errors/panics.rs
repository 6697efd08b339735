//! A handler that panics, in the application as it is served.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, HttpServer, web};
use admission::{RateLimits, TrustedHops};
use auth::Auth;
use cardroom::Opened;
use cardroom::app::{Shared, build};
use cardroom::lifecycle::Lifecycle;
use cardroom::live::Live;
use cardroom::writers::Writers;
use database::Db;
use files::Files;
use reqwest::Client;
use serde_json::Value;
use settings::{Environment, Settings};
use tokio::runtime::Handle;

async fn panics() -> HttpResponse {
    panic!("on purpose")
}

async fn panics_later() -> HttpResponse {
    tokio::task::yield_now().await;
    panics().await
}

fn shared(settings: Settings) -> Shared {
    let runtime = Handle::current();
    let db = Db::open(&settings.database, &runtime).unwrap();
    let (writers, _) = Writers::start(&settings, &db, Arc::new(gameplay::NoListener), &runtime);
    let files = Files::open(db.clone(), &settings, Vec::new(), &runtime).unwrap();
    let auth = Auth::start(db, &settings, &runtime).unwrap();
    let rates = Data::new(RateLimits::new(&settings.rates, TrustedHops(0)).unwrap());
    let live = Live::new(&settings, &auth, &runtime);
    let opened = Opened { auth, files };
    Shared::new(settings, opened, writers, rates, Data::default(), live, Lifecycle::default())
}

#[testkit::on_both_databases]
async fn a_panic_is_a_500_in_shape_and_the_server_lives() {
    let database = testkit::database().await;
    let outbox = tempfile::TempDir::new().unwrap();
    let url = database.url.expose().into_owned();
    let environment = Environment::new([
        ("CARDROOM_PROFILE", "test"),
        ("DATABASE_URL", &url),
        ("CARDROOM__MAIL__OUTBOX_DIR", outbox.path().to_str().unwrap()),
        ("CARDROOM__FILES__STORE", ""),
    ]);
    let shared = shared(settings::load(&environment).unwrap().settings);
    let server = HttpServer::new(move || {
        build(shared.clone(), shared.worker())
            .route("/panic", web::get().to(panics))
            .route("/panic-later", web::get().to(panics_later))
    });
    let server = server.workers(1).bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(running);

    let client = Client::new();
    for path in ["/panic", "/panic-later", "/panic", "/panic-later"] {
        let request = client.get(format!("http://{address}{path}"));
        let request = request.header("origin", "http://localhost:3000");
        let answer = request.header("x-request-id", "on-purpose").send().await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost:3000");
        assert_eq!(answer.headers()["x-request-id"], "on-purpose");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["content-type"], "application/json");
        let body: Value = answer.json().await.unwrap();
        let expected = serde_json::json!({
            "detail": "Internal Server Error",
            "code": "internal_error",
            "request_id": "on-purpose",
        });
        assert_eq!(body, expected);
        let health = client.get(format!("http://{address}/health")).send().await.unwrap();
        assert_eq!(health.status(), 200);
    }
    drop(handle.stop(false));
}
