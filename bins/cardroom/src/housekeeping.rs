//! Periodic tasks: deleting rows that are past their retention, sweeping rate limits, merging metrics.

use std::time::Duration;

use actix_web::web::Data;
use admission::{RateLimits, SWEEP_EVERY};
use auth::{audit, passwords, sessions};
use chrono::{TimeDelta, Utc};
use database::idempotency::{self, InFlight, KeyLimits};
use database::{DatabaseError, Db};
use files::Files;
use gameplay::history;
use rooms::retention::{self, Retention};
use settings::Settings;
use telemetry::metrics::{GATHER_EVERY, Registry};
use tokio::task::AbortHandle;
use tokio::time::interval;
use tracing::warn;

/// Interval of deletions.
const EVERY: Duration = Duration::from_hours(1);

/// Interval at which the limits of idempotency keys are enforced.
const LIMIT_KEYS_EVERY: Duration = Duration::from_mins(1);

/// The periodic tasks, aborted when they are dropped.
pub(crate) struct Housekeeping(AbortHandle);

impl Housekeeping {
    /// Starts now, and again every hour.
    pub(crate) fn start(
        db: Db,
        files: Files,
        settings: &Settings,
        registry: &'static Registry,
        rates: Data<RateLimits>,
        in_flight: Data<InFlight>,
    ) -> Self {
        let ages = Ages {
            history: TimeDelta::days(settings.history.days),
            notes: TimeDelta::days(settings.notes.history_days),
            audit: TimeDelta::days(settings.auth.audit_days),
            rooms: Retention::of(&settings.rooms),
            ended_sessions: TimeDelta::days(settings.auth.ended_session_days),
        };
        let keys = KeyLimits {
            per_author: settings.limits.idempotency_keys_per_author,
            total: settings.limits.idempotency_keys,
        };
        let task = tokio::spawn(async move {
            let mut clock = interval(EVERY);
            let mut limiting_keys = interval(LIMIT_KEYS_EVERY);
            let mut gathering = interval(GATHER_EVERY);
            let mut sweeping = interval(SWEEP_EVERY);
            loop {
                tokio::select! {
                    _ = clock.tick() => tidy_up(&db, &files, ages).await,
                    _ = limiting_keys.tick() => limit_keys(&db, &in_flight, keys).await,
                    _ = gathering.tick() => registry.run_upkeep(),
                    _ = sweeping.tick() => rates.sweep(),
                }
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Retention periods.
#[derive(Clone, Copy)]
struct Ages {
    history: TimeDelta,
    notes: TimeDelta,
    audit: TimeDelta,
    rooms: Retention,
    ended_sessions: TimeDelta,
}

/// Deletes what is past its retention. A step that fails keeps no other from its turn.
async fn tidy_up(db: &Db, files: &Files, ages: Ages) {
    let now = Utc::now();
    log_failure("history", history::delete_old(db, ages.history).await);
    log_failure("counselor_note_versions", notes::notes::delete_old(db, ages.notes).await);
    log_failure("audit_log", audit::forget_old(db, ages.audit).await);
    log_failure("rooms", retention::delete_old(db, ages.rooms, now).await);
    // After the rooms, whose files go with them.
    log_failure("files", files.sweep(now).await);
    log_failure("sessions", sessions::forget_old(db, ages.ended_sessions).await);
    log_failure("password_resets", passwords::delete_expired_resets(db).await);
    log_failure("presence_handovers", realtime::delete_old_handovers(db).await);
    let expired_keys = db.write(idempotency::delete_expired(now)).await;
    log_failure("idempotency_keys", expired_keys.map(drop));
}

fn log_failure(step: &'static str, outcome: Result<(), DatabaseError>) {
    if let Err(error) = outcome {
        warn!(step, error = %error, "the deletion of old {step} will be tried again in an hour: {error}");
    }
}

async fn limit_keys(db: &Db, in_flight: &InFlight, limits: KeyLimits) {
    if let Err(error) = idempotency::enforce(db, in_flight, limits).await {
        warn!(error = %error, "the limits of idempotency keys will be enforced in a minute: {error}");
    }
}
