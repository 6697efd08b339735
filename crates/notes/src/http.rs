//! Notes over HTTP.

use actix_web::http::header::IF_MATCH;
use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, get, post, put};
use admission::{Priorities, Priority};
use api::{
    AuthErrors, Authed, BodyErrors, EntityTags, ErrorBody, InputErrors, LargeJson, OverloadErrors,
    Path, Problem, SentTags, StaleBody, Tagged,
};
use auth::Caller;
use database::Db;
use ids::RoomId;
use rooms::Directory;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use values::{Field, Fields, FromFields, Integer, Location, PathParam, time};

use crate::error::NoteError;
use crate::note::{Content, HistoryBounds, Note, NoteTag, Version};
use crate::notes::{self, NoteAccess};

api::routes! {
    get_note,
    save_note,
    list_note_versions,
    restore_note,
}

/// Declares the priorities of the routes that save: their work is lost when it is refused.
pub fn prioritize(priorities: &mut Priorities) {
    priorities.declare::<__path_save_note>(Priority::Save);
    priorities.declare::<__path_restore_note>(Priority::Save);
}

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A room, and the text of its note.
type SaveParts = (Path<RoomId>, LargeJson<NoteRequest>);
/// A room, and a version of its note.
type VersionPath = (Path<RoomId>, Path<VersionNumber>);

/// The number of a version.
pub(crate) struct VersionNumber(i64);

/// From 1 to the largest that a column holds.
type Number = Integer<1, { i64::MAX }>;

impl Field for VersionNumber {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        Number::read(value, location).map(|number| Self(number.0))
    }
}

impl PathParam for VersionNumber {
    const NAME: &'static str = "version";
    const DESCRIPTION: &'static str = "The version";

    fn schema() -> RefOr<Schema> {
        <Number as PartialSchema>::schema()
    }
}

/// The text of a note.
#[derive(ToSchema)]
pub(crate) struct NoteRequest {
    /// At most 80,000 characters.
    #[schema(value_type = String, max_length = 80000, example = "他喜歡跟人一起工作。")]
    content: Content,
}

impl FromFields for NoteRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { content: fields.field("content")? })
    }
}

/// The note of a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteView {
    /// The id of the room, which has one note.
    id: RoomId,
    room_id: RoomId,
    /// Empty when nothing was written yet.
    content: String,
    /// Null when nothing was written yet.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: Option<String>,
    /// Null when nothing was written yet.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    updated_at: Option<String>,
    /// 0 when nothing was written yet, and one more for each change. Also in the `ETag`.
    #[schema(minimum = 0, example = 1)]
    version: i64,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            id: note.room_id,
            room_id: note.room_id,
            content: note.content,
            created_at: note.times.map(|it| time::zulu(it.created_at)),
            updated_at: note.times.map(|it| time::zulu(it.updated_at)),
            version: note.version,
        }
    }
}

/// An earlier text.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteVersionView {
    #[schema(minimum = 1, example = 1)]
    version: i64,
    content: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    saved_at: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    replaced_at: String,
}

impl From<Version> for NoteVersionView {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            content: version.content,
            saved_at: time::zulu(version.saved_at),
            replaced_at: time::zulu(version.replaced_at),
        }
    }
}

/// Get the note of a room
///
/// For the room's owner alone.
#[utoipa::path(tag = "notes", security(("bearer" = [])), params(Path<RoomId>), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The note, an empty one when nothing was written yet", body = NoteView,
        headers(("etag" = String, description = "The version"))),
    (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
    (status = 404, description = "There is no such room", body = ErrorBody),
))]
#[get("/api/rooms/{room_id}/notes")]
async fn get_note(
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(Caller(account), Path(room)): Authed<Caller, Path<RoomId>>,
) -> Result<Tagged<NoteTag, NoteView>, Problem> {
    let access = NoteAccess::of(&directory, &account, room, NoteError::NotReader).await?;
    let note = notes::read(&db, access).await?;
    Ok(Tagged(note.tag(), note.into()))
}

/// Write the note of a room
///
/// For the room's owner alone. Replaces the text: without a condition whatever it is, with `If-Match` only the
/// version that the client has seen. A text of which the new one lacks a part stays in the history.
#[utoipa::path(tag = "notes", request_body = NoteRequest, security(("bearer" = [])),
    params(
        Path<RoomId>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be replaced"),
    ),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The note as it is now", body = NoteView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "The condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[put("/api/rooms/{room_id}/notes")]
async fn save_note(
    db: Data<Db>,
    directory: Data<Directory>,
    bounds: Data<HistoryBounds>,
    request: HttpRequest,
    Authed(Caller(account), (Path(room), LargeJson(new))): Authed<Caller, SaveParts>,
) -> Result<Tagged<NoteTag, NoteView>, Problem> {
    let condition = SentTags::of(&request, &IF_MATCH)?;
    let access = NoteAccess::of(&directory, &account, room, NoteError::NotWriter).await?;
    let saved = notes::save(&db, &directory, **bounds, access, &new.content, condition.as_ref());
    let note = saved.await?;
    Ok(Tagged(note.tag(), note.into()))
}

/// List the earlier texts of a note
///
/// For the room's owner alone; the latest first. A text is kept when the next one lacked a part of it.
#[utoipa::path(tag = "notes", security(("bearer" = [])), params(Path<RoomId>), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The earlier texts", body = Vec<NoteVersionView>),
    (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
    (status = 404, description = "There is no such room", body = ErrorBody),
))]
#[get("/api/rooms/{room_id}/notes/history")]
async fn list_note_versions(
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(Caller(account), Path(room)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<Vec<NoteVersionView>>, Problem> {
    let access = NoteAccess::of(&directory, &account, room, NoteError::NotReader).await?;
    let versions = notes::history(&db, access).await?;
    Ok(Answer(versions.into_iter().map(NoteVersionView::from).collect()))
}

/// Restore an earlier text of a note
///
/// For the room's owner alone. It becomes the text of the next version.
#[utoipa::path(tag = "notes", security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<VersionNumber>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be replaced"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The note as it is now", body = NoteView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "The condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or the text is not kept", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[post("/api/rooms/{room_id}/notes/history/{version}/restore")]
async fn restore_note(
    db: Data<Db>,
    directory: Data<Directory>,
    bounds: Data<HistoryBounds>,
    request: HttpRequest,
    Authed(Caller(account), (Path(room), Path(version))): Authed<Caller, VersionPath>,
) -> Result<Tagged<NoteTag, NoteView>, Problem> {
    let condition = SentTags::of(&request, &IF_MATCH)?;
    let access = NoteAccess::of(&directory, &account, room, NoteError::NotWriter).await?;
    let VersionNumber(version) = version;
    let note =
        notes::restore(&db, &directory, **bounds, access, version, condition.as_ref()).await?;
    Ok(Tagged(note.tag(), note.into()))
}
