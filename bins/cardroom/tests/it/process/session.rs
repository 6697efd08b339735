//! Whose share of the processor the server takes.

use std::fs;
use std::process::Command;

use super::{Process, cardroom, program};

/// How far the session of a process steps back, where the kernel shares the processor among sessions.
fn niceness(server: &Process) -> Option<String> {
    let group = fs::read_to_string(format!("/proc/{}/autogroup", server.child.id())).ok()?;
    group.trim().rsplit_once("nice ").map(|(_, niceness)| niceness.to_owned())
}

#[testkit::on_both_databases]
async fn a_server_that_is_alone_in_its_session_gives_way_to_others() {
    let database = testkit::database().await;
    let mut alone = Command::new("setsid");
    alone.arg(program()).env_clear();
    let mut alone = Process::start_by(alone, &database.url.expose(), &[]);
    alone.address();
    let Some(alone) = niceness(&alone) else {
        return println!("LEFT OUT, because the kernel does not share among sessions");
    };
    assert_eq!(alone, "2");

    let mut among_others = Process::start_by(cardroom(&[]), &database.url.expose(), &[]);
    among_others.address();
    assert_eq!(niceness(&among_others).as_deref(), Some("0"));
}
