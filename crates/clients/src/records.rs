//! Writing and reading records of consultations.

use std::collections::HashMap;

use auth::Account;
use chrono::{DateTime, Utc};
use database::{Db, Transaction};
use ids::{AccountId, ClientId, FileId, RecordId};
use rooms::RoomError;
use tracing::info;
use values::time;

use crate::bounds::ClientBounds;
use crate::client::ClientAction;
use crate::error::ClientError;
use crate::record::{NewRecord, Record, Screenshot};
use crate::store::{self, RecordRow};

/// A record with its screenshots, the oldest first.
#[derive(Clone, Debug)]
pub struct FullRecord {
    /// The record.
    pub record: Record,
    /// Its screenshots.
    pub screenshots: Vec<FileId>,
}

/// Adds a record to a client of `owner`, of a consultation in a room of theirs.
///
/// # Errors
/// When there is no such client or it is another counsellor's, the room is not theirs, or the client has too
/// many records.
pub async fn add(
    db: &Db,
    bounds: &ClientBounds,
    owner: &Account,
    client: ClientId,
    new: &NewRecord,
) -> Result<Record, ClientError> {
    let record = Record::new(new, client, owner.id, time::now());
    let row = RecordRow::of(&record)?;
    db.transaction(async |transaction: &mut Transaction<'_>| {
        // The row of the client is held, so that its records are counted one after the other.
        let locked = transaction.fetch_one(store::lock_client(client)).await?;
        if locked.ok_or(ClientError::NoSuchClient)?.counselor_id != owner.id {
            return Err(ClientError::RecordsOfAnother);
        }
        let room = rooms::manage::find_in(transaction, new.room_id).await?;
        if room.counselor_id != owner.id {
            // Another counsellor's room is as unknown as one that does not exist.
            return Err(RoomError::NoSuchRoom.into());
        }
        let count = transaction.fetch_one(store::count_records(client)).await?.unwrap_or(0);
        if count >= bounds.rules.records_per_client {
            return Err(ClientError::TooManyRecords);
        }
        transaction.execute(store::insert_record(&row)).await?;
        Ok(())
    })
    .await?;
    info!(record.id = %record.id, "record {} of a consultation added", record.id);
    Ok(record)
}

/// At most `limit` records of a client after the first `offset`, the latest consultation first: two queries
/// for any number of records.
///
/// # Errors
/// When there is no such client, or the account may not read its records.
pub async fn list(
    db: &Db,
    account: &Account,
    client: ClientId,
    limit: i64,
    offset: i64,
) -> Result<Vec<FullRecord>, ClientError> {
    let row = db.read_one(store::client(client)).await?.ok_or(ClientError::NoSuchClient)?;
    if !account.owns_or_administers(row.counselor_id) {
        return Err(ClientError::Forbidden(ClientAction::Records));
    }
    let rows = db.read_all(store::records_of(client, limit, offset)).await?;
    let ids: Vec<RecordId> = rows.iter().map(|row| row.id).collect();
    let mut screenshots: HashMap<RecordId, Vec<FileId>> = HashMap::new();
    if !ids.is_empty() {
        for (record, file) in db.read_all(store::screenshots_of(ids)).await? {
            screenshots.entry(record).or_default().push(file);
        }
    }
    let full = |row: RecordRow| {
        let screenshots = screenshots.remove(&row.id).unwrap_or_default();
        Ok(FullRecord { record: row.record()?, screenshots })
    };
    rows.into_iter().map(full).collect()
}

/// Adds the screenshot in `file` to a record of `owner`, in a transaction that also stores the file. Returns
/// the number of screenshots that the record has then. Concurrent calls for one record follow one another.
///
/// # Errors
/// When the counsellor has no such record.
pub async fn append_screenshot(
    transaction: &mut Transaction<'_>,
    owner: AccountId,
    record: RecordId,
    file: FileId,
    at: DateTime<Utc>,
) -> Result<i64, ClientError> {
    let locked = transaction.fetch_one(store::lock_record(record)).await?;
    if locked.is_none_or(|counsellor| counsellor != owner) {
        return Err(ClientError::NoSuchRecord);
    }
    let screenshot = Screenshot { record_id: record, file_id: file, added_at: at };
    transaction.execute(store::insert_screenshot(screenshot)).await?;
    Ok(transaction.fetch_one(store::count_screenshots(record)).await?.unwrap_or(0))
}

/// The counsellor of a record.
///
/// # Errors
/// When there is no such record.
pub async fn counsellor_of(db: &Db, record: RecordId) -> Result<AccountId, ClientError> {
    db.read_one(store::record_counsellor(record)).await?.ok_or(ClientError::NoSuchRecord)
}
