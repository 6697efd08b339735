//! Saving, loading, listing and deleting the states of a room's games.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::{DatabaseError, Db};
use documents::Json;
use ids::GameplayStateId;
use rooms::{Directory, RoomError};
use values::time;

use crate::access::Access;
use crate::change::Change;
use crate::error::GameplayError;
use crate::history::{self, StoresHistory};
use crate::listener::{Deletion, StateListener};
use crate::precomputed::Uncomputed;
use crate::save::{Deleted, Outcome, Save};
use crate::save_writer::Saves;
use crate::state::{GameplayId, GameplayState};
use crate::store as table;
use crate::stored_answer::StoredAnswer;
use crate::turns::turn;
use crate::version::{Condition, Tag, Versions};

/// States that one statement reads. The memory of a list is bounded by it; a usual room takes one.
const CHUNK: usize = 32;

/// Saves a game's state: replaces it, or changes the current one. Answers after the commit.
///
/// # Errors
/// When the condition does not hold, the change cannot be applied, or the room was deleted.
pub async fn save(
    db: &Db,
    directory: &Directory,
    saves: &Saves,
    save: Save,
) -> Result<GameplayState, GameplayError> {
    let (room_id, game) = save.key();
    let whole = match &save.change {
        Change::Replace(document) => Some(document.clone()),
        Change::Merge(_) | Change::Patch(_) => None,
    };
    let outcome = commit(saves, save).await;
    if let Err(GameplayError::Database(error)) = &outcome
        && error.is_missing_reference()
    {
        // Retention deleted the room, maybe in another process, after its owner was cached.
        directory.forget(room_id);
        return Err(RoomError::NoSuchRoom.into());
    }
    match outcome? {
        Outcome::Saved(state) => Ok(state),
        Outcome::Repeated(answer) => {
            let document = Box::pin(saved_document(db, &answer, whole)).await?;
            Ok(answer.state(room_id, game, document))
        }
        Outcome::Expensive(_) => Err(DatabaseError::Contended.into()),
        Outcome::Stale(current) => Err(GameplayError::Stale(current)),
        Outcome::NoState => Err(GameplayError::NoSuchState(game.as_str().into())),
        Outcome::NotApplicable(error) => Err(error.into()),
        Outcome::Damaged(tag) => Err(GameplayError::Damaged(tag)),
        Outcome::TooManyGames(games) => Err(GameplayError::TooManyGames(games)),
        Outcome::KeyReused => Err(GameplayError::KeyReused),
    }
}

/// Commits a save; an expensive change is computed first.
async fn commit(saves: &Saves, save: Save) -> Result<Outcome, GameplayError> {
    match saves.commit(save.clone()).await? {
        // Boxed: few saves are expensive, and all would reserve the memory.
        Outcome::Expensive(uncomputed) => Box::pin(compute(saves, &save, uncomputed)).await,
        outcome => Ok(outcome),
    }
}

/// Computes an expensive change and queues it again, until it was computed on the version that is current.
async fn compute(
    saves: &Saves,
    save: &Save,
    mut uncomputed: Uncomputed,
) -> Result<Outcome, GameplayError> {
    let _turn = turn(save.author.id(), save.room_id).await?;
    for _ in 0..TRIES_MAX {
        let precomputed = uncomputed.compute(save.change.clone()).await?;
        let ahead = Save { precomputed: Some(precomputed), ..save.clone() };
        match saves.commit(ahead).await? {
            Outcome::Expensive(newer) => uncomputed = newer,
            outcome => return Ok(outcome),
        }
    }
    Err(DatabaseError::Contended.into())
}

/// Saves the document of an earlier version as the next one. This restores a deleted state, with its id
/// and its history.
///
/// # Errors
/// When the version is not stored; [`GameplayError::Stale`] when the state was deleted in the meantime,
/// or a deleted one was restored, saved anew or replaced.
pub async fn restore(
    db: &Db,
    directory: &Directory,
    saves: &Saves,
    access: Access,
    game: GameplayId,
    number: i64,
) -> Result<GameplayState, GameplayError> {
    let last = last_version(db, access, &game).await?;
    let snapshot = history::version(db, last.tag(), number).await?;
    let change = Change::Replace(snapshot.document);
    let request = match last {
        LastVersion::Current(tag) => Save {
            condition: Condition { matches: Some(Versions::State(tag.state)), matches_not: None },
            ..Save::of(access, game, change)
        },
        LastVersion::Deleted(deleted) => Save {
            condition: Condition { matches: None, matches_not: Some(Versions::Any) },
            restores: Some(deleted),
            ..Save::of(access, game, change)
        },
    };
    save(db, directory, saves, request).await
}

/// The last version of a game's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastVersion {
    /// The current one.
    Current(Tag),
    /// That of a state that was deleted.
    Deleted(Deleted),
}

impl LastVersion {
    /// The version.
    pub fn tag(self) -> Tag {
        match self {
            Self::Current(tag) | Self::Deleted(Deleted { tag, .. }) => tag,
        }
    }
}

/// The last version of a game's state, or of the one that was deleted last.
///
/// # Errors
/// When there is neither.
pub async fn last_version(
    db: &Db,
    access: Access,
    game: &GameplayId,
) -> Result<LastVersion, GameplayError> {
    if let Some((state, version)) = db.read_one(table::version(access.room_id, game)).await? {
        return Ok(LastVersion::Current(Tag { state, version }));
    }
    let deleted = db.read_one(table::deleted(access.room_id, game)).await?;
    let deleted = deleted.ok_or_else(|| GameplayError::NoSuchState(game.as_str().into()))?;
    let created_at = deleted.created_at().utc();
    Ok(LastVersion::Deleted(Deleted { tag: deleted.tag(), created_at }))
}

/// The document that a repeated request saved: of a whole save that of the request, which is the same;
/// of a patch the one in the history, or in the state while that is at the same version.
async fn saved_document(
    db: &Db,
    answer: &StoredAnswer,
    whole: Option<Json>,
) -> Result<Json, GameplayError> {
    if let Some(document) = answer.document().or(whole) {
        return Ok(document);
    }
    let tag = answer.tag();
    match history::version(db, tag, tag.version).await {
        Ok(snapshot) => Ok(snapshot.document),
        Err(GameplayError::NoSuchVersion(_)) => {
            current_document(db, tag).await?.ok_or(GameplayError::AnswerGone(tag))
        }
        Err(error) => Err(error),
    }
}

/// The document of a state while it is at this version.
async fn current_document(db: &Db, tag: Tag) -> Result<Option<Json>, GameplayError> {
    let row = db.read_one(table::states(vec![tag.state])).await?;
    let state = row.and_then(|row| row.state().ok());
    Ok(state.filter(|state| state.tag() == tag).map(|state| state.state))
}

/// A game's state.
///
/// # Errors
/// When there is none, or its document is damaged.
pub async fn load(
    db: &Db,
    access: Access,
    game: &GameplayId,
) -> Result<GameplayState, GameplayError> {
    let row = db.read_one(table::state(access.room_id, game)).await?;
    let row = row.ok_or_else(|| GameplayError::NoSuchState(game.as_str().into()))?;
    row.state().map_err(GameplayError::Damaged)
}

/// A place in the list of a room's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the state was saved.
    pub saved_at: DateTime<Utc>,
    /// The state.
    pub id: GameplayStateId,
}

/// States of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The states, the last played first; those whose documents are damaged are left out.
    pub states: Vec<GameplayState>,
    /// The number of states of the room.
    pub total: usize,
    /// The game that was played last, and when.
    pub latest: Option<(String, DateTime<Utc>)>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// The states of a room after `after`, the last played first, in a page of about `bytes_max` bytes of
/// documents.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    access: Access,
    after: Option<Cursor>,
    bytes_max: usize,
) -> Result<Page, GameplayError> {
    let index = db.read_all(table::index(access.room_id)).await?;
    let latest = index.first().map(|(_, game, saved_at)| (game.clone(), saved_at.utc()));
    let total = index.len();
    let places = index.into_iter().map(|(id, _, at)| Cursor { saved_at: at.utc(), id });
    // A state that was saved since the page before moved to the front.
    let rest: Vec<Cursor> =
        places.filter(|it| after.is_none_or(|after| it.follows(after))).collect();
    let mut page = Page { states: Vec::new(), total, latest, next: None };
    let mut bytes = 0;
    for chunk in rest.chunks(CHUNK) {
        let rows = db.read_all(table::states(chunk.iter().map(|it| it.id).collect())).await?;
        let mut states: HashMap<_, _> = rows
            .into_iter()
            .filter_map(|row| row.state().ok())
            .map(|state| (state.id, state))
            .collect();
        for place in chunk {
            if bytes > bytes_max {
                return Ok(page);
            }
            page.next = (Some(place) != rest.last()).then_some(*place);
            if let Some(state) = states.remove(&place.id) {
                bytes += state.state.text().len();
                page.states.push(state);
            }
        }
    }
    Ok(page)
}

impl Cursor {
    /// Whether it is further down the list.
    fn follows(self, other: Self) -> bool {
        (other.saved_at, self.id) > (self.saved_at, other.id)
    }
}

/// Tries of a conditional delete, and of a change that is computed ahead; each fails only because the state
/// was saved in between.
const TRIES_MAX: usize = 20;

/// Deletes a game's state, and notifies `listener`. It can be restored while its history is stored.
///
/// # Errors
/// When there is none, or the condition does not hold.
pub async fn delete(
    db: &Db,
    StoresHistory(stores_history): StoresHistory,
    listener: &dyn StateListener,
    access: Access,
    game: &GameplayId,
    condition: &Condition,
) -> Result<(), GameplayError> {
    let not_found = || GameplayError::NoSuchState(game.as_str().into());
    let at = time::now();
    let after_delete = |rows: &[_]| table::after_delete(rows, stores_history, at);
    let notify = |tag| {
        let (room_id, gameplay_id) = (access.room_id, game.clone());
        listener.on_deleted(&Deletion { room_id, gameplay_id, tag, at });
    };
    if *condition == Condition::default() {
        let delete = table::delete(access.room_id, game);
        let deleted = db.write_and(delete, after_delete).await?;
        let deleted = deleted.first().ok_or_else(not_found)?;
        notify(deleted.tag());
        return Ok(());
    }
    for _ in 0..TRIES_MAX {
        let current = db.read_one(table::version(access.room_id, game)).await?;
        let (state, version) = current.ok_or_else(not_found)?;
        let tag = Tag { state, version };
        if !condition.holds(Some(tag)) {
            return Err(GameplayError::Stale(Some(tag)));
        }
        let delete = table::delete_version(tag);
        let deleted = db.write_and(delete, after_delete).await?;
        if !deleted.is_empty() {
            notify(tag);
            return Ok(());
        }
    }
    Err(DatabaseError::Contended.into())
}
