//! Limits on the number of stored answers.

use diesel::prelude::*;
use ids::AuthorId;

use super::in_flight::InFlight;
use super::key_limits::KeyLimits;
use crate::at::At;
use crate::query::{Execute, Fetch};
use crate::schema::idempotency_keys;
use crate::{DatabaseError, Db};

/// Answers that one statement deletes at most, so that other writes wait for a short time only.
const DELETED_AT_ONCE: i64 = 10_000;

/// Deletes the oldest answers beyond the limits. Only authors who began many requests are looked at.
///
/// # Errors
/// When the database fails.
pub async fn enforce(
    db: &Db,
    in_flight: &InFlight,
    limits: KeyLimits,
) -> Result<(), DatabaseError> {
    let (authors, all) = in_flight.due(limits);
    for author in authors {
        if let Some(latest) = db.read_one(beyond_of(author, limits.per_author)).await? {
            db.write(delete_of(author, latest)).await?;
        }
        in_flight.enforced(author);
    }
    if all {
        delete_beyond(db, limits.total).await?;
        in_flight.enforced_for_all();
    }
    Ok(())
}

/// Deletes the oldest answers of all authors beyond the newest `max`.
async fn delete_beyond(db: &Db, max: i64) -> Result<(), DatabaseError> {
    let Some(latest) = db.read_one(beyond(max)).await? else { return Ok(()) };
    loop {
        let oldest = db.read_one(oldest(DELETED_AT_ONCE)).await?;
        let until = oldest.map_or(latest, |oldest| oldest.min(latest));
        db.write(delete_until(until)).await?;
        if until >= latest {
            return Ok(());
        }
    }
}

/// When the latest answer of an author beyond the newest `max` was stored.
fn beyond_of(author: AuthorId, max: i64) -> impl Fetch<'static, At> {
    idempotency_keys::table
        .filter(idempotency_keys::author_id.eq(author))
        .order(idempotency_keys::answered_at.desc())
        .select(idempotency_keys::answered_at)
        .limit(1)
        .offset(max)
}

/// When the latest answer beyond the newest `max` was stored.
fn beyond(max: i64) -> impl Fetch<'static, At> {
    idempotency_keys::table
        .order(idempotency_keys::answered_at.desc())
        .select(idempotency_keys::answered_at)
        .limit(1)
        .offset(max)
}

/// When the last of the oldest `count` answers was stored.
fn oldest(count: i64) -> impl Fetch<'static, At> {
    idempotency_keys::table
        .order(idempotency_keys::answered_at)
        .select(idempotency_keys::answered_at)
        .limit(1)
        .offset(count - 1)
}

fn delete_of(author: AuthorId, latest: At) -> impl Execute {
    diesel::delete(idempotency_keys::table)
        .filter(idempotency_keys::author_id.eq(author))
        .filter(idempotency_keys::answered_at.le(latest))
}

fn delete_until(latest: At) -> impl Execute {
    diesel::delete(idempotency_keys::table).filter(idempotency_keys::answered_at.le(latest))
}
