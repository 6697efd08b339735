//! The description of the API, read by tools that have no other source about the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Setup, is_wanted, peer};

#[testkit::on_both_databases]
async fn every_answer_is_as_described() {
    if !is_wanted() {
        return;
    }
    let setup = Setup::new().await;
    for email in ["demo.counselor@example.com", "demo.admin@example.com"] {
        let token = setup.log_in(email).await;
        // It writes down what it found, which would change the next run.
        let folder = TempDir::new().unwrap();
        run(Command::new(installed("python/bin/schemathesis"))
            .arg("--config-file")
            .arg(shared("schemathesis.toml"))
            .args(["run", &setup.description()])
            .args(["--no-color", "--header", &format!("Authorization: Bearer {token}")])
            .current_dir(&folder));
        // Without a session everything would have been refused, as described.
        let me = reqwest::Client::new().get(format!("{}/api/auth/me", setup.url()));
        assert_eq!(me.bearer_auth(token).send().await.unwrap().status(), 200, "{email}");
    }
}

#[testkit::on_both_databases]
async fn a_generated_client_for_typescript_compiles_and_works() {
    if !is_wanted() {
        return;
    }
    let setup = Setup::new().await;
    // Where its imports are found.
    let folder = TempDir::new_in(installed("openapi")).unwrap();
    let node = |program: &str| {
        let mut command = Command::new("node");
        command.arg(installed("openapi/node_modules").join(program)).current_dir(&folder);
        command
    };
    std::fs::copy(shared("client.ts"), folder.path().join("client.ts")).unwrap();
    run(node("openapi-typescript/bin/cli.js").args([&setup.description(), "--output", "api.d.ts"]));
    run(node("typescript/bin/tsc")
        .args(["--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"])
        .arg("client.ts"));
    run(Command::new("node").args(["client.js", &setup.url()]).current_dir(&folder));
}

#[testkit::on_both_databases]
async fn a_generated_client_for_python_works() {
    if !is_wanted() {
        return;
    }
    let setup = Setup::new().await;
    let folder = TempDir::new().unwrap();
    run(Command::new(installed("python/bin/openapi-python-client"))
        .args(["generate", "--url", &setup.description(), "--meta", "none"])
        .args(["--output-path", "cardroom", "--config"])
        .arg(shared("openapi-python-client.yaml"))
        .current_dir(&folder));
    run(Command::new(installed("python/bin/python"))
        .arg(shared("client.py"))
        .arg(setup.url())
        .env("PYTHONPATH", folder.path()));
}

#[test]
fn a_linter_finds_no_errors() {
    if !is_wanted() {
        return;
    }
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    run(Command::new("node")
        .arg(installed("openapi/node_modules/@redocly/cli/bin/cli.js"))
        .arg("lint")
        .arg(written.canonicalize().unwrap())
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .current_dir(installed("openapi")));
}

/// A file of the installed packages.
fn installed(path: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(peer::FOLDER).unwrap()).join(path)
}

/// A file of the scripts that drive the packages.
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
