//! The saved cards of games, for the channels of cards.

use database::Db;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use gameplay::cards::PlacedCard;
use gameplay::{GameplayId, states};
use ids::RoomId;
use realtime::{SavedCard, SavedTable, SavedTables};
use tracing::warn;

/// Loads tables from saved gameplay states.
pub(crate) struct Tables(pub(crate) Db);

impl SavedTables for Tables {
    fn load<'a>(&'a self, room: RoomId, game: &'a str) -> BoxFuture<'a, Option<SavedTable>> {
        async move {
            // A topic has at most 255 bytes, and a longer name than a game may have was never saved.
            let Some(game) = GameplayId::parse(game) else { return Some(SavedTable::default()) };
            match states::placed_cards(&self.0, room, &game).await {
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
}

fn saved_card(PlacedCard { card, zone, tokens }: PlacedCard) -> SavedCard {
    SavedCard { card, zone, tokens }
}
