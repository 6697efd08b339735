//! Passwords and the rules for new ones.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use thiserror::Error;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use values::{Field, Location};

use crate::passwords::common;

/// Minimum length of a new password, in characters.
pub(crate) const CHARACTERS_MIN: usize = 8;

/// Maximum length of a new password, in bytes: bcrypt reads 72 with its terminator and ignores the rest.
pub(crate) const BYTES_MAX: usize = 71;

/// A password as a client sent it. Its `Debug` output is masked.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

/// Why a password may not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnfitPassword {
    /// Fewer than [`CHARACTERS_MIN`] characters.
    #[error("Password must be at least {} characters", CHARACTERS_MIN)]
    Short,
    /// More than [`BYTES_MAX`] bytes.
    #[error("Password must be at most {} bytes", BYTES_MAX)]
    Long,
    /// In a list of common passwords.
    #[error("Password is too common, please choose another")]
    Common,
}

impl Password {
    /// Checks that an owner may choose this password.
    ///
    /// # Errors
    /// When it is too short, too long, or common.
    pub(crate) fn check_rules(&self) -> Result<(), UnfitPassword> {
        let text = self.0.expose_secret();
        if text.chars().count() < CHARACTERS_MIN {
            Err(UnfitPassword::Short)
        } else if common::contain(text) {
            Err(UnfitPassword::Common)
        } else if text.len() > BYTES_MAX {
            Err(UnfitPassword::Long)
        } else {
            Ok(())
        }
    }

    /// Checks that bcrypt reads all of it.
    ///
    /// # Errors
    /// When it is longer than bcrypt reads.
    pub(crate) fn hashable(self) -> Result<Self, UnfitPassword> {
        if self.0.expose_secret().len() > BYTES_MAX { Err(UnfitPassword::Long) } else { Ok(self) }
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

/// A password that an owner chooses, before it was checked against the rules.
#[derive(Clone, Debug)]
pub(crate) struct NewPassword(Password);

impl NewPassword {
    /// The password, if it follows the rules.
    ///
    /// # Errors
    /// When it is too short, too long, or common.
    pub(crate) fn check(self) -> Result<Password, UnfitPassword> {
        self.0.check_rules().map(|()| self.0)
    }
}

impl Field for NewPassword {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        Password::read(value, location).map(Self)
    }
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        text("A password.").into()
    }
}

impl ToSchema for Password {}

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        let description =
            format!("A new password: {CHARACTERS_MIN} characters to {BYTES_MAX} bytes.");
        let schema = ObjectBuilder::from(text(&description));
        schema.min_length(Some(CHARACTERS_MIN)).max_length(Some(BYTES_MAX)).build().into()
    }
}

impl ToSchema for NewPassword {}

fn text(description: &str) -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
    schema.description(Some(description)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_other_languages_name_the_same_lengths() {
        for (code, length) in
            [("password_too_short", CHARACTERS_MIN), ("password_too_long", BYTES_MAX)]
        {
            let text = api::texts::chinese(code).unwrap();
            assert!(text.contains(&format!(" {length} ")), "{text}");
        }
    }

    #[test]
    fn lengths_are_bounded_where_bcrypt_stops_reading() {
        let fit = |text: &str| Password::from(text.to_owned()).check_rules();
        assert_eq!(fit("1234567"), Err(UnfitPassword::Short));
        assert_eq!(fit("12 horse"), Ok(()));
        assert_eq!(fit(&"x".repeat(71)), Ok(()));
        assert_eq!(fit(&"x".repeat(72)), Err(UnfitPassword::Long));
        assert_eq!(fit(&"😀".repeat(18)), Err(UnfitPassword::Long));
    }
}
