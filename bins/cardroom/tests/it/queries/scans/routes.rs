//! Which of the documented routes were requested.

use std::collections::BTreeSet;

use reqwest::RequestBuilder;
use serde_json::Value;

/// The description of the API, which another test compares with the code.
const DESCRIPTION: &str = include_str!("../../../../../../docs/openapi.json");

/// Routes such as `GET /api/rooms/{room_id}`, and those of them that were requested.
pub(super) struct Routes {
    described: BTreeSet<String>,
    asked: BTreeSet<String>,
}

impl Routes {
    /// All documented routes, none of them requested yet.
    pub(super) fn described() -> Self {
        let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let paths = description["paths"].as_object().unwrap().iter();
        let described = paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        Self { described: described.collect(), asked: BTreeSet::new() }
    }

    /// Sends a request, which has to succeed. Returns the body of the answer, null where it is no JSON.
    pub(super) async fn ask(&mut self, request: RequestBuilder) -> Value {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let asked = format!("{} {}", request.method(), request.url().path());
        let fitting = self.described.iter().filter(|route| fits(route, &asked));
        // Of several matching routes the most specific one is meant.
        let route = fitting.min_by_key(|route| route.matches('{').count());
        self.asked.insert(route.unwrap_or_else(|| panic!("{asked} is not described")).clone());
        let answer = client.execute(request).await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{asked}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// The routes that were not requested.
    pub(super) fn left(&self) -> Vec<&str> {
        self.described.difference(&self.asked).map(String::as_str).collect()
    }
}

fn fits(route: &str, asked: &str) -> bool {
    let (parts, found) = (route.split('/'), asked.split('/'));
    parts.clone().count() == found.clone().count()
        && parts.zip(found).all(|(part, it)| part == it || part.starts_with('{'))
}
