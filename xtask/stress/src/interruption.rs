//! Somebody ends a run early.

use anyhow::Result;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

/// A run was ended before anything was measured.
#[derive(Clone, Copy, Debug, Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Ctrl-c or SIGTERM, which from now on end nothing by themselves.
///
/// # Errors
/// When signals cannot be listened to.
pub(crate) fn watched() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
