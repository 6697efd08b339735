//! The real server on a free port, with a database of its own.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use cardroom::lifecycle::Lifecycle;
use cardroom::serve;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use settings::Environment;
use tempfile::TempDir;
use testkit::TestDatabase;

use crate::client::Counsellor;

/// A server and what it needs; dropping it stops the server and removes the database.
pub(crate) struct TestApp {
    /// `http://127.0.0.1:…`
    pub(crate) address: String,
    /// The database, for tests that read or write it directly.
    pub(crate) database: Arc<TestDatabase>,
    /// The folder that mails are written to.
    pub(crate) outbox: TempDir,
    /// The folder that uploaded files lie in, unless a test names another.
    pub(crate) files: TempDir,
    /// Starts the shutdown of the server.
    pub(crate) lifecycle: Lifecycle,
    client: Client,
    server: ServerHandle,
}

impl TestApp {
    /// A server with the `test` profile.
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// A server with some settings of its own, named as in the environment.
    pub(crate) async fn spawn_with(changes: &[(&str, &str)]) -> Self {
        Self::spawn_on(testkit::database().await, changes).await
    }

    /// A server on this database, for tests that compare two of them.
    pub(crate) async fn spawn_on(
        database: impl Into<Arc<TestDatabase>>,
        changes: &[(&str, &str)],
    ) -> Self {
        let database = database.into();
        let outbox = TempDir::new().unwrap();
        let url = database.url.expose().into_owned();
        let folder = outbox.path().to_str().unwrap();
        let files = TempDir::new().unwrap();
        let store = files.path().to_str().unwrap();
        let mut variables = vec![
            ("CARDROOM_PROFILE", "test"),
            ("DATABASE_URL", url.as_str()),
            ("CARDROOM__MAIL__OUTBOX_DIR", folder),
            ("CARDROOM__FILES__STORE", store),
            ("CARDROOM__SERVER__WORKERS", "2"),
        ];
        variables.extend(changes);
        let settings = settings::load(&Environment::new(variables)).unwrap().settings;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let running = serve::start(listener, settings).await.unwrap();
        let (server, lifecycle) = (running.handle(), running.lifecycle());
        tokio::spawn(running.finish());
        Self { address, database, outbox, files, lifecycle, client: Client::new(), server }
    }

    /// A request to be sent, such as `app.request("GET", "/health")`.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.address))
    }

    /// A GET.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    /// A POST of a JSON body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request("POST", path).json(body)
    }

    /// The token of an account with the demo password.
    pub(crate) async fn token(&self, email: &str) -> String {
        self.token_of(email, "demo123").await
    }

    /// The token of an account with this password.
    pub(crate) async fn token_of(&self, email: &str, password: &str) -> String {
        let body = json!({ "email": email, "password": password });
        let answer: Value =
            body_of(self.post("/api/auth/login", &body).send().await.unwrap()).await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// The demo counsellor, logged in.
    pub(crate) async fn counsellor(&self) -> Counsellor<'_> {
        Counsellor::new(self, self.token("demo.counselor@example.com").await)
    }

    /// The other demo counsellor, logged in.
    pub(crate) async fn other_counsellor(&self) -> Counsellor<'_> {
        Counsellor::new(self, self.token("demo.counselor2@example.com").await)
    }

    /// The demo administrator, logged in.
    pub(crate) async fn admin(&self) -> Counsellor<'_> {
        Counsellor::new(self, self.token("demo.admin@example.com").await)
    }

    /// The demo client, logged in, who may not open rooms.
    pub(crate) async fn client_account(&self) -> Counsellor<'_> {
        Counsellor::new(self, self.token("demo.client@example.com").await)
    }

    /// Joins a room without an account.
    pub(crate) async fn join(&self, code: &str, session: &str) -> Response {
        let body = json!({ "name": "Mei", "session_id": session });
        self.post(&format!("/api/visitors/join-room/{code}"), &body).send().await.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The stop is requested; waiting for it is not needed.
        drop(self.server.stop(false));
    }
}

/// The JSON body of an answer.
pub(crate) async fn body_of(answer: Response) -> Value {
    answer.json().await.expect("a JSON body")
}

/// The status and the JSON body of the answer to a request.
pub(crate) async fn ask(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), body_of(answer).await)
}
