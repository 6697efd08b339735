//! All servers under the same loads, in turn, round after round.
//!
//! A shared machine is faster in one minute than in the next. All servers therefore run at the same time,
//! each is measured in every round, and only figures of the same round are compared.

use std::time::Duration;

use anyhow::Result;

use crate::claim::{self, claim, print_fact};
use crate::clients::Clients;
use crate::load::{self, Figures, Pace};
use crate::protocol;
use crate::servers::{Kind, Programs, Running};

/// Most that a delivery may cost, of what it costs `ws`.
const COST_MAX: f64 = 0.6;

/// The number and length of the measurements of each load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    pub(crate) time: Duration,
}

/// A running server and its members.
struct Subject {
    kind: Kind,
    running: Running,
    clients: Clients,
}

/// The figures of a server, round by round.
type Record = Vec<Figures>;

/// Compares the servers with `rooms` rooms of `members` members; returns whether Cardroom kept its limits.
pub(crate) async fn compare(
    kinds: &[Kind],
    programs: &Programs,
    (rooms, members): (usize, usize),
    rounds: Rounds,
) -> Result<bool> {
    let mut subjects = Vec::new();
    for &kind in kinds {
        let running = kind.start(programs, rooms).await?;
        let clients =
            Clients::gather(kind.protocol(), running.address, &running.rooms, members).await?;
        subjects.push(Subject { kind, running, clients });
    }
    println!(
        "\n{rooms} rooms of {members}, {} bytes, medians of {} rounds",
        protocol::PAYLOAD_BYTES,
        rounds.count
    );
    println!(
        "  server     load        deliveries/s  us each  of it kernel   p50 ms   p99 ms  cores  tool"
    );
    let full = measure(&subjects, "saturation", Pace::Saturation, rounds).await?;
    // Half of the capacity of the first, for all of them.
    let pace = Pace::Deliveries(median(&full[0], |it| it.rate) / 2.0);
    let half = measure(&subjects, "half load", pace, rounds).await?;
    Ok(judge("saturation", &full) & judge("half load", &half))
}

async fn measure(
    subjects: &[Subject],
    load: &str,
    pace: Pace,
    rounds: Rounds,
) -> Result<Vec<Record>> {
    let mut records = vec![Record::new(); subjects.len()];
    for _ in 0..rounds.count {
        for (subject, record) in subjects.iter().zip(&mut records) {
            let process = &subject.running.process;
            record.push(load::run(&subject.clients, process, pace, rounds.time).await?);
        }
    }
    for (subject, record) in subjects.iter().zip(&records) {
        show(subject.kind, load, record);
    }
    Ok(records)
}

fn show(kind: Kind, load: &str, record: &Record) {
    println!(
        "  {:<10} {load:<10} {:>13.0} {:>8.2} {:>13.2} {:>8.2} {:>8.2} {:>6.2} {:>5.2}",
        kind.name(),
        median(record, |it| it.rate),
        median(record, |it| it.micros),
        median(record, |it| it.kernel_micros),
        median(record, |it| it.p50),
        median(record, |it| it.p99),
        median(record, |it| it.cores[0]),
        median(record, |it| it.cores[1]),
    );
}

/// Compares Cardroom, the last, with the others.
fn judge(load: &str, all: &[Record]) -> bool {
    let [ws, socket_io, floor, ours] = all else { return true };
    let name = format!("{load}: processor time of a delivery, of that of ws");
    let mut holds = claim(&name, &ratios(ours, ws, |it| it.micros), COST_MAX);
    let name = format!("{load}: the same, if every frame is only sent by itself");
    print_fact(&name, &ratios(floor, ws, |it| it.micros));
    for (name, other) in [("ws", ws), ("socket.io", socket_io)] {
        if load == "saturation" {
            let name = format!("{load}: deliveries/s of {name}, of ours");
            holds &= claim(&name, &ratios(other, ours, |it| it.rate), 1.0);
        }
        let name = format!("{load}: p99, of that of {name}");
        holds &= claim(&name, &ratios(ours, other, |it| it.p99), 1.0);
    }
    holds
}

/// One by the other, round by round.
fn ratios(one: &Record, other: &Record, figure: impl Fn(&Figures) -> f64) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| figure(one) / figure(other)).collect()
}

fn median(record: &Record, figure: impl Fn(&Figures) -> f64) -> f64 {
    claim::median(&record.iter().map(figure).collect::<Vec<_>>())
}
