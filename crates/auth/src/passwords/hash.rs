//! Hashes of passwords, as bcrypt writes them.

use std::ops::Range;

use settings::BCRYPT_COST_MAX;

use crate::passwords::Password;
use crate::passwords::password::BYTES_MAX;

/// The stored hash of a password: the text of bcrypt, which holds cost and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl Password {
    /// Hashes the password. Each step of `cost` doubles the work. Blocks for up to a second.
    ///
    /// # Errors
    /// When the cost is out of bcrypt's range or the system gives no randomness.
    pub fn hash(&self, cost: u32) -> Result<PasswordHash, bcrypt::BcryptError> {
        bcrypt::hash(self.expose(), cost).map(PasswordHash::from)
    }
}

impl PasswordHash {
    /// A hash that no password matches. Verification takes as long as for any hash of this cost.
    pub fn matching_nothing(cost: u32) -> Self {
        Self(format!("$2b${cost:02}${}", ".".repeat(53)))
    }

    /// Whether this is the hash of `password`. Blocks for up to a second.
    ///
    /// A password that bcrypt would not read to its end never matches, nor does any password match a
    /// malformed hash or one without a valid cost.
    pub fn matches(&self, password: &Password) -> bool {
        let text = password.expose();
        let is_read_whole = text.len() <= BYTES_MAX + 1 && !text.contains('\0');
        let is_hash = self.cost().is_some();
        let matches = is_hash && bcrypt::verify(text, &self.0).unwrap_or(false);
        is_read_whole && matches
    }

    /// The same, with the work of a hash of `cost` at least when it does not match, so that a refusal takes
    /// as long for a cheaper hash as for an unknown address.
    pub fn matches_at_cost(&self, password: &Password, cost: u32) -> bool {
        let matches = self.matches(password);
        if !matches {
            for missing in self.costs_missing(cost) {
                Self::matching_nothing(missing).matches(password);
            }
        }
        matches
    }

    /// The costs whose work, together with that of this hash, is the work of `cost`. A step of cost doubles
    /// the work, so 10 and then 10 and 11 take as long as 12.
    fn costs_missing(&self, cost: u32) -> Range<u32> {
        self.cost().map_or(cost..cost + 1, |own| own..cost)
    }

    /// Whether its cost is below `cost`.
    pub fn is_cheaper_than(&self, cost: u32) -> bool {
        self.cost().is_some_and(|own| own < cost)
    }

    /// Its cost; none when it is malformed, or its cost is above any that the settings allow: a hash of
    /// cost 31 would occupy a thread for hours.
    pub(crate) fn cost(&self) -> Option<u32> {
        let parts = self.0.parse::<bcrypt::HashParts>().ok()?;
        Some(parts.get_cost()).filter(|cost| *cost <= BCRYPT_COST_MAX)
    }

    /// The text to store.
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
    fn a_text_that_is_no_hash_matches_nothing() {
        for kept in ["", "plain", "$2b$10$short", "ä".repeat(30).as_str()] {
            assert!(!PasswordHash::from(kept.to_owned()).matches(&password("plain")), "{kept}");
        }
        assert!(!PasswordHash::matching_nothing(COST).matches(&password("")));
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
            check(&PasswordHash::matching_nothing(cost), 1 << cost);
        }
        check(&PasswordHash::from("plain".to_owned()), 0);
        check(&PasswordHash::matching_nothing(31), 0);
        check(&PasswordHash::matching_nothing(BCRYPT_COST_MAX + 1), 0);
        assert!(PasswordHash::matching_nothing(13).costs_missing(12).is_empty());
    }
}
