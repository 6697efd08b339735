//! The pace of messages: as many as the server can deliver, or a fixed rate.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use stress::statistics::real as number;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::clients::{Clients, drain};
use crate::servers::Process;

/// Time of a load before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);

/// The figures of a server under a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Deliveries a second.
    pub(crate) rate: f64,
    /// Time of the server's processor for each, in microseconds.
    pub(crate) micros: f64,
    /// The part of it in the kernel.
    pub(crate) kernel_micros: f64,
    /// Cores that the server and this program used.
    pub(crate) cores: [f64; 2],
    /// From sending to receiving, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// The pace of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// The next message as soon as one has been received by all.
    Saturation,
    /// A number of deliveries a second, at random moments.
    Deliveries(f64),
}

/// Applies a load, and measures it.
pub(crate) async fn run(
    clients: &Clients,
    server: &Process,
    pace: Pace,
    time: Duration,
) -> Result<Figures> {
    let before = clients.received.deliveries()? / clients.receivers();
    let mut load = Load { clients, sent: before, random: StdRng::seed_from_u64(7) };
    load.go_on(pace, WARM_UP).await?;
    clients.received.take_times();
    let (start, received) = (Instant::now(), clients.received.deliveries()?);
    let (server_before, ours_before) = (server.processor_time()?, Process::own()?);
    load.go_on(pace, time).await?;
    let seconds = start.elapsed().as_secs_f64();
    let deliveries = number(clients.received.deliveries()? - received);
    let server_time = server.processor_time()?.since(server_before);
    let our_time = Process::own()?.since(ours_before);
    let times = clients.received.take_times();
    drain(clients, load.sent).await?;
    let millis = |q| times.quantile(q).map_or(f64::NAN, number) / 1e6;
    Ok(Figures {
        rate: deliveries / seconds,
        micros: server_time.total() / deliveries * 1e6,
        kernel_micros: server_time.system / deliveries * 1e6,
        cores: [server_time.total() / seconds, our_time.total() / seconds],
        p50: millis(0.5),
        p99: millis(0.99),
    })
}

struct Load<'a> {
    clients: &'a Clients,
    sent: u64,
    random: StdRng,
}

impl Load<'_> {
    async fn go_on(&mut self, pace: Pace, time: Duration) -> Result<()> {
        match pace {
            Pace::Saturation => self.saturate(time).await,
            Pace::Deliveries(rate) => {
                self.keep_pace(rate / number(self.clients.receivers()), time).await
            }
        }
    }

    async fn saturate(&mut self, time: Duration) -> Result<()> {
        let start = Instant::now();
        // One message of each member is in flight.
        let window = self.clients.members();
        while start.elapsed() < time {
            let received = self.clients.received.deliveries()? / self.clients.receivers();
            while self.sent < received + window && self.clients.send(self.sent)? {
                self.sent += 1;
            }
            yield_now().await;
        }
        Ok(())
    }

    async fn keep_pace(&mut self, rate: f64, time: Duration) -> Result<()> {
        let start = Instant::now();
        let mut due = 0.0;
        while start.elapsed() < time {
            while due <= start.elapsed().as_secs_f64() && self.clients.send(self.sent)? {
                self.sent += 1;
                // Independent senders: the time between two messages is exponential.
                due += -self.random.random_range(f64::MIN_POSITIVE..1.0).ln() / rate;
            }
            let wait = due - start.elapsed().as_secs_f64();
            // Timers have a resolution of a millisecond; a shorter wait would keep this core busy.
            if wait > 0.0 {
                sleep(Duration::from_secs_f64(wait.max(0.001))).await;
            } else {
                yield_now().await;
            }
        }
        Ok(())
    }
}
