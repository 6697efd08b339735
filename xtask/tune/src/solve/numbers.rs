//! The settings of one process.

use capacity::TARGET_USE;
use capacity::connections::{self, Demands, Wanted};
use capacity::demand::saturating_users;
use capacity::hashing::steady_rate;
use capacity::instances::CONCURRENCY_MAX;
use capacity::slots::{self, Knee};
use capacity::waiting::{burst_p95, lock_hold_max, steady_wait_p95};

use super::{Fault, Given, Number};
use crate::calibration::{Calibration, real, whole};
use crate::target::{Database, Platform, Postgres, Target};

/// A loop that reaches so much of the best rate is at the knee.
pub(super) const KNEE: f64 = 0.98;

/// Waits are rounded down to a multiple of this, in milliseconds.
const STEP_MS: f64 = 50.0;

/// Requests that wait at most, whatever the formulae say: one on each connection that there may be. A client
/// that is refused at once retries at once, and refusals take time from the others.
const QUEUE_MAX: usize = 10_000;

/// The sizes, and the reason of each.
pub(super) struct Sizes {
    /// Connections of one process, those of the commit lanes included; none of SQLite.
    pub(super) connections: Option<usize>,
    pub(super) pool: Option<Number>,
    pub(super) wait: Number,
    pub(super) requests: Number,
    pub(super) queue: Number,
    pub(super) queue_wait: Number,
    pub(super) threads: Number,
    /// Threads that hash, where the setting says 0 for one per core.
    pub(super) hashing: usize,
}

impl Sizes {
    pub(super) fn of(
        target: &Target,
        given: Given,
        calibration: &Calibration,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let (rate, response, p95) = calibration.save.reaching(KNEE);
        // As many cores more, as much more is under way.
        let scale = target.cores / real(calibration.cores);
        let knee = Knee { rate: rate * scale, response };
        let wait = wait(target, p95);
        let requests = requests(knee, calibration, scale);
        let queue = queue(target, wait.value, knee, requests.value, calibration);
        let pool = match &target.database {
            Database::Sqlite => None,
            Database::Postgres(it) => Some(pool(target, it, given, calibration, faults)),
        };
        let (threads, hashing) = threads(target, given, calibration);
        Self {
            connections: pool.as_ref().map(|it| it.value + given.write_lanes),
            pool,
            queue_wait: Number {
                key: "admission.wait_max_ms",
                follows: Vec::new(),
                ..wait.clone()
            },
            wait,
            requests,
            queue,
            threads,
            hashing,
        }
    }

    pub(super) fn numbers(self) -> Vec<Number> {
        let Self { pool, wait, requests, queue, queue_wait, threads, .. } = self;
        pool.into_iter().chain([wait, requests, queue, queue_wait, threads]).collect()
    }
}

fn pool(
    target: &Target,
    database: &Postgres,
    given: Given,
    calibration: &Calibration,
    faults: &mut Vec<Fault>,
) -> Number {
    let (instances, overlap) = (target.instances_max, target.overlap);
    let hold = calibration.read.alone() + database.round_trip_ms / 1e3;
    let objective = target.objective_ms / 1e3;
    let rate = target.rate / real(instances);
    let steady = rate * hold;
    let demands = Demands { steady, people: target.people, hold, objective, greedy: (0, 1) };
    let floor = connections::pool_floor(&demands);
    // What was measured here holds for a database on a machine like this one.
    let measured = calibration.pool_knee().filter(|_| !database.apart);
    let knee = connections::pool_knee(measured, database.cores, 0);
    let useful = connections::useful(knee, database.pooler());
    let limits = database.limits();
    let ceiling = connections::pool_ceiling(&limits, instances, overlap);
    let ceiling = ceiling.saturating_sub(given.write_lanes);
    if floor > ceiling {
        let wanted = Wanted { instances, each: floor + given.write_lanes, overlap };
        let refusal = wanted.prove(&limits).err();
        faults.extend(refusal.map(|it| Fault::refused(&it, given.write_lanes)));
    }
    let value = floor.max(useful).min(ceiling).max(1);
    let why = format!(
        "F6 at least {floor} ({:.2} ms held, {:.0}/s or {} at once within {objective} s); F7 {useful} \
         suffice, at most {ceiling} = {} / ({instances} instances x {overlap}) - {} lanes",
        hold * 1e3,
        rate,
        target.people,
        limits.budget(),
        given.write_lanes,
    );
    let follows = vec![
        format!(
            "F4 at {rate:.0}/s each, 95 of 100 wait at most {:.2} ms for one of {value} connections",
            steady_wait_p95(rate, hold, value, 1.0) * 1e3
        ),
        format!(
            "F5 of {} that read at once 95 % are answered within {:.1} ms",
            target.people,
            burst_p95(target.people, hold, value) * 1e3
        ),
    ];
    Number { key: "database.pool_size", value, why, follows }
}

fn wait(target: &Target, p95: f64) -> Number {
    let most = slots::wait_max(target.objective_ms / 1e3, p95) * 1e3;
    let value = whole((most / STEP_MS).floor() * STEP_MS).max(50);
    let why = format!("F10 {} ms objective - {:.1} ms service p95", target.objective_ms, p95 * 1e3);
    let lock = lock_hold_max(target.people, target.objective_ms / 1e3) * 1e3;
    let users = target.people;
    let follows =
        vec![format!("F5 a lock that all {users} need at once may be held for {lock:.1} ms")];
    Number { key: "database.wait_timeout_ms", value, why, follows }
}

/// With the share of slots that is reserved for the lowest priority.
const REQUESTS_MIN: usize = 16;

fn requests(knee: Knee, calibration: &Calibration, scale: f64) -> Number {
    // The rate of a larger machine is reached with as many times the users, each as quick.
    let value = slots::limit(knee).max(REQUESTS_MIN);
    let why = format!(
        "F10 1.2 x {:.0}/s x {:.2} ms at the knee, {:.1} times the cores of {}",
        knee.rate,
        knee.response * 1e3,
        scale,
        calibration.machine
    );
    let (alone, most) = (calibration.save.alone(), calibration.save.best());
    let follows = vec![format!(
        "F2 fewer than {:.0} users that save cannot ask for the {most:.0}/s that {} cores do: one alone \
         takes {:.2} ms",
        saturating_users(alone, 0.0, most),
        calibration.cores,
        alone * 1e3,
    )];
    Number { key: "admission.requests", value, why, follows }
}

fn queue(
    target: &Target,
    wait_ms: usize,
    knee: Knee,
    requests: usize,
    calibration: &Calibration,
) -> Number {
    let served = slots::queue(real(wait_ms) / 1e3, knee);
    // Half of the memory is for requests that wait.
    let each = (calibration.connection_kib / 1024.0).max(REQUEST_MIB_MIN);
    let fit = whole(real(target.memory_mib) / 2.0 / each);
    let taken = match target.platform {
        Platform::Machine => QUEUE_MAX,
        Platform::CloudRun => CONCURRENCY_MAX.saturating_sub(requests + target.sockets),
    };
    let why = format!(
        "F10 {wait_ms} ms x {:.0}/s = {served}; half of the memory holds {fit}, and at most {taken} come",
        knee.rate
    );
    let value = served.min(fit).min(taken);
    Number { key: "admission.queue", value, why, follows: Vec::new() }
}

/// A request takes its buffers at least.
const REQUEST_MIB_MIN: f64 = 0.016;

fn threads(target: &Target, given: Given, calibration: &Calibration) -> (Number, usize) {
    let best = calibration.hashes_on(target.cores, given.bcrypt_cost);
    let all = whole(target.cores.ceil());
    let value = if best.threads == all { 0 } else { best.threads };
    let rates: Vec<_> = calibration.hashing(given.bcrypt_cost);
    let rates = rates.iter().map(|it| format!("{:.1}", it.rate)).collect::<Vec<_>>().join(", ");
    let why = format!(
        "F8 {rates} hashes/s of cost {} by 1, 2, ... threads on {} cores; {:.1}/s on {}",
        given.bcrypt_cost, calibration.cores, best.rate, target.cores
    );
    let instances = target.instances_max;
    let follows = vec![format!(
        "F14 {:.0} log-ins a second are carried by {instances} instances, at {:.0} % of their hashes",
        steady_rate(best.rate, instances),
        TARGET_USE * 100.0
    )];
    (Number { key: "hashing.threads", value, why, follows }, best.threads)
}
