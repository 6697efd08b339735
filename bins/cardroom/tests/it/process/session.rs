//! The scheduling priority of the server's session.

use std::fs;
use std::process::Command;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Client;
use serde_json::json;
use tokio::join;
use tokio::time::{sleep, timeout};

use super::{Process, cardroom, program};

/// Why a test is left out.
const NOT_SHARED: &str = "the kernel does not share the processor among sessions";

/// How long the session of a server may take to change.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Logs in to an unknown account, which costs a hash all the same.
async fn log_in(address: &str, number: usize) -> u16 {
    let body = json!({ "email": format!("nobody{number}@example.com"), "password": "secret" });
    let request = Client::new().post(format!("{address}/api/auth/login")).json(&body);
    request.send().await.unwrap().status().as_u16()
}

/// The nice value of the session of a process, where the kernel groups processes by session.
fn niceness(process: u32) -> Option<String> {
    let group = fs::read_to_string(format!("/proc/{process}/autogroup")).ok()?;
    group.trim().rsplit_once("nice ").map(|(_, niceness)| niceness.to_owned())
}

/// Waits until the session of a process has this nice value.
async fn wait_for(server: &Process, nice: &str) {
    let found = async {
        while niceness(server.child.id()).as_deref() != Some(nice) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(WAIT_MAX, found).await.expect(nice);
}

#[testkit::on_both_databases]
async fn a_server_that_is_alone_in_its_session_lowers_its_priority_while_it_hashes() {
    let database = testkit::database().await;
    let url = database.url.expose();
    let mut alone = Command::new("setsid");
    alone.arg(program()).env_clear();
    let changes = [("CARDROOM__AUTH__BCRYPT_COST", "10")];
    let mut alone = Process::start_by(alone, &url, &changes);
    let address = alone.address();
    if niceness(alone.child.id()).is_none() {
        return testkit::left_out(NOT_SHARED);
    }
    wait_for(&alone, "0").await;
    let many = (0..8).map(|n| log_in(&address, n));
    let ((), answers) = join!(wait_for(&alone, "2"), join_all(many));
    assert!(answers.iter().all(|status| *status == 401), "{answers:?}");
    wait_for(&alone, "0").await;
}

#[testkit::on_both_databases]
async fn a_server_among_others_in_its_session_stays_as_it_is() {
    let Some(ours) = niceness(std::process::id()) else {
        return testkit::left_out(NOT_SHARED);
    };
    let database = testkit::database().await;
    let mut server = Process::start_by(cardroom(&[]), &database.url.expose(), &[]);
    let address = server.address();
    assert_eq!(log_in(&address, 0).await, 401);
    assert_eq!(niceness(server.child.id()), Some(ours));
}
