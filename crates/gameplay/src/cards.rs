//! The cards that lie on the table, in the documents of the web app's games. No I/O.
//!
//! The document of a game holds `cardPlacements`. Most games have a list of card ids for each zone,
//! `likeCards` for the zone `like`; `life_transformation` has `lifeAreas` instead, where every card has an
//! area of its own with the tokens on it, and its zone is `life_` and the area.

use documents::Json;
use serde_json::{Map, Value};

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
    let fits = |name: &str| !name.is_empty() && name.len() <= NAME_BYTES_MAX;
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
