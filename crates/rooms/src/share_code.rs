//! The share code: six characters that visitors join by.

use std::fmt;

use rand::Rng;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use values::{Field, Location, PathParam};

/// Letters and digits that are not mistaken for one another: no I, L, O, 0 or 1.
const SYMBOLS: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// Characters of a new code. 31⁶ codes can be guessed, so a code is an address and not a secret.
const LENGTH: usize = 6;

/// A room's share code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShareCode(String);

impl ShareCode {
    /// Draws a new code.
    pub fn draw(random: &mut impl Rng) -> Self {
        let symbols = (0..LENGTH).filter_map(|_| SYMBOLS.choose(random));
        Self(symbols.map(|symbol| char::from(*symbol)).collect())
    }

    /// Reads a code as people type it, without regard to case, blanks and hyphens.
    ///
    /// Any text is accepted; one that is no code finds no room.
    pub fn parse(text: &str) -> Self {
        let symbols = text.chars().filter(|it| !is_separator(*it));
        Self(symbols.map(|it| it.to_ascii_uppercase()).collect())
    }

    /// A code from the database; older rooms have symbols that are no longer drawn.
    pub(crate) fn from_column(code: String) -> Self {
        Self(code)
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for ShareCode {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        String::read(value, location).map(|text| Self::parse(&text))
    }
}

impl PathParam for ShareCode {
    const NAME: &'static str = "share_code";
    const DESCRIPTION: &'static str = "The share code; case, blanks and hyphens do not matter";
}

impl From<ShareCode> for String {
    fn from(code: ShareCode) -> Self {
        code.0
    }
}

impl fmt::Display for ShareCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a symbol only separates others: a blank, a hyphen, a dash or a minus sign.
fn is_separator(symbol: char) -> bool {
    symbol.is_whitespace()
        || matches!(symbol, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    proptest! {
        #[test]
        fn a_code_has_six_unmistakable_characters(seed: u64) {
            let code = ShareCode::draw(&mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(code.as_str().len(), LENGTH);
            prop_assert!(code.as_str().bytes().all(|symbol| SYMBOLS.contains(&symbol)));
        }
    }

    #[test]
    fn case_blanks_and_hyphens_do_not_matter() {
        for typed in
            ["ABC234", "abc234", " aBc 234\t", "ABC-234", "a-b-c-2-3-4", "ABC\u{3000}\u{2013}234"]
        {
            assert_eq!(ShareCode::parse(typed).as_str(), "ABC234", "{typed}");
        }
        for other in ["ABC_234", "ABC.234", "ÄBC234"] {
            assert_eq!(ShareCode::parse(other).as_str(), other);
        }
    }

    #[test]
    fn every_symbol_is_drawn_equally_often() {
        let mut random = StdRng::seed_from_u64(1);
        let mut counts = HashMap::new();
        let draws = 31_000;
        for _ in 0..draws {
            for symbol in ShareCode::draw(&mut random).0.chars() {
                *counts.entry(symbol).or_insert(0_u32) += 1;
            }
        }
        let expected = f64::from(draws) * 6.0 / 31.0;
        let square = |count: &u32| (f64::from(*count) - expected).powi(2) / expected;
        let chi_square: f64 = counts.values().map(square).sum();

        assert_eq!(counts.len(), SYMBOLS.len());
        // With 30 degrees of freedom, one fair run in a thousand exceeds 59.7.
        assert!(chi_square < 59.7, "{chi_square}");
    }
}
