//! The command line of the service.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use cardroom::{check, document, serve};
use clap::{Parser, Subcommand};
use settings::{Environment, Loaded, Settings};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The backend of an online card-consultation service.
///
/// Without a command it serves. `CARDROOM_PROFILE` chooses the profile (development, test, staging,
/// production, cloud-run, small), `DATABASE_URL` the database, `CARDROOM__SECTION__KEY` any other setting;
/// `cardroom check` shows them all.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Serve until SIGTERM or ctrl-c (the default)
    Serve,
    /// Bring the database up to date and exit
    Migrate,
    /// Check the settings and print each value with where it came from, secrets masked
    Check,
    /// Print the API's description (OpenAPI 3.1)
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command.unwrap_or(Command::Serve)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cardroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    if let Command::Openapi = command {
        println!("{}", serde_json::to_string_pretty(&document()?)?);
        return Ok(());
    }
    let Loaded { settings, effective } = settings::load(&Environment::of_process())?;
    match command {
        Command::Check => check::print(&effective),
        Command::Migrate => migrate(&settings).await?,
        Command::Serve | Command::Openapi => {
            telemetry::start(&settings.log)?;
            let outcome = serve::run(settings).await;
            telemetry::finish();
            outcome?;
        }
    }
    Ok(())
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let url = settings.database.migration_url();
    let wait = Duration::from_secs(settings.database.migration_wait_secs);
    let applied = database::migrations::up(url, wait).await.with_context(|| url.to_string())?;
    for name in &applied {
        println!("applied {name}");
    }
    println!("{url} is up to date");
    Ok(())
}
