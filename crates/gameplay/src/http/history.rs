//! The history of a state over HTTP, for the room's owner.

use actix_web::web::{Data, Json as Answer};
use actix_web::{get, post};
use api::{
    AuthErrors, Authed, ErrorBody, InputErrors, OverloadErrors, Path, Problem, Query, StaleBody,
    Tagged,
};
use auth::Caller;
use database::Db;
use ids::RoomId;
use rooms::Directory;
use serde_json::Value;
use utoipa::PartialSchema as _;
use utoipa::openapi::{RefOr, Schema};
use values::{Field, Fields, FromFields, Integer, Location, PathParam};

use super::views::{HistoryView, SnapshotView, StateView};
use crate::access::Access;
use crate::save_writer::Saves;
use crate::state::GameplayId;
use crate::version::Tag;
use crate::{history, states};

/// A page of the versions of a state.
type PageParts = (Path<RoomId>, Path<GameplayId>, Query<PageRequest>);
/// One version of a state.
type VersionParts = (Path<RoomId>, Path<GameplayId>, Path<VersionNumber>);

/// Versions on a page by default.
const PAGE: i64 = 20;

/// Most versions on a page.
const PAGE_MAX: i64 = 100;

/// The number of a version.
pub(crate) struct VersionNumber(i64);

/// The page of the history that is asked for.
pub(crate) struct PageRequest {
    before: Option<i64>,
    limit: usize,
}

/// List the versions of a game's state
///
/// For the room's owner alone; newest first. Also of a state that was deleted. The next page begins
/// `before` the last of this one. A page has fewer versions than asked for when they are large.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        ("before" = Option<i64>, Query, description = "Only versions before this one", minimum = 1),
        ("limit" = Option<i64>, Query, description = "Versions on the page; 20 if not said",
            minimum = 1, maximum = 100),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The versions", body = HistoryView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or nothing was saved", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/gameplay-states/{gameplay_id}/history")]
pub(crate) async fn list_versions(
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(Caller(account), (Path(room), Path(game), Query(page))): Authed<Caller, PageParts>,
) -> Result<Answer<HistoryView>, Problem> {
    let access = Access::of_owner(&directory, &account, room).await?;
    let current = states::last_version(&db, access, &game).await?.tag();
    let versions = history::page(&db, current, page.before, page.limit).await?;
    Ok(Answer(HistoryView::of(current.version, versions)))
}

/// Get one version of a game's state
///
/// For the room's owner alone.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        Path<VersionNumber>,
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The state as it was", body = SnapshotView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, state or version", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/gameplay-states/{gameplay_id}/history/{version}")]
pub(crate) async fn get_version(
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(Caller(account), (Path(room), Path(game), Path(number))): Authed<Caller, VersionParts>,
) -> Result<Answer<SnapshotView>, Problem> {
    let access = Access::of_owner(&directory, &account, room).await?;
    let current = states::last_version(&db, access, &game).await?.tag();
    Ok(Answer(history::version(&db, current, number.0).await?.into()))
}

/// Restore an earlier version of a game's state
///
/// For the room's owner alone. Saves it anew, as the next version. A deleted state is brought back by it,
/// while its history is kept.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        Path<VersionNumber>,
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The state as it is now", body = StateView,
            headers(("etag" = String, description = "The version"))),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, state or version", body = ErrorBody),
        (status = 412, description = "The state was deleted or restored meanwhile", body = StaleBody),
    ),
)]
#[post("/api/rooms/{room_id}/gameplay-states/{gameplay_id}/history/{version}/restore")]
pub(crate) async fn restore_version(
    db: Data<Db>,
    saves: Data<Saves>,
    directory: Data<Directory>,
    Authed(Caller(account), (Path(room), Path(game), Path(number))): Authed<Caller, VersionParts>,
) -> Result<Tagged<Tag, StateView>, Problem> {
    let access = Access::of_owner(&directory, &account, room).await?;
    let state = states::restore(&db, &directory, &saves, access, game, number.0).await?;
    Ok(Tagged(state.tag(), state.into()))
}

impl Field for VersionNumber {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        Integer::<1, { i64::MAX }>::read(value, location).map(|it| Self(it.0))
    }
}

impl PathParam for VersionNumber {
    const NAME: &'static str = "version";
    const DESCRIPTION: &'static str = "The version";

    fn schema() -> RefOr<Schema> {
        Integer::<1, { i64::MAX }>::schema()
    }
}

impl FromFields for PageRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let before = fields.field::<Option<VersionNumber>>("before");
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE));
        let limit = usize::try_from(limit?.0).ok()?;
        Some(Self { before: before?.map(|it| it.0), limit })
    }
}
