//! Passwords and what is kept of them.

use std::ops::Range;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use values::{Field, Location};

use crate::common_passwords;

/// Shortest password that may be set, in characters.
const CHARACTERS_MIN: usize = 8;

/// Longest password that may be set: bcrypt reads 72 bytes with its terminator, and what it does
/// not read would not count.
const BYTES_MAX: usize = 71;

/// A password as somebody typed it. It says nothing of itself in logs.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

/// Why a password may not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitPassword {
    /// Fewer than 8 characters.
    Short,
    /// More than 71 bytes.
    Long,
    /// Among those that are tried first.
    Common,
}

impl Password {
    /// Whether this may become the password of an account.
    ///
    /// # Errors
    /// When it is too short, too long, or common.
    pub fn fit_to_set(self) -> Result<Self, UnfitPassword> {
        let text = self.0.expose_secret();
        if text.chars().count() < CHARACTERS_MIN {
            return Err(UnfitPassword::Short);
        }
        if common_passwords::contain(text) {
            return Err(UnfitPassword::Common);
        }
        self.hashable()
    }

    /// Whether all of it would count.
    ///
    /// # Errors
    /// When it is longer than bcrypt reads.
    pub fn hashable(self) -> Result<Self, UnfitPassword> {
        if self.0.expose_secret().len() > BYTES_MAX { Err(UnfitPassword::Long) } else { Ok(self) }
    }

    /// Hashes the password; `cost` doubles the work with each step. Blocks for up to a second.
    ///
    /// # Errors
    /// When the cost is out of bcrypt's range or the system gives no randomness.
    pub fn hash(&self, cost: u32) -> Result<PasswordHash, bcrypt::BcryptError> {
        bcrypt::hash(self.0.expose_secret(), cost).map(PasswordHash)
    }

    /// The password itself, for the one answer that shows a generated one.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Field for Password {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        String::read(value, location).map(Self::from)
    }
}

/// What is kept of a password: bcrypt's own text, with cost and salt in it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash that no password has: checking against it costs as much as against a real one.
    pub fn of_nobody(cost: u32) -> Self {
        Self(format!("$2b${cost:02}${}", ".".repeat(53)))
    }

    /// Whether this is the hash of `password`. Blocks for up to a second.
    ///
    /// Passwords that bcrypt would not read to their end, and hashes that are none, never match.
    pub fn matches(&self, password: &Password) -> bool {
        let text = password.expose();
        let counts = text.len() <= BYTES_MAX + 1 && !text.contains('\0');
        let matches = bcrypt::verify(text, &self.0).unwrap_or(false);
        counts && matches
    }

    /// Whether this is the hash of `password`; if not, after as much work as a hash of `cost` asks,
    /// so that a refusal takes as long for an old, cheaper hash as for nobody's.
    pub fn matches_at_cost(&self, password: &Password, cost: u32) -> bool {
        let matches = self.matches(password);
        if !matches {
            for missing in self.costs_missing(cost) {
                Self::of_nobody(missing).matches(password);
            }
        }
        matches
    }

    /// The costs whose work, together with this hash's own, makes up that of `cost`. A step of cost
    /// doubles the work, so 10 and then 10 and 11 take as long as 12.
    fn costs_missing(&self, cost: u32) -> Range<u32> {
        let parts = self.0.parse::<bcrypt::HashParts>();
        parts.map_or(cost..cost + 1, |parts| parts.get_cost()..cost)
    }

    /// Whether it was made with less work than `cost` asks.
    pub fn is_cheaper_than(&self, cost: u32) -> bool {
        let parts = self.0.parse::<bcrypt::HashParts>();
        parts.is_ok_and(|parts| parts.get_cost() < cost)
    }

    /// The text to keep.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PasswordHash {
    fn from(kept: String) -> Self {
        Self(kept)
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// bcrypt's least cost: the tests are about which passwords match, not about the work.
    const COST: u32 = 4;

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    fn check(set: &str, typed: &str, matches: bool) {
        let hash = password(set).hash(COST).unwrap();
        assert_eq!(hash.matches(&password(typed)), matches, "{typed:?} for {set:?}");
    }

    #[test]
    fn only_the_password_itself_matches() {
        check("TestPassword123!", "TestPassword123!", true);
        check("TestPassword123!", "testpassword123!", false);
        check("a", "a\0a", false);
        check("", "\0", false);
        check(&"x".repeat(72), &"x".repeat(73), false);
        check(&"x".repeat(71), &"x".repeat(71), true);
        check("é", "e\u{301}", false);
    }

    #[test]
    fn hashes_of_other_libraries_are_verified() {
        // Made by Python's bcrypt 5.0.0, at the two costs that the old database holds.
        for kept in [
            "$2b$10$PfgSCy/d14aYrEgYlvW7WuYJp2hUL46QHJS.DRgFpIHoVHFzcq1/G",
            "$2b$12$Irh9KaFFDEysDx2DveF2cuK6QjOlZ4fN.DOH.wbtPGxCNJZDBX27W",
        ] {
            let hash = PasswordHash::from(kept.to_owned());
            assert!(hash.matches(&password("TestPassword123!")), "{kept}");
            assert!(!hash.matches(&password("TestPassword123?")), "{kept}");
        }
    }

    #[test]
    fn what_is_no_hash_matches_nothing() {
        for kept in ["", "plain", "$2b$10$short", "ä".repeat(30).as_str()] {
            assert!(!PasswordHash::from(kept.to_owned()).matches(&password("plain")), "{kept}");
        }
        assert!(!PasswordHash::of_nobody(COST).matches(&password("")));
    }

    #[test]
    fn lengths_are_bounded_where_bcrypt_stops_reading() {
        let fit = |text: &str| password(text).fit_to_set().map(|_| ());
        assert_eq!(fit("1234567"), Err(UnfitPassword::Short));
        assert_eq!(fit("12 horse"), Ok(()));
        assert_eq!(fit(&"x".repeat(71)), Ok(()));
        assert_eq!(fit(&"x".repeat(72)), Err(UnfitPassword::Long));
        assert_eq!(fit(&"😀".repeat(18)), Err(UnfitPassword::Long));
    }

    #[test]
    fn a_hash_knows_its_cost() {
        let hash = password("TestPassword123!").hash(COST).unwrap();
        assert!(hash.is_cheaper_than(COST + 1));
        assert!(!hash.is_cheaper_than(COST));
        assert!(!PasswordHash::from("plain".to_owned()).is_cheaper_than(12));
    }

    #[test]
    fn a_refusal_takes_the_work_of_todays_cost() {
        #[track_caller]
        fn check(kept: &PasswordHash, own: u64) {
            let missing: u64 = kept.costs_missing(12).map(|cost| 1_u64 << cost).sum();
            assert_eq!(own + missing, 1 << 12);
        }
        for cost in 4..=12 {
            check(&PasswordHash::of_nobody(cost), 1 << cost);
        }
        check(&PasswordHash::from("plain".to_owned()), 0);
        assert!(PasswordHash::of_nobody(13).costs_missing(12).is_empty());
    }
}
