//! The program `stress`; `cargo xtask stress` builds and calls it.

use std::process::ExitCode;

/// The load tool shares the cores with the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    stress::cli::main().await
}
