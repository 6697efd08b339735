//! The state that every load saves, also those of other tools.
//!
//! The cost of a save depends on the length of its document, so that only figures of one document compare.

use std::sync::LazyLock;

/// Cards on the table: about 1.4 kB of JSON, as the web app saves.
const CARDS: u64 = 30;

/// The cards that do not move.
static REST: LazyLock<String> = LazyLock::new(|| {
    let card =
        |card| format!(r#","card-{card}":{{"x":{},"y":{},"zone":"dislike"}}"#, card * 7, card * 11);
    (1..CARDS).map(card).collect()
});

/// The state that goes with a marker, as JSON: one card lies elsewhere for each.
pub(crate) fn state(marker: u64) -> String {
    let (x, y, rest) = (marker % 997, marker % 991, &*REST);
    format!(
        r#"{{"marker":{marker},"cardPlacements":{{"card-0":{{"x":{x},"y":{y},"zone":"like"}}{rest}}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_long_as_what_the_web_app_saves() {
        for marker in [0, 996, 1 << 32, 1 << 53] {
            let length = state(marker).len();
            assert!((1_300..1_400).contains(&length), "{marker}: {length}");
        }
        assert_ne!(state(1), state(2));
    }
}
