//! All queries on files.
//!
//! A file is pending until `stored_at` is set, stored until `deleted_at` is, and deleted then. A file whose
//! owner or room was deleted has none, and is as good as deleted.

use database::schema::{files, rooms, users};
use database::sql_types::{Guid, Moment};
use database::{At, Execute, Fetch, ForNoKeyUpdate, columns};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use ids::{AccountId, FileId, RoomId};

use crate::file::File;

/// Bytes that every file counts besides its own, so that the number of files is bounded as well.
pub(crate) const BYTES_FOR_ROW: i64 = 4096;

/// A file to be inserted.
#[derive(Clone, Debug)]
pub(crate) struct NewFileRow {
    pub(crate) id: FileId,
    pub(crate) owner: AccountId,
    pub(crate) room: RoomId,
    pub(crate) kind: &'static str,
    pub(crate) object_key: String,
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: i64,
    pub(crate) created_at: At,
}

/// Bytes that may be in use before a file is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// By the account.
    pub(crate) account: i64,
    /// By the room.
    pub(crate) room: i64,
}

/// A stored file.
#[derive(Queryable, Selectable)]
#[diesel(table_name = files)]
pub(crate) struct FileRow {
    id: FileId,
    name: String,
    content_type: String,
    bytes: i64,
    object_key: String,
}

impl FileRow {
    /// The file, and the key of its object.
    pub(crate) fn into_file(self) -> (File, String) {
        let Self { id, name, content_type, bytes, object_key } = self;
        (File { id, name, content_type, bytes }, object_key)
    }
}

/// Locks the row of an account, so that its uploads are counted one after the other. Rows that refer to it
/// can still be inserted.
pub(crate) fn lock_account(owner: AccountId) -> impl Execute {
    ForNoKeyUpdate(users::table.filter(users::id.eq(owner)).select(users::id))
}

/// Inserts a pending file if its owner owns the room and there is space. The account is to be locked.
pub(crate) fn insert_pending(row: &NewFileRow, space: Room) -> impl Fetch<'static, FileId> {
    let row = row.clone();
    let values = (
        row.id.into_sql::<Guid>(),
        row.owner.into_sql::<Guid>().nullable(),
        rooms::id.nullable(),
        row.kind.into_sql::<Text>(),
        row.object_key.into_sql::<Text>(),
        row.name.into_sql::<Text>(),
        row.content_type.into_sql::<Text>(),
        row.bytes.into_sql::<BigInt>(),
        row.created_at.into_sql::<Moment>(),
    );
    let room = rooms::table
        .filter(rooms::id.eq(row.room))
        .filter(rooms::counselor_id.eq(row.owner))
        .filter(used_by("owner_id").bind::<Guid, _>(row.owner).sql(")").le(space.account))
        .filter(used_by("room_id").bind::<Guid, _>(row.room).sql(")").le(space.room))
        .select(values);
    diesel::insert_into(files::table)
        .values(room)
        .into_columns((
            files::id,
            files::owner_id,
            files::room_id,
            files::kind,
            files::object_key,
            files::name,
            files::content_type,
            files::bytes,
            files::created_at,
        ))
        .returning(files::id)
}

/// The bytes that the files of an account and of a room take.
pub(crate) fn used(owner: AccountId, room: RoomId) -> impl Fetch<'static, (i64, i64)> {
    diesel::select((
        used_by("owner_id").bind::<Guid, _>(owner).sql(")"),
        used_by("room_id").bind::<Guid, _>(room).sql(")"),
    ))
}

/// The beginning of the sum of what files take, those included that were deleted and are still in the store;
/// the value of `column` and a parenthesis follow. An upload that failed takes nothing.
fn used_by(column: &str) -> SqlLiteral<BigInt> {
    sql(&format!(
        "(SELECT CAST(coalesce(sum(bytes + {BYTES_FOR_ROW}), 0) AS bigint) FROM files \
         WHERE (stored_at IS NOT NULL OR deleted_at IS NULL) AND {column} = "
    ))
}

/// Marks a pending file as stored.
pub(crate) fn mark_stored(id: FileId, at: At) -> impl Fetch<'static, FileId> {
    let pending = files::table.find(id).filter(files::stored_at.is_null());
    diesel::update(pending.filter(files::deleted_at.is_null()))
        .set(files::stored_at.eq(Some(at)))
        .returning(files::id)
}

/// Marks a pending file as deleted at `at`.
pub(crate) fn mark_abandoned(id: FileId, at: At) -> impl Execute {
    let pending = files::table.find(id).filter(files::stored_at.is_null());
    diesel::update(pending.filter(files::deleted_at.is_null())).set(files::deleted_at.eq(Some(at)))
}

/// Marks a file whose owner or room is gone as deleted at `at`.
pub(crate) fn mark_orphan(id: FileId, at: At) -> impl Execute {
    let is_orphan = files::owner_id.is_null().or(files::room_id.is_null());
    diesel::update(files::table.find(id).filter(files::deleted_at.is_null()).filter(is_orphan))
        .set(files::deleted_at.eq(Some(at)))
}

/// The stored file with this id.
pub(crate) fn stored_file(id: FileId) -> impl Fetch<'static, FileRow> {
    files::table
        .find(id)
        .filter(files::stored_at.is_not_null())
        .filter(files::deleted_at.is_null())
        .filter(files::owner_id.is_not_null())
        .filter(files::room_id.is_not_null())
        .select(columns::<FileRow>())
}

/// At most `limit` pending files from before this moment, each with its moment.
pub(crate) fn pending_before(before: At, limit: i64) -> impl Fetch<'static, (FileId, At)> {
    files::table
        .filter(files::stored_at.is_null())
        .filter(files::deleted_at.is_null())
        .filter(files::created_at.lt(before))
        .order(files::created_at)
        .limit(limit)
        .select((files::id, files::created_at))
}

/// At most `limit` files whose owner is gone.
pub(crate) fn without_owner(limit: i64) -> impl Fetch<'static, FileId> {
    files::table
        .filter(files::owner_id.is_null())
        .filter(files::deleted_at.is_null())
        .order(files::id)
        .limit(limit)
        .select(files::id)
}

/// At most `limit` files whose room is gone.
pub(crate) fn without_room(limit: i64) -> impl Fetch<'static, FileId> {
    files::table
        .filter(files::room_id.is_null())
        .filter(files::deleted_at.is_null())
        .order(files::id)
        .limit(limit)
        .select(files::id)
}

/// At most `limit` files that were deleted before this moment, except for these, each with its object.
pub(crate) fn deleted_before(
    before: At,
    except: Vec<FileId>,
    limit: i64,
) -> impl Fetch<'static, (FileId, String)> {
    files::table
        .filter(files::deleted_at.lt(Some(before)).assume_not_null())
        .filter(files::deleted_at.is_not_null())
        .filter(files::id.ne_all(except))
        .order(files::deleted_at)
        .limit(limit)
        .select((files::id, files::object_key))
}

/// Removes the row of a deleted file.
pub(crate) fn remove(id: FileId) -> impl Execute {
    diesel::delete(files::table.find(id).filter(files::deleted_at.is_not_null()))
}
