//! The latest moves of cards in a channel, and the cards that lie on the table after them. No I/O.
//!
//! The web app announces moves and keeps the table by itself, so a page that opens late would see none of
//! the cards. The saved state of the game has most of them; the moves since then are remembered here.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::saved_cards::{SavedCard, SavedTable, UnsavedMove};

/// Cards of a channel whose moves are remembered; then the oldest is forgotten.
pub const CARDS_MAX: usize = 300;

/// Longest id of a card, and longest zone, in bytes.
pub const NAME_BYTES_MAX: usize = 100;

/// The zone of cards that are not on the table.
const DECK: &str = "deck";

/// Prefix of zones with tokens.
const TOKEN_ZONE: &str = "life_";

/// The settings of a game with tokens.
const SETTINGS: [&str; 2] = ["maxCards", "totalTokens"];

/// How long a move of a visitor may be under way to the page of the owner, which saves the table.
const UNDER_WAY_MAX: TimeDelta = TimeDelta::seconds(2);

/// The event of a move.
pub(crate) const CARD_MOVED: &str = "card_moved";

/// The event by which a page that opens asks for the table.
pub(crate) const REQUEST_GAME_STATE: &str = "request_game_state";

/// The event of a whole table, which the owner's page sends.
pub(crate) const CURRENT_GAME_STATE: &str = "current_game_state";

/// The latest move of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardMove {
    card: Box<str>,
    zone: Box<str>,
    by_owner: bool,
    at: DateTime<Utc>,
}

/// The latest move of each card, and the latest tokens.
#[derive(Debug, Default)]
pub(crate) struct CardMoves {
    /// The oldest first.
    moves: VecDeque<CardMove>,
    tokens: Option<Tokens>,
}

/// The tokens on the cards of a game that has them, as the owner's page sent them with its whole table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tokens {
    by_card: HashMap<Box<str>, i64>,
    settings: Map<String, Value>,
    at: DateTime<Utc>,
}

impl Tokens {
    /// Reads the payload of a whole table that arrived at `at`; `None` when no card is in a zone with tokens.
    pub(crate) fn read(payload: &[u8], at: DateTime<Utc>) -> Option<Self> {
        let payload: Value = serde_json::from_slice(payload).ok()?;
        let cards = payload.get("cards")?.as_object()?.iter();
        let with_tokens = cards.filter(|(card, value)| {
            let zone = value.get("zone").and_then(Value::as_str);
            card.len() <= NAME_BYTES_MAX && zone.is_some_and(|it| it.starts_with(TOKEN_ZONE))
        });
        let tokens =
            |value: &Value| value.get("tokens").and_then(Value::as_i64).unwrap_or_default();
        let by_card: HashMap<_, _> = with_tokens
            .take(CARDS_MAX)
            .map(|(card, value)| (card.as_str().into(), tokens(value)))
            .collect();
        let setting = |name: &str| {
            let value = payload.get("settings")?.get(name).filter(|it| it.is_number())?;
            Some((name.to_owned(), value.clone()))
        };
        let settings = SETTINGS.into_iter().filter_map(setting).collect();
        (!by_card.is_empty()).then_some(Self { by_card, settings, at })
    }
}

impl CardMove {
    /// Reads the payload of a move that arrived at `at`. `by_owner` is who moved, if that is known;
    /// otherwise the payload says it.
    pub(crate) fn read(payload: &[u8], by_owner: Option<bool>, at: DateTime<Utc>) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload {
            card_id: Box<str>,
            to_zone: Box<str>,
            performed_by: Option<Value>,
        }
        // Serde would read the elements of an array as the fields.
        let is_object = payload.first() == Some(&b'{');
        let payload: Option<Payload> =
            is_object.then(|| serde_json::from_slice(payload).ok()).flatten();
        let Payload { card_id, to_zone, performed_by } = payload?;
        let fits = |name: &str| !name.is_empty() && name.len() <= NAME_BYTES_MAX;
        let by_owner = by_owner.unwrap_or_else(|| performed_by == Some("owner".into()));
        (fits(&card_id) && fits(&to_zone)).then_some(Self {
            card: card_id,
            zone: to_zone,
            by_owner,
            at,
        })
    }

    /// Whether the owner moved it.
    pub(crate) fn is_by_owner(&self) -> bool {
        self.by_owner
    }

    /// Whether a state that was saved at `saved_at` may lack the move.
    fn is_newer_than(&self, saved_at: DateTime<Utc>) -> bool {
        saved_at < self.known_from()
    }

    /// A state that was saved at this time or later has the move. The owner's page saves it, and knows its own
    /// moves.
    fn known_from(&self) -> DateTime<Utc> {
        self.at + if self.by_owner { TimeDelta::zero() } else { UNDER_WAY_MAX }
    }
}

impl CardMoves {
    /// Remembers a move.
    pub(crate) fn record(&mut self, moved: CardMove) {
        if let Some(earlier) = self.moves.iter().position(|it| it.card == moved.card) {
            self.moves.remove(earlier);
        } else if self.moves.len() >= CARDS_MAX {
            self.moves.pop_front();
        }
        self.moves.push_back(moved);
    }

    /// The latest moves of those cards that a visitor moved last.
    pub(crate) fn of_visitors(&self) -> Vec<UnsavedMove> {
        let of_visitors = self.moves.iter().filter(|it| !it.by_owner);
        let unsaved = of_visitors.map(|it| UnsavedMove {
            card: it.card.to_string(),
            zone: it.zone.to_string(),
            known_from: it.known_from(),
        });
        unsaved.collect()
    }

    /// Remembers the tokens.
    pub(crate) fn record_tokens(&mut self, tokens: Tokens) {
        self.tokens = Some(tokens);
    }

    /// The broadcasts that show the table to a page, as events and payloads that the web app applies: of a
    /// game with tokens its whole table, of others one move for each card. Cards that were taken away lead the
    /// list of moves, for a page that still has them.
    pub(crate) fn answers(
        &self,
        game: &str,
        saved: &SavedTable,
        now: DateTime<Utc>,
    ) -> Vec<(&'static str, Value)> {
        let is_newer = |it: &&CardMove| saved.saved_at.is_none_or(|at| it.is_newer_than(at));
        let moves: Vec<&CardMove> = self.moves.iter().filter(is_newer).collect();
        let is_moved = |card: &SavedCard| moves.iter().any(|it| *it.card == *card.card);
        let kept = saved.cards.iter().filter(|it| !is_moved(it));
        let (taken, put): (Vec<&CardMove>, Vec<_>) =
            moves.iter().copied().partition(|it| &*it.zone == DECK);
        let timestamp = now.timestamp_millis();
        let kept = kept.map(|it| (it.card.as_str(), it.zone.as_str()));
        let put = put.iter().map(|it| (&*it.card, &*it.zone));
        if saved.has_tokens || self.tokens.is_some() {
            let cards: Map<_, _> = kept.chain(put).map(|it| self.with_tokens(it, saved)).collect();
            let mut table = json!({ "cards": cards, "lastUpdated": timestamp, "gameType": game });
            let newer = self.newer_tokens(saved).map(|it| &it.settings);
            let settings = newer.unwrap_or(&saved.settings);
            // The page would take a setting that is missing for one that is unset.
            if settings.len() == SETTINGS.len() {
                table["settings"] = settings.clone().into();
            }
            return vec![(CURRENT_GAME_STATE, table)];
        }
        let taken = taken.iter().map(|it| (&*it.card, DECK));
        let answer = |(card, to_zone): (&str, &str)| {
            let payload = json!({
                "cardId": card, "fromZone": DECK, "toZone": to_zone, "timestamp": timestamp,
                "performedBy": "owner", "performerName": "", "performerId": "server",
            });
            (CARD_MOVED, payload)
        };
        taken.chain(kept).chain(put).map(answer).collect()
    }

    /// A card of a table as the web app writes it.
    fn with_tokens(&self, (card, zone): (&str, &str), saved: &SavedTable) -> (String, Value) {
        let of_saved = || saved.cards.iter().find(|it| it.card == card)?.tokens;
        let newer = self.newer_tokens(saved).and_then(|it| it.by_card.get(card).copied());
        let tokens = newer.or_else(of_saved).unwrap_or_default();
        (card.to_owned(), json!({ "zone": zone, "tokens": tokens }))
    }

    /// The tokens, if they are newer than those that were saved.
    fn newer_tokens(&self, saved: &SavedTable) -> Option<&Tokens> {
        self.tokens.as_ref().filter(|it| saved.saved_at.is_none_or(|at| it.at > at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1000 + seconds)
    }

    fn moved(card: &str, zone: &str, by: &str, seconds: i64) -> CardMove {
        let payload = json!({ "cardId": card, "toZone": zone, "performedBy": by });
        CardMove::read(payload.to_string().as_bytes(), None, at(seconds)).unwrap()
    }

    fn saved(cards: &[(&str, &str)], seconds: i64) -> SavedTable {
        let card = |(card, zone): &(&str, &str)| SavedCard {
            card: (*card).into(),
            zone: (*zone).into(),
            tokens: None,
        };
        let cards = cards.iter().map(card).collect();
        SavedTable { cards, saved_at: Some(at(seconds)), ..SavedTable::default() }
    }

    /// The cards and zones of the answers.
    fn table(moves: &CardMoves, saved: &SavedTable) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let answers = moves.answers("game", saved, at(0)).into_iter();
        answers.map(|(_, it)| (text(&it["cardId"]), text(&it["toZone"]))).collect()
    }

    fn cards(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(card, zone)| ((*card).into(), (*zone).into())).collect()
    }

    #[test]
    fn the_table_is_what_was_saved_and_the_moves_since() {
        let mut moves = CardMoves::default();
        for (card, zone) in [("a", "like"), ("b", "like"), ("a", "dislike"), ("c", DECK)] {
            moves.record(moved(card, zone, "owner", 5));
        }
        let saved = saved(&[("c", "like"), ("d", "neutral"), ("a", "neutral")], 0);
        let expected = [("c", DECK), ("d", "neutral"), ("b", "like"), ("a", "dislike")];
        assert_eq!(table(&moves, &saved), cards(&expected));
        assert_eq!(table(&moves, &SavedTable::default()).len(), 3);
        assert_eq!(table(&CardMoves::default(), &SavedTable::default()), []);
    }

    #[test]
    fn a_move_counts_until_a_state_is_saved_that_has_it() {
        for (by, seconds, counts) in [
            ("owner", 1, true),
            ("owner", 0, false),
            ("visitor", 0, true),
            ("visitor", -1, true),
            ("visitor", -2, false),
        ] {
            let mut moves = CardMoves::default();
            moves.record(moved("a", "like", by, seconds));
            let expected = if counts { "like" } else { "neutral" };
            let found = table(&moves, &saved(&[("a", "neutral")], 0));
            assert_eq!(found, cards(&[("a", expected)]), "{by} {seconds}");
        }
    }

    #[test]
    fn a_game_with_tokens_is_shown_as_a_whole() {
        let tokens = |card: &str, tokens| SavedCard {
            card: card.into(),
            zone: format!("life_{card}"),
            tokens: Some(tokens),
        };
        let settings = json!({ "maxCards": 10, "totalTokens": 100 });
        let saved = SavedTable {
            cards: vec![tokens("a", 30), tokens("b", 70)],
            settings: settings.as_object().unwrap().clone(),
            has_tokens: true,
            saved_at: Some(at(0)),
        };
        let mut moves = CardMoves::default();
        moves.record(moved("b", DECK, "visitor", 1));
        moves.record(moved("c", "life_c", "visitor", 2));
        let old = json!({ "cards": { "a": { "zone": "life_a", "tokens": 1 } } }).to_string();
        moves.record_tokens(Tokens::read(old.as_bytes(), at(-1)).unwrap());
        let answers = moves.answers("life_transformation", &saved, at(3));
        let expected = json!({
            "cards": { "a": { "zone": "life_a", "tokens": 30 }, "c": { "zone": "life_c", "tokens": 0 } },
            "settings": settings, "lastUpdated": 1_003_000, "gameType": "life_transformation",
        });
        assert_eq!(answers, [(CURRENT_GAME_STATE, expected)]);
        // The owner's page has shown newer ones since, and lacks the move of the visitor.
        let newer = json!({
            "cards": { "a": { "zone": "life_a", "tokens": 45 } }, "settings": { "maxCards": 5, "totalTokens": 50 },
        });
        moves.record_tokens(Tokens::read(newer.to_string().as_bytes(), at(2)).unwrap());
        let table = &moves.answers("life_transformation", &saved, at(3))[0].1;
        let expected = json!({ "a": { "zone": "life_a", "tokens": 45 }, "c": { "zone": "life_c", "tokens": 0 } });
        assert_eq!((&table["cards"], &table["settings"]["maxCards"]), (&expected, &json!(5)));
        let zones = json!({ "cards": { "a": { "zone": "like" } } }).to_string();
        assert_eq!(Tokens::read(zones.as_bytes(), at(0)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut moves = CardMoves::default();
        for number in 0..CARDS_MAX + 5 {
            moves.record(moved(&format!("c{number}"), "like", "visitor", 1));
        }
        assert_eq!((moves.moves.len(), &*moves.moves[0].card), (CARDS_MAX, "c5"));
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for payload in [
            json!({ "cardId": long, "toZone": "like" }),
            json!({ "cardId": "a", "toZone": "" }),
            json!({ "cardId": "a" }),
            json!({ "cardId": 7, "toZone": "like" }),
            json!(["a", "like", "owner"]),
        ] {
            let read = CardMove::read(payload.to_string().as_bytes(), None, at(0));
            assert_eq!(read, None, "{payload}");
        }
        // The server knows better than the payload who moved.
        let payload = json!({ "cardId": "a", "toZone": "like", "performedBy": "owner" });
        let read = CardMove::read(payload.to_string().as_bytes(), Some(false), at(0));
        assert!(!read.unwrap().by_owner);
    }
}
