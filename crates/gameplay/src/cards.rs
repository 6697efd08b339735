//! The cards that lie on the table, in the documents of the web app's games. No I/O.
//!
//! The document of a game holds `cardPlacements`. Most games have a list of card ids for each zone,
//! `likeCards` for the zone `like`; `life_transformation` has `lifeAreas` instead, where every card has an
//! area of its own with the tokens on it, and its zone is `life_` and the area.

use chrono::{DateTime, Utc};
use documents::Json;
use serde_json::{Map, Value, json};

/// Cards of one document that are looked at.
pub const CARDS_MAX: usize = 300;

/// Longest id of a card, and longest zone, in bytes.
pub const NAME_BYTES_MAX: usize = 100;

/// A card on the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedCard {
    /// The id of the card.
    pub card: String,
    /// The zone that it lies in.
    pub zone: String,
    /// The tokens on it, in a game that has them.
    pub tokens: Option<i64>,
}

/// What a document says about the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacedCards {
    /// The cards, each zone in its order.
    pub cards: Vec<PlacedCard>,
    /// The settings of a game with tokens: numbers by their names.
    pub settings: Map<String, Value>,
    /// Whether it is the document of a game with tokens.
    pub has_tokens: bool,
}

/// The cards that lie on the table, in a document; those beyond [`CARDS_MAX`], and names that are too long,
/// are left out. A document that is none of the web app's has no cards.
pub fn placed(document: &Json) -> PlacedCards {
    let parsed: Option<Value> = serde_json::from_str(document.text()).ok();
    let placements = parsed.as_ref().and_then(|it| it.get("cardPlacements")?.as_object());
    let Some(placements) = placements else { return PlacedCards::default() };
    let areas = placements.get("lifeAreas").and_then(Value::as_object);
    let in_areas = areas.into_iter().flatten().flat_map(|(area, value)| {
        let tokens = Some(value.get("tokens").and_then(Value::as_i64).unwrap_or_default());
        let zone = format!("life_{area}");
        names(value.get("cards")).map(move |card| (card.to_owned(), zone.clone(), tokens))
    });
    let in_zones = placements.iter().filter_map(|(name, cards)| {
        let zone = name.strip_suffix("Cards").filter(|it| !it.is_empty())?;
        Some(names(Some(cards)).map(move |card| (card.to_owned(), zone.to_owned(), None)))
    });
    let all = in_zones.flatten().chain(in_areas);
    let cards = all.filter(|(card, zone, _)| fits(card) && fits(zone));
    let cards = cards.map(|(card, zone, tokens)| PlacedCard { card, zone, tokens });
    let settings = ["maxCards", "totalTokens"].into_iter().filter_map(|name| {
        let value = placements.get(name).filter(|it| it.is_number())?;
        Some((name.to_owned(), value.clone()))
    });
    PlacedCards {
        cards: cards.take(CARDS_MAX).collect(),
        settings: settings.collect(),
        has_tokens: areas.is_some(),
    }
}

/// The zones of the web app's games, besides `life_transformation`.
const ZONES: [(&str, &[&str]); 6] = [
    ("personality_assessment", &["like", "neutral", "dislike"]),
    ("advantage_analysis", &["advantage", "disadvantage"]),
    ("value_ranking", &["rank1", "rank2", "rank3", "others"]),
    ("career_collector", &["collected"]),
    ("growth_planning", &["skills", "actions"]),
    ("position_breakdown", &["position"]),
];

/// The game with tokens.
const TOKEN_GAME: &str = "life_transformation";

/// The zone of cards that are not on the table.
const DECK: &str = "deck";

/// A move of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedCard {
    /// The id of the card.
    pub card: String,
    /// The zone that it was moved to; `deck` takes it from the table.
    pub zone: String,
    /// A state that was saved at this time or later has the move, or its author did not want it.
    pub known_from: DateTime<Utc>,
}

/// The document of a game after these moves, as the web app would write it at `now`; `None` when they change
/// nothing, when the game is none of the web app's, or when the document is of another form.
///
/// Moves into zones that the game does not have, and cards beyond [`CARDS_MAX`], are left out.
pub fn after_moves(
    document: Option<&Json>,
    game: &str,
    moves: &[MovedCard],
    now: DateTime<Utc>,
) -> Option<String> {
    let zones = ZONES.iter().find(|(name, _)| *name == game).map(|(_, zones)| *zones);
    let mut after: Value = match document {
        Some(document) => serde_json::from_str(document.text()).ok()?,
        None => json!({ "cardPlacements": {}, "uploadedFile": null, "metadata": { "version": 0 } }),
    };
    let placements = after.get_mut("cardPlacements")?.as_object_mut()?;
    let before = placements.clone();
    for moved in moves.iter().filter(|it| fits(&it.card) && fits(&it.zone)) {
        match zones {
            Some(zones) => move_between(placements, zones, moved),
            None if game == TOKEN_GAME => move_area(placements, moved),
            None => {}
        }
    }
    if *placements == before {
        return None;
    }
    if let Some(metadata) = after.get_mut("metadata").and_then(Value::as_object_mut) {
        let version = metadata.get("version").and_then(Value::as_i64).unwrap_or_default();
        metadata.insert("version".into(), version.saturating_add(1).into());
        metadata.insert("lastModified".into(), now.timestamp_millis().into());
        metadata.insert("syncStatus".into(), "synced".into());
    }
    Some(after.to_string())
}

/// Moves a card from one list to another.
fn move_between(placements: &mut Map<String, Value>, zones: &[&str], moved: &MovedCard) {
    let MovedCard { card, zone, .. } = moved;
    let is_zone = zones.contains(&zone.as_str());
    if !is_zone && zone != DECK {
        return;
    }
    let target = format!("{zone}Cards");
    let is_there = |list: &Value| names(Some(list)).any(|it| it == card);
    if placements.get(&target).is_some_and(is_there) {
        return;
    }
    let mut count = 0;
    for zone in zones {
        let list = placements.get_mut(&format!("{zone}Cards")).and_then(Value::as_array_mut);
        if let Some(list) = list {
            list.retain(|it| it.as_str() != Some(card));
            count += list.len();
        }
    }
    if is_zone && count < CARDS_MAX {
        let list = placements.entry(target).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(card.as_str().into());
        }
    }
}

/// Puts a card into an area of its own, or takes the area away.
fn move_area(placements: &mut Map<String, Value>, moved: &MovedCard) {
    let MovedCard { card, zone, .. } = moved;
    let is_area = zone.strip_prefix("life_") == Some(card);
    if !is_area && zone != DECK {
        return;
    }
    let areas = placements.entry("lifeAreas").or_insert_with(|| json!({}));
    let Some(areas) = areas.as_object_mut() else { return };
    if !is_area {
        areas.remove(card);
    } else if areas.len() < CARDS_MAX && !areas.contains_key(card) {
        areas.insert(card.clone(), json!({ "cards": [card], "tokens": 0 }));
    }
}

fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

/// The texts of a list.
fn names(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use documents::Bounds;

    use super::*;

    const BOUNDS: Bounds = Bounds { bytes: 100_000, depth: 10, nodes: 10_000 };

    #[track_caller]
    fn check(document: &str, expected: &[(&str, &str, Option<i64>)]) -> PlacedCards {
        let found = placed(&Json::accept(document, BOUNDS).unwrap());
        let cards = found.cards.iter().map(|it| (&*it.card, &*it.zone, it.tokens));
        assert_eq!(cards.collect::<Vec<_>>(), expected, "{document}");
        found
    }

    #[test]
    fn cards_lie_in_zones_or_in_areas_with_tokens() {
        let zones = r#"{"cardPlacements":{"likeCards":["b","a"],"dislikeCards":[],"gridCards":[null,"c"]},
            "uploadedFile":null,"metadata":{"version":3}}"#;
        let found = check(zones, &[("c", "grid", None), ("b", "like", None), ("a", "like", None)]);
        assert!(!found.has_tokens && found.settings.is_empty());
        let areas = r#"{"cardPlacements":{"lifeAreas":{"c1":{"cards":["c1"],"tokens":30},"c2":{"cards":["c2"]}},
            "maxCards":10,"totalTokens":"x"}}"#;
        let found = check(areas, &[("c1", "life_c1", Some(30)), ("c2", "life_c2", Some(0))]);
        assert!(found.has_tokens);
        assert_eq!(Value::from(found.settings), serde_json::json!({ "maxCards": 10 }));
    }

    #[test]
    fn other_documents_have_no_cards() {
        for document in [
            "{}",
            r#"{"cardPlacements":[]}"#,
            r#"{"cardPlacements":{"likeCards":{"a":1},"Cards":["a"],"cards":["a"],"lifeAreas":[1]}}"#,
            r#"{"cardPlacements":{"likeCards":[1,"",["a"]],"lifeAreas":{"a":7,"b":{"cards":"b"}}}}"#,
        ] {
            check(document, &[]);
        }
    }

    #[track_caller]
    fn check_moves(game: &str, before: &str, moves: &[(&str, &str)], after: Option<&str>) {
        let document = (!before.is_empty()).then(|| Json::accept(before, BOUNDS).unwrap());
        let parse = |(card, zone): &(&str, &str)| MovedCard {
            card: (*card).into(),
            zone: (*zone).into(),
            known_from: DateTime::UNIX_EPOCH,
        };
        let moves: Vec<_> = moves.iter().map(parse).collect();
        let now = DateTime::from_timestamp_millis(7).unwrap();
        let made = after_moves(document.as_ref(), game, &moves, now);
        let value = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        assert_eq!(made.as_deref().map(value), after.map(value), "{game} {before}");
        // The moves are in the document now.
        if let Some(made) = made {
            let made = Json::accept(&made, BOUNDS).unwrap();
            assert_eq!(after_moves(Some(&made), game, &moves[moves.len() - 1..], now), None);
        }
    }

    #[test]
    fn moves_change_the_document_as_the_web_app_would() {
        let game = "personality_assessment";
        check_moves(
            game,
            r#"{"cardPlacements":{"likeCards":["a","b"],"planText":"x"},"uploadedFile":{"name":"f"},"metadata":{"version":3}}"#,
            &[("a", "dislike"), ("c", "like"), ("b", "deck"), ("c", "rank1"), ("d", "life_d")],
            Some(
                r#"{"cardPlacements":{"likeCards":["c"],"dislikeCards":["a"],"planText":"x"},"uploadedFile":{"name":"f"},"metadata":{"version":4,"lastModified":7,"syncStatus":"synced"}}"#,
            ),
        );
        check_moves(
            game,
            "",
            &[("a", "like")],
            Some(
                r#"{"cardPlacements":{"likeCards":["a"]},"uploadedFile":null,"metadata":{"version":1,"lastModified":7,"syncStatus":"synced"}}"#,
            ),
        );
        check_moves(
            "life_transformation",
            r#"{"cardPlacements":{"lifeAreas":{"a":{"cards":["a"],"tokens":30}},"maxCards":10}}"#,
            &[("a", "life_a"), ("b", "life_b"), ("c", "life_x")],
            Some(
                r#"{"cardPlacements":{"lifeAreas":{"a":{"cards":["a"],"tokens":30},"b":{"cards":["b"],"tokens":0}},"maxCards":10}}"#,
            ),
        );
        check_moves(
            "life_transformation",
            r#"{"cardPlacements":{"lifeAreas":{"a":{"cards":["a"],"tokens":30}}}}"#,
            &[("a", "deck")],
            Some(r#"{"cardPlacements":{"lifeAreas":{}}}"#),
        );
    }

    #[test]
    fn moves_that_change_nothing_make_no_document() {
        let document = r#"{"cardPlacements":{"likeCards":["a","b"]}}"#;
        for (game, before, moved) in [
            ("personality_assessment", document, ("a", "like")),
            ("personality_assessment", document, ("c", "deck")),
            ("personality_assessment", document, ("c", "elsewhere")),
            ("personality_assessment", r#"{"cards":[]}"#, ("a", "like")),
            ("personality_assessment", r#"{"cardPlacements":7}"#, ("a", "like")),
            ("another_game", document, ("c", "like")),
            ("another_game", "", ("c", "like")),
            ("life_transformation", r#"{"cardPlacements":{"lifeAreas":[]}}"#, ("a", "life_a")),
        ] {
            check_moves(game, before, &[moved], None);
        }
        check_moves("value_ranking", "", &[], None);
    }

    #[test]
    fn cards_are_bounded() {
        let ids: Vec<_> = (0..CARDS_MAX + 5).map(|n| format!("c{n}")).collect();
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        let document = serde_json::json!({ "cardPlacements": { "aCards": [long], "bCards": ids } });
        let found = placed(&Json::accept(&document.to_string(), BOUNDS).unwrap());
        assert_eq!(found.cards.len(), CARDS_MAX);
        assert_eq!(found.cards[0].card, "c0");
    }
}
