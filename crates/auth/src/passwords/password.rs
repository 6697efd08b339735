//! Passwords and the rules for new ones.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use values::{Field, Location};

use crate::passwords::{PasswordHash, common};

/// Minimum length of a new password, in characters.
pub(crate) const CHARACTERS_MIN: usize = 8;

/// Maximum length of a new password, in bytes: bcrypt reads 72 with its terminator and ignores the rest.
pub(crate) const BYTES_MAX: usize = 71;

/// A password as a client sent it. Its `Debug` output is masked.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

/// Why a password may not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitPassword {
    /// Fewer than 8 characters.
    Short,
    /// More than 71 bytes.
    Long,
    /// In a list of common passwords.
    Common,
}

impl Password {
    /// Checks that an owner may choose this password.
    ///
    /// # Errors
    /// When it is too short, too long, or common.
    pub fn fit_to_set(self) -> Result<Self, UnfitPassword> {
        let text = self.0.expose_secret();
        if text.chars().count() < CHARACTERS_MIN {
            return Err(UnfitPassword::Short);
        }
        if common::contain(text) {
            return Err(UnfitPassword::Common);
        }
        self.hashable()
    }

    /// Checks that bcrypt reads all of it.
    ///
    /// # Errors
    /// When it is longer than bcrypt reads.
    pub fn hashable(self) -> Result<Self, UnfitPassword> {
        if self.0.expose_secret().len() > BYTES_MAX { Err(UnfitPassword::Long) } else { Ok(self) }
    }

    /// Hashes the password. Each step of `cost` doubles the work. Blocks for up to a second.
    ///
    /// # Errors
    /// When the cost is out of bcrypt's range or the system gives no randomness.
    pub fn hash(&self, cost: u32) -> Result<PasswordHash, bcrypt::BcryptError> {
        bcrypt::hash(self.0.expose_secret(), cost).map(PasswordHash::from)
    }

    /// The password as text.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_bounded_where_bcrypt_stops_reading() {
        let fit = |text: &str| Password::from(text.to_owned()).fit_to_set().map(|_| ());
        assert_eq!(fit("1234567"), Err(UnfitPassword::Short));
        assert_eq!(fit("12 horse"), Ok(()));
        assert_eq!(fit(&"x".repeat(71)), Ok(()));
        assert_eq!(fit(&"x".repeat(72)), Err(UnfitPassword::Long));
        assert_eq!(fit(&"😀".repeat(18)), Err(UnfitPassword::Long));
    }
}
