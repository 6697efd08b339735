//! Reading, writing and restoring the notes of rooms.

use api::SentTags;
use auth::Account;
use chrono::TimeDelta;
use database::{DatabaseError, Db, Transaction};
use ids::RoomId;
use rooms::{Directory, RoomError};
use values::time;

use crate::error::NoteError;
use crate::note::{HistoryBounds, Note, Version};
use crate::store::{self, NoteRow, VersionRow};

/// Proof that an account may read and write the note of a room.
#[derive(Clone, Copy, Debug)]
pub struct NoteAccess(RoomId);

impl NoteAccess {
    /// Access for the owner of a room. Not even an administrator reads a note.
    ///
    /// # Errors
    /// `refusal`, for other accounts; when there is no such room.
    pub async fn of(
        directory: &Directory,
        account: &Account,
        room: RoomId,
        refusal: NoteError,
    ) -> Result<Self, NoteError> {
        if directory.is_owner(account, room).await? { Ok(Self(room)) } else { Err(refusal) }
    }
}

/// The note of a room; an empty one when nothing was written. Writes nothing.
///
/// # Errors
/// When the database fails.
pub async fn read(db: &Db, NoteAccess(room): NoteAccess) -> Result<Note, NoteError> {
    let row = db.read_one(store::note(room)).await?;
    Ok(row.map_or_else(|| Note::none(room), Note::from))
}

/// The earlier texts of a note, newest first.
///
/// # Errors
/// When the database fails.
pub async fn history(db: &Db, NoteAccess(room): NoteAccess) -> Result<Vec<Version>, NoteError> {
    let rows = db.read_all(store::versions(room)).await?;
    Ok(rows.into_iter().map(Version::from).collect())
}

/// Replaces the text of a note; under `condition` only that of a version that it names.
///
/// # Errors
/// When the condition does not hold, or the room was deleted.
pub async fn save(
    db: &Db,
    directory: &Directory,
    bounds: HistoryBounds,
    NoteAccess(room): NoteAccess,
    content: &str,
    condition: Option<&SentTags>,
) -> Result<Note, NoteError> {
    let saved = db.transaction(async |transaction: &mut Transaction<'_>| {
        let note = locked(transaction, room, content).await?;
        replace(transaction, bounds, &note, content, condition).await
    });
    of_existing_room(saved.await, directory, room)
}

/// Replaces the text of a note by that of an earlier version.
///
/// # Errors
/// When that text is not kept, the condition does not hold, or the room was deleted.
pub async fn restore(
    db: &Db,
    directory: &Directory,
    bounds: HistoryBounds,
    NoteAccess(room): NoteAccess,
    version: i64,
    condition: Option<&SentTags>,
) -> Result<Note, NoteError> {
    let restored = db.transaction(async |transaction: &mut Transaction<'_>| {
        let row = transaction.fetch_one(store::lock_note(room)).await?;
        let note = row.map(Note::from).ok_or(NoteError::NoSuchVersion(version))?;
        let earlier = transaction.fetch_one(store::version(room, version)).await?;
        let content = match earlier.map(Version::from) {
            Some(earlier) => earlier.content,
            None if version == note.version => note.content.clone(),
            None => return Err(NoteError::NoSuchVersion(version)),
        };
        replace(transaction, bounds, &note, &content, condition).await
    });
    of_existing_room(restored.await, directory, room)
}

/// The note, whose row is locked. A room that has none gets an empty one first, unless the text to be
/// written is empty as well.
async fn locked(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    content: &str,
) -> Result<Note, NoteError> {
    let mut row = transaction.fetch_one(store::lock_note(room)).await?;
    if row.is_none() && !content.is_empty() {
        // Of concurrent first texts one inserts the row, and the others wait for it here.
        transaction.execute(store::insert_note(room, time::now())).await?;
        row = transaction.fetch_one(store::lock_note(room)).await?;
    }
    Ok(row.map_or_else(|| Note::none(room), Note::from))
}

async fn replace(
    transaction: &mut Transaction<'_>,
    bounds: HistoryBounds,
    note: &Note,
    content: &str,
    condition: Option<&SentTags>,
) -> Result<Note, NoteError> {
    let names = |tags: &SentTags| match tags {
        SentTags::Any => note.version > 0,
        SentTags::Tags(_) => tags.include(note.tag()),
    };
    if !condition.is_none_or(names) {
        return Err(NoteError::Stale(note.tag()));
    }
    let next = note.replaced(content, time::now());
    if next == *note {
        return Ok(next);
    }
    if let Some(row) = NoteRow::of(&next) {
        transaction.execute(store::save_note(&row)).await?;
    }
    if let Some(lost) = note.lost_to(&next) {
        let row = VersionRow::of(note.room_id, lost);
        transaction.execute(store::insert_version(&row)).await?;
        let kept = transaction.fetch_all(store::lengths(note.room_id)).await?;
        if let Some(beyond) = bounds.newest_beyond(&kept) {
            transaction.execute(store::delete_versions(note.room_id, beyond)).await?;
        }
    }
    Ok(next)
}

/// Retention may have deleted the room, maybe in another process, after its owner was cached.
fn of_existing_room(
    saved: Result<Note, NoteError>,
    directory: &Directory,
    room: RoomId,
) -> Result<Note, NoteError> {
    match saved {
        Err(NoteError::Database(error)) if error.is_missing_reference() => {
            directory.forget(room);
            Err(RoomError::NoSuchRoom.into())
        }
        saved => saved,
    }
}

/// Deletes earlier texts that were replaced longer ago than `age`.
///
/// # Errors
/// When the database fails.
pub async fn delete_old(db: &Db, age: TimeDelta) -> Result<(), DatabaseError> {
    db.write(store::delete_replaced_before(time::now() - age)).await.map(drop)
}
