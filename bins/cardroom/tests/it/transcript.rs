//! Requests and answers, as text to compare with a snapshot.

use std::fmt::Write;

use insta::{Settings, assert_snapshot};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// Headers that belong to the contract of an answer; the others are the same on all of them.
const HEADERS: [&str; 6] =
    ["accept-patch", "allow", "etag", "location", "retry-after", "www-authenticate"];

/// Headers of a request that change what it does.
const ASKED: [&str; 3] = ["if-match", "if-none-match", "idempotency-key"];

/// Values that differ from run to run, and their placeholders in a snapshot.
const FILTERS: [(&str, &str); 10] = [
    (r#""request_id": "[^"]*""#, r#""request_id": "[request]""#),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
    (r"(\d+)-[0-9a-f]{12}4[0-9a-f]{19}", "${1}-[state]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?", "[time]"),
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "[token]"),
    (r#"(refresh_token": ?")[\w-]{75}""#, r#"${1}[refresh token]""#),
    (r#""share_code": "[A-Z2-9]{6}""#, r#""share_code": "[code]""#),
    (r"by-code/[A-Z2-9]{6}|join-room/[A-Z2-9]{6}", "[by code]"),
    (r#"(token": ?")[\w-]{43}""#, r#"${1}[reset token]""#),
    // A fraction as `pretty` leaves it.
    (r#"\{\s*"\$serde_json::private::Number": "([^"]*)"\s*\}"#, "$1"),
];

/// Requests and their answers, in the order they happened.
#[derive(Default)]
pub(crate) struct Transcript(String);

impl Transcript {
    /// Sends the request and records it with its answer. Returns the body of the answer.
    pub(crate) async fn say(&mut self, what: &str, request: RequestBuilder) -> Value {
        let request = request.build().unwrap();
        let path = request.url().path().to_owned();
        let query = request.url().query().map(|it| format!("?{it}")).unwrap_or_default();
        writeln!(self.0, "# {what}\n{} {path}{query}", request.method()).unwrap();
        for name in ASKED {
            if let Some(value) = request.headers().get(name) {
                writeln!(self.0, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        if let Some(body) = request.body().and_then(|it| it.as_bytes()) {
            writeln!(self.0, "{}", String::from_utf8_lossy(body)).unwrap();
        }
        writeln!(self.0).unwrap();
        let answer = reqwest::Client::new().execute(request).await.unwrap();
        self.note(answer).await
    }

    async fn note(&mut self, answer: Response) -> Value {
        writeln!(self.0, "{}", answer.status()).unwrap();
        for name in HEADERS {
            if let Some(value) = answer.headers().get(name) {
                writeln!(self.0, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        writeln!(self.0, "{}\n", pretty(&text)).unwrap();
        body
    }

    /// Compares everything with the snapshot of this name; the same on both databases.
    pub(crate) fn check(self, name: &str) {
        let mut settings = Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for (pattern, stand_in) in FILTERS {
            settings.add_filter(pattern, stand_in);
        }
        settings.bind(|| assert_snapshot!(name, self.0.trim_end()));
    }
}

/// JSON with one field a line, in the original order.
fn pretty(text: &str) -> String {
    let mut written = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut writer = serde_json::Serializer::pretty(&mut written);
    match serde_transcode::transcode(&mut reader, &mut writer) {
        Ok(()) => String::from_utf8(written).unwrap(),
        Err(_) => text.to_owned(),
    }
}
