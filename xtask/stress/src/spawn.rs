//! A server of our own for the time of a run.

use std::path::Path;

use anyhow::{Context as _, Result};
use probe::server::Server as Process;

use crate::arguments::RunArguments;
use crate::record::Server;
use crate::session;
use crate::target::Target;

/// So that people can have accounts, in whatever profile, and lines of log do not take the cores
/// that the load is for. Settings that are asked for come later and win.
const SETTINGS: [(&str, &str); 3] = [
    ("CARDROOM__AUTH__REGISTRATION", "true"),
    ("CARDROOM__RATES__REGISTRATION", "100000/hour burst 10000"),
    ("CARDROOM__LOG__FILTER", "warn"),
];

/// Signs the tokens of profiles that have no published secret.
const SECRET: (&str, &str) = ("JWT_SECRET", "a-secret-that-lives-as-long-as-one-run-of-stress");

/// A server that runs, if it is ours, and where it is.
pub(crate) struct Spawned {
    pub(crate) process: Option<Process>,
    pub(crate) target: Target,
    pub(crate) server: Server,
}

/// Starts a server, or takes the one that is there.
pub(crate) fn target(arguments: &RunArguments) -> Result<Spawned> {
    if arguments.target == "spawn" {
        let program = arguments.server.as_deref().context("no --server to spawn")?;
        return spawn(arguments, program);
    }
    let target = Target::parse(&arguments.target, arguments.allow_remote.as_deref())?;
    let server = Server {
        target: arguments.target.clone(),
        database: "unknown database".to_owned(),
        profile: "unknown".to_owned(),
        build: String::new(),
        started_ms: None,
        settings: Vec::new(),
    };
    Ok(Spawned { process: None, target, server })
}

/// Starts `program`.
pub(crate) fn spawn(arguments: &RunArguments, program: &Path) -> Result<Spawned> {
    let url = arguments.database_url.as_deref().context("no DATABASE_URL for the server")?;
    let mut settings = SETTINGS.to_vec();
    let wanted = arguments.scenarios.iter().flat_map(|it| session::settings_of(it));
    settings.extend(wanted.copied());
    settings.push(("CARDROOM_PROFILE", &arguments.profile));
    if arguments.profile != "development" {
        settings.push(SECRET);
    }
    settings.extend(arguments.settings.iter().map(|(key, value)| (&**key, &**value)));
    let told = settings.iter().filter(|(key, _)| key.starts_with("CARDROOM__"));
    let told = told.map(|(key, value)| format!("{key}={value}")).collect();
    let mut process = Process::start_with(program, url, &settings)?;
    let started = process.wait()?;
    let server = Server {
        target: "spawned".to_owned(),
        database: arguments.db.clone(),
        profile: arguments.profile.clone(),
        build: String::new(),
        started_ms: Some(started.as_secs_f64() * 1e3),
        settings: told,
    };
    Ok(Spawned { target: Target::local(process.address()), process: Some(process), server })
}
