//! The server of a run: a spawned one, or one that is already running.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::arguments::RunArguments;
use crate::client::Client;
use crate::http::Request;
use crate::record::Server;
use crate::server::Server as Process;
use crate::session;
use crate::target::Target;

/// The profile of a server, where neither the command line nor the scenario names one.
const DEVELOPMENT: &str = "development";

/// Accounts can be made in every profile, and log lines do not take the cores from the load. Settings of the
/// command line override these.
const SETTINGS: [(&str, &str); 4] = [
    ("CARDROOM__AUTH__REGISTRATION", "true"),
    ("CARDROOM__RATES__REGISTRATION", "100000/hour burst 10000"),
    ("CARDROOM__LOG__FILTER", "warn"),
    // All load comes from one address.
    ("CARDROOM__SERVER__CONNECTIONS_PER_ADDRESS", "0"),
];

/// Signs the tokens in profiles without a published secret.
const SECRET: (&str, &str) = ("JWT_SECRET", "a-secret-that-lives-as-long-as-one-run-of-stress");

/// The web app of profiles that demand one; nothing is mailed to it.
const PUBLIC_URL: (&str, &str) = ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org");

/// A server, with its process if it was spawned.
pub(crate) struct Spawned {
    pub(crate) process: Option<Process>,
    pub(crate) target: Target,
    pub(crate) server: Server,
}

/// Spawns a server, or checks the one that is running.
pub(crate) async fn target(arguments: &RunArguments) -> Result<Spawned> {
    if arguments.target == "spawn" {
        let program = arguments.server.as_deref().context("no CARDROOM_SERVER to spawn")?;
        return spawn(arguments, program);
    }
    let target = Target::parse(&arguments.target, arguments.allow_remote.as_deref())?;
    let health = Client::new(target.clone()).send(&Request::new("GET", "/health")).await;
    health.with_context(|| format!("no server at {}", arguments.target))?;
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

/// Spawns `program`.
pub(crate) fn spawn(arguments: &RunArguments, program: &Path) -> Result<Spawned> {
    let url = arguments.database_url.as_deref().context("no DATABASE_URL for the server")?;
    let mut settings = SETTINGS.to_vec();
    let special = || arguments.scenarios.iter().filter_map(|it| session::find_special(it));
    settings.extend(special().flat_map(|it| it.settings));
    let given = arguments.profile.as_deref();
    let profile = given.or(special().find_map(|it| it.profile)).unwrap_or(DEVELOPMENT);
    settings.push(("CARDROOM_PROFILE", profile));
    if profile != DEVELOPMENT {
        settings.extend([SECRET, PUBLIC_URL]);
    }
    settings.extend(arguments.settings.iter().map(|(key, value)| (&**key, &**value)));
    let given = settings.iter().filter(|(key, _)| key.starts_with("CARDROOM__"));
    let given = given.map(|(key, value)| format!("{key}={value}")).collect();
    let mut process = Process::start(program, url, &settings)?;
    let started = process.wait()?;
    let server = Server {
        target: "spawned".to_owned(),
        database: arguments.db.clone(),
        profile: profile.to_owned(),
        build: String::new(),
        started_ms: Some(started.as_secs_f64() * 1e3),
        settings: given,
    };
    Ok(Spawned { target: Target::local(process.address()), process: Some(process), server })
}
