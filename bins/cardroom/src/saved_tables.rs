//! The saved cards of games, for the channels of cards.

use std::sync::OnceLock;

use database::Db;
use documents::Bounds;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use gameplay::cards::{MovedCard, PlacedCard};
use gameplay::{GameplayError, GameplayId, Saves, table};
use ids::RoomId;
use realtime::{SavedCard, SavedTable, SavedTables, UnsavedMove};
use rooms::{Directory, RoomError};
use tracing::warn;

// What a channel remembers has room in a document, and the other way round.
const _: () = assert!(
    realtime::CARDS_MAX == gameplay::cards::CARDS_MAX
        && realtime::CARD_NAME_BYTES_MAX == gameplay::cards::NAME_BYTES_MAX
);

/// Loads tables from saved gameplay states, and saves moves into them.
pub(crate) struct Tables {
    db: Db,
    directory: Directory,
    bounds: Bounds,
    /// Set once the lanes run, which themselves announce saves to the channels.
    saves: OnceLock<Saves>,
}

impl Tables {
    /// Tables of documents within `bounds`; without lanes nothing is saved yet.
    pub(crate) fn new(db: Db, directory: Directory, bounds: Bounds) -> Self {
        Self { db, directory, bounds, saves: OnceLock::new() }
    }

    /// Saves through these lanes from now on.
    pub(crate) fn save_through(&self, saves: Saves) {
        // They are set once, at the start.
        let _ = self.saves.set(saves);
    }
}

impl SavedTables for Tables {
    fn load<'a>(&'a self, room: RoomId, game: &'a str) -> BoxFuture<'a, Option<SavedTable>> {
        async move {
            // A topic has at most 255 bytes, and a longer name than a game may have was never saved.
            let Some(game) = GameplayId::parse(game) else { return Some(SavedTable::default()) };
            match table::placed_cards(&self.db, room, &game).await {
                Ok(None) => Some(SavedTable::default()),
                Ok(Some((placed, saved_at))) => Some(SavedTable {
                    cards: placed.cards.into_iter().map(saved_card).collect(),
                    settings: placed.settings,
                    has_tokens: placed.has_tokens,
                    saved_at: Some(saved_at),
                }),
                Err(error) => {
                    warn!(room.id = %room, error = %error, "the cards of room {room} are not shown: {error}");
                    None
                }
            }
        }
        .boxed()
    }

    fn save<'a>(
        &'a self,
        room: RoomId,
        game: &'a str,
        moves: Vec<UnsavedMove>,
    ) -> BoxFuture<'a, bool> {
        async move {
            let Some(game) = GameplayId::parse(game) else { return true };
            let Some(saves) = self.saves.get() else { return false };
            let moves: Vec<_> = moves.into_iter().map(moved_card).collect();
            let (db, directory) = (&self.db, &self.directory);
            let key = (room, &game);
            match table::save_moves(db, directory, saves, key, &moves, self.bounds).await {
                // The owner looks at a closed room as it was.
                Ok(()) | Err(GameplayError::Room(RoomError::Closed(_) | RoomError::NoSuchRoom)) => {
                    true
                }
                Err(error @ (GameplayError::Database(_) | GameplayError::Room(_))) => {
                    warn!(room.id = %room, error = %error, "moves of room {room} are not saved yet: {error}");
                    false
                }
                Err(error) => {
                    warn!(room.id = %room, error = %error, "moves of room {room} are not saved: {error}");
                    true
                }
            }
        }
        .boxed()
    }
}

fn moved_card(UnsavedMove { card, zone, known_from }: UnsavedMove) -> MovedCard {
    MovedCard { card, zone, known_from }
}

fn saved_card(PlacedCard { card, zone, tokens }: PlacedCard) -> SavedCard {
    SavedCard { card, zone, tokens }
}
