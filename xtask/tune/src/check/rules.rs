//! The invariants, one function for each kind of thing that they are about.

use capacity::connections::Wanted;
use capacity::instances::{CONCURRENCY_MAX, memory_floor};
use settings::Settings;

use super::Subject;
use crate::calibration::real;
use crate::findings::Findings;
use crate::solve::{Deployment, Fault};
use crate::target::{Database, Platform, Target};

/// Google's front end keeps connections for this time; a server that closes sooner loses answers.
const FRONT_END_IDLE_SECS: u64 = 600;

/// Time after SIGTERM at which Cloud Run kills.
const KILLED_AFTER_MS: u64 = 10_000;

pub(super) fn check(target: &Target, settings: &Settings, deployment: &Deployment) -> Findings {
    let subject = Subject { target, settings, deployment };
    let mut findings = Findings::default();
    connections(&subject, &mut findings);
    waits(&subject, &mut findings);
    memory(&subject, &mut findings);
    instances(&subject, &mut findings);
    if target.platform == Platform::CloudRun {
        cloud_run(&subject, &mut findings);
    }
    rates(&subject, &mut findings);
    findings
}

/// instances x pool x overlap <= budget; SQLite has one writer and therefore one process.
fn connections(it: &Subject, findings: &mut Findings) {
    let Subject { target, settings, deployment } = it;
    match &target.database {
        Database::Sqlite if deployment.instances_max > 1 => {
            findings.fault("several instances cannot share an SQLite file", "PostgreSQL");
        }
        Database::Sqlite => {}
        Database::Postgres(database) => {
            let wanted = Wanted {
                instances: deployment.instances_max,
                each: settings.database.pool_size + settings.database.write_lanes,
                overlap: target.overlap,
            };
            let refusal = wanted.prove(&database.limits()).err();
            let lanes = settings.database.write_lanes;
            findings.faults.extend(refusal.map(|it| Fault::refused(&it, lanes)));
        }
    }
}

/// Waits end before the objective is missed, and the objective before the timeout of the request.
fn waits(it: &Subject, findings: &mut Findings) {
    let objective = it.target.objective_ms;
    let waits = [
        ("database.wait_timeout_ms", it.settings.database.wait_timeout_ms),
        ("admission.wait_max_ms", it.settings.admission.wait_max_ms),
    ];
    for (key, ms) in waits {
        if ms_of(ms) >= objective {
            let what = format!("{key} = {ms} is not below the objective of {objective} ms");
            findings.fault(&what, &format!("{key} < {objective}"));
        }
    }
    let lasts = real(it.deployment.timeout_secs) * 1e3;
    if objective >= lasts || it.target.log_in_objective_ms >= lasts {
        findings.fault("requests end before their objective", "a longer deployment.timeout_secs");
    }
    let log_in = ms_of(it.settings.hashing.wait_max_ms);
    if log_in < it.target.log_in_objective_ms {
        let what = format!("a log-in is refused after {log_in} ms, before the objective");
        findings.fault(&what, "a longer hashing.wait_max_ms");
    }
}

fn memory(it: &Subject, findings: &mut Findings) {
    let Deployment { memory_mib, memory_needed_mib, .. } = it.deployment;
    if memory_needed_mib > memory_mib {
        let what = format!("{memory_needed_mib} MiB are needed (F13) and {memory_mib} are there");
        findings.fault(&what, &format!("{memory_needed_mib} MiB"));
    }
}

fn instances(it: &Subject, findings: &mut Findings) {
    let Deployment { instances_min, instances_max, instances_needed, .. } = *it.deployment;
    if instances_needed > instances_max || instances_min > instances_max {
        let what =
            format!("{instances_min} to {instances_max} instances, {instances_needed} needed");
        findings.fault(&what, &format!("{} instances", instances_needed.max(instances_min)));
    }
}

fn cloud_run(it: &Subject, findings: &mut Findings) {
    let Subject { target, settings, deployment } = it;
    let taken = settings.admission.requests + settings.admission.queue + target.sockets;
    let concurrency = deployment.concurrency;
    if !(1..=CONCURRENCY_MAX).contains(&concurrency) || (concurrency < taken && target.cores >= 1.0)
    {
        let what = format!(
            "concurrency {concurrency} is below the {taken} that an instance takes, or above {CONCURRENCY_MAX}"
        );
        findings.fault(&what, &format!("a smaller admission.queue, concurrency {taken}"));
    }
    match memory_floor(target.cores) {
        Some(floor) if deployment.memory_mib >= floor => {}
        Some(floor) => findings
            .fault("Cloud Run gives so many cores only with more memory", &format!("{floor} MiB")),
        None => {
            findings.fault(&format!("Cloud Run has no {} cores", target.cores), "1, 2, 4, 6 or 8");
        }
    }
    if target.cores < 1.0 && concurrency != 1 {
        findings.fault("less than a core takes one request at a time", "concurrency 1, or a core");
    }
    if target.sockets > 0 && deployment.instances_min < 1 {
        findings.fault("sockets need an instance that is there", "instances_min = 1");
    }
    if settings.server.keep_alive_secs <= FRONT_END_IDLE_SECS {
        findings
            .fault("the front end keeps connections for longer", "server.keep_alive_secs > 600");
    }
    if settings.server.shutdown_grace_ms >= KILLED_AFTER_MS {
        findings.fault("is killed before it is done", "server.shutdown_grace_ms < 10000");
    }
    if settings.server.trusted_hops == 0 {
        findings.fault("all clients look like one, Google's front end", "server.trusted_hops = 1");
    }
}

/// Limits are policy; only their sum is computed (F14).
fn rates(it: &Subject, findings: &mut Findings) {
    let count = it.deployment.instances_max;
    if it.settings.rates.enabled && count > 1 {
        findings.warnings.push(format!(
            "[rates] are those of each instance, so that up to {count} times as much is let through"
        ));
    }
    let threads = it.settings.hashing.threads;
    if real(threads) > 2.0 * it.target.cores {
        let cores = it.target.cores;
        findings.warnings.push(format!("{threads} threads hash on {cores} cores"));
    }
}

#[expect(clippy::cast_precision_loss, reason = "minutes at most")]
fn ms_of(ms: u64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> (Target, Settings, Deployment) {
        let env = settings::Profile::CloudRun;
        let target = Target::of(env.as_str(), 2, 1024).unwrap();
        let variables = [
            ("CARDROOM_PROFILE", "cloud-run"),
            ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
            ("DATABASE_URL", "postgres://db/cardroom"),
            ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org"),
        ];
        let mut settings = settings::load(&settings::Environment::new(variables)).unwrap().settings;
        settings.admission.requests = 30;
        settings.admission.queue = 600;
        settings.admission.wait_max_ms = 450;
        settings.database.pool_size = 4;
        settings.database.wait_timeout_ms = 450;
        let deployment = Deployment {
            instances_min: 1,
            instances_max: 3,
            instances_needed: 1,
            concurrency: 930,
            cores: 2.0,
            memory_mib: 1024,
            memory_needed_mib: 300,
            timeout_secs: 3600,
        };
        (target, settings, deployment)
    }

    /// The faults that are found after `spoil`.
    fn faults(spoil: impl FnOnce(&mut Target, &mut Settings, &mut Deployment)) -> Vec<String> {
        let (mut target, mut settings, mut deployment) = subject();
        spoil(&mut target, &mut settings, &mut deployment);
        let findings = check(&target, &settings, &deployment);
        findings.faults.into_iter().map(|it| it.what).collect()
    }

    #[test]
    fn what_fits_together_has_no_fault() {
        assert_eq!(faults(|_, _, _| ()), [""; 0]);
    }

    #[test]
    fn each_invariant_is_kept() {
        #[track_caller]
        fn check(spoil: fn(&mut Target, &mut Settings, &mut Deployment), word: &str) {
            let found = faults(spoil);
            assert!(found.len() == 1 && found[0].contains(word), "{word}: {found:?}");
        }
        check(|_, s, _| s.database.pool_size = 75, "= 462 > 196");
        check(|t, _, _| t.database = Database::Sqlite, "SQLite");
        check(|_, s, _| s.database.wait_timeout_ms = 500, "wait_timeout_ms = 500");
        check(|_, s, _| s.admission.wait_max_ms = 1000, "wait_max_ms = 1000");
        check(|_, s, _| s.hashing.wait_max_ms = 2000, "refused after 2000 ms");
        check(|_, _, d| d.timeout_secs = 2, "end before their objective");
        check(|_, _, d| d.memory_needed_mib = 1025, "1025 MiB are needed");
        check(|_, _, d| d.instances_needed = 4, "4 needed");
        check(|_, s, _| s.admission.queue = 700, "concurrency 930");
        check(|_, _, d| d.concurrency = 1001, "concurrency 1001");
        check(|t, _, _| t.cores = 3.0, "no 3 cores");
        check(|t, _, _| t.cores = 4.0, "more memory");
        check(|t, _, _| t.cores = 0.5, "one request at a time");
        check(|_, _, d| d.instances_min = 0, "sockets");
        check(|_, s, _| s.server.keep_alive_secs = 75, "front end keeps");
        check(|_, s, _| s.server.trusted_hops = 0, "look like one");
    }
}
