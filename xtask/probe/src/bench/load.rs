//! A closed loop: every connection sends its next request when it has the answer to the last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::figures::Figures;
use crate::http::Connection;

/// Makes the n-th request of a connection.
pub(super) type Requests = Arc<dyn Fn(usize, u64) -> Vec<u8> + Send + Sync>;

/// What a load has measured.
pub(super) struct Measured {
    pub(super) times: Figures,
    pub(super) refused: usize,
    elapsed: Duration,
}

impl Measured {
    /// Requests a second that were answered with success.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 requests")]
    pub(super) fn rate(&self) -> f64 {
        (self.times.count() - self.refused) as f64 / self.elapsed.as_secs_f64()
    }
}

/// Runs the load on a thread of its own.
pub(super) async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    requests: Requests,
) -> Result<Measured> {
    let (sender, measured) = oneshot::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let outcome = runtime.map_err(Into::into).and_then(|runtime| {
            runtime.block_on(closed_loop(address, connections, time, &requests))
        });
        // Nobody waits any more when the task was interrupted.
        let _ = sender.send(outcome);
    });
    measured.await.context("the load generator panicked")?
}

async fn closed_loop(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    requests: &Requests,
) -> Result<Measured> {
    let start = Instant::now();
    let loops = (0..connections).map(|number| one(address, number, start + time, requests));
    let all = try_join_all(loops).await?;
    let elapsed = start.elapsed();
    let refused = all.iter().map(|(_, refused)| refused).sum();
    let times = all.into_iter().flat_map(|(times, _)| times).collect();
    Ok(Measured { times: Figures::of(times), refused, elapsed })
}

async fn one(
    address: SocketAddr,
    number: usize,
    end: Instant,
    requests: &Requests,
) -> Result<(Vec<Duration>, usize)> {
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    let mut refused = 0;
    for n in 0.. {
        let request = requests(number, n);
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        let status = connection.ask(&request).await?;
        times.push(sent.elapsed());
        refused += usize::from(!(200..300).contains(&status));
    }
    Ok((times, refused))
}
