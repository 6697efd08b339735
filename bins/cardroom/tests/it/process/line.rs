//! Conditional saves of one document through two processes.

use std::env;

use futures::future::join_all;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use testkit::Kind;

use super::Process;
use crate::app::ask;
use crate::saves::line::{Saved, check};

/// The variables with the number of writers and of the saves of each, and their defaults.
const WRITERS: (&str, usize) = ("CARDROOM_LINE_WRITERS", 12);
const SAVES: (&str, usize) = ("CARDROOM_LINE_SAVES", 6);

fn number((name, default): (&str, usize)) -> usize {
    env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

fn tag_of(state: &Value) -> String {
    let id = state["id"].as_str().unwrap().replace('-', "");
    format!(r#""{}-{id}""#, state["version"])
}

/// A writer of a document at one of the servers.
struct Writer {
    client: Client,
    url: String,
    token: String,
}

impl Writer {
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.client.request(method.parse().unwrap(), url).bearer_auth(&self.token)
    }

    /// Saves onto the last version that it knows, and retries while other writers are faster. Also returns
    /// the number of tries.
    async fn save(&self, marker: String, tag: &mut String) -> (Saved, usize) {
        for tries in 1.. {
            let body = json!({ "state": { "marker": marker } });
            let save = self.request("PUT", "").header("if-match", &*tag).json(&body);
            let (status, answer) = ask(save).await;
            let base = tag.trim_matches('"').split('-').next().unwrap().parse().unwrap();
            let version = answer["version"].as_i64().expect("a version");
            *tag = match status {
                200 => tag_of(&answer),
                _ => answer["etag"].as_str().expect("an ETag").to_owned(),
            };
            if status == 200 {
                return (Saved { version, marker, base: Some(base) }, tries);
            }
            assert_eq!(status, 412, "{answer}");
        }
        unreachable!()
    }

    async fn kept(&self, versions: i64) -> Vec<Saved> {
        let mut kept = Vec::new();
        for version in 1..=versions {
            let (status, state) = ask(self.request("GET", &format!("/history/{version}"))).await;
            assert_eq!(status, 200, "{state}");
            let marker = state["state"]["marker"].as_str().unwrap().to_owned();
            kept.push(Saved { version, marker, base: None });
        }
        kept
    }
}

#[testkit::on_both_databases]
async fn conditional_saves_through_two_processes_form_a_line() {
    let database = testkit::database().await;
    let url = database.url.expose().into_owned();
    let count = if database.kind == Kind::Postgres { 2 } else { 1 };
    let keep = [("CARDROOM__HISTORY__VERSIONS", "100000")];
    let mut processes: Vec<_> = (0..count).map(|_| Process::start_with(&url, &keep)).collect();
    let addresses: Vec<_> = processes.iter_mut().map(Process::address).collect();

    let client = Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = client.post(format!("{}/api/auth/login", addresses[0])).json(&login);
    let token = ask(login).await.1["access_token"].as_str().unwrap().to_owned();
    let room = client.post(format!("{}/api/rooms", addresses[0])).bearer_auth(&token);
    let (_, room) = ask(room.json(&json!({ "name": "A room" }))).await;
    let path = format!("/api/rooms/{}/gameplay-states/game", room["id"].as_str().unwrap());
    let writers: Vec<_> = (0..number(WRITERS))
        .map(|n| Writer {
            client: client.clone(),
            url: format!("{}{path}", addresses[n % count]),
            token: token.clone(),
        })
        .collect();

    let first = json!({ "state": { "marker": "first" } });
    let (_, first) = ask(writers[0].request("PUT", "").json(&first)).await;
    let tag = tag_of(&first);
    let saved = writers.iter().enumerate().map(async |(n, writer)| {
        let (mut tag, mut saved, mut tries) = (tag.clone(), Vec::new(), 0);
        for save in 0..number(SAVES) {
            let (one, more) = writer.save(format!("{n}-{save}"), &mut tag).await;
            saved.push(one);
            tries += more;
        }
        (saved, tries)
    });
    let (saved, tries): (Vec<_>, Vec<usize>) = join_all(saved).await.into_iter().unzip();
    let mut saved: Vec<Saved> = saved.into_iter().flatten().collect();
    saved.push(Saved { version: 1, marker: "first".into(), base: Some(0) });

    let versions = i64::try_from(number(WRITERS) * number(SAVES) + 1).unwrap();
    for writer in &writers[..count] {
        assert_eq!(check(&saved, &writer.kept(versions).await), Ok(()));
    }
    let tries: usize = tries.iter().sum();
    println!("{versions} versions in {tries} tries through {count} processes: no gap, none lost");
}
