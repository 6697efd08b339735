//! The description of the API, in the hands of tools that know nothing else of the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Stage, is_wanted, peer};

#[testkit::on_both_databases]
async fn every_answer_is_as_described() {
    if !is_wanted() {
        return;
    }
    let stage = Stage::set().await;
    for email in ["demo.counselor@example.com", "demo.admin@example.com"] {
        let token = stage.log_in(email).await;
        // It leaves what it found, which would change the next run.
        let folder = TempDir::new().unwrap();
        run(Command::new(installed("python/bin/schemathesis"))
            .arg("--config-file")
            .arg(shared("schemathesis.toml"))
            .args(["run", &stage.description()])
            .args(["--no-color", "--header", &format!("Authorization: Bearer {token}")])
            .current_dir(&folder));
        // Without a session everything would have been refused, as described.
        let me = reqwest::Client::new().get(format!("{}/api/auth/me", stage.url()));
        assert_eq!(me.bearer_auth(token).send().await.unwrap().status(), 200, "{email}");
    }
}

/// A file of what was installed.
fn installed(path: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(peer::FOLDER).unwrap()).join(path)
}

/// A file of those that tell the packages what to do.
fn shared(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/interop");
    folder.join(name).canonicalize().unwrap()
}

/// Runs a command, which has to succeed.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&text));
}
