//! E-mail addresses.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fault::{Fault, Location};
use crate::field::Field;

/// An e-mail address in lower case: two spellings of one address are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Domains that never receive mail (RFC 6761); an address there is a mistake.
const SPECIAL_USE: [&str; 4] = ["test", "local", "invalid", "localhost"];

/// Longest address that can be mailed to (RFC 5321, section 4.5.3.1.3, less the brackets).
const BYTES_MAX: usize = 254;

impl Email {
    /// Takes an address from outside: blanks around it are dropped, and a display name.
    ///
    /// # Errors
    /// When it is no address that could receive mail.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let address = bare(text.trim());
        check(address).map_err(fault)?;
        Ok(Self(address.to_lowercase()))
    }

    /// An address that is known to be one, such as one from the database.
    pub fn trusted(address: &str) -> Self {
        Self(address.to_lowercase())
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(local, _)| local)
    }
}

/// `Ada <ada@example.com>` without the name.
fn bare(text: &str) -> &str {
    let inner = text.strip_suffix('>').and_then(|it| it.rsplit_once('<'));
    inner.map_or(text, |(_, address)| address)
}

fn check(address: &str) -> Result<(), &'static str> {
    let Some((_, domain)) = address.rsplit_once('@') else {
        return Err("An email address must have an @-sign.");
    };
    if address.len() > BYTES_MAX {
        return Err("The email address is too long.");
    }
    let top = domain.rsplit('.').next().unwrap_or_default().to_lowercase();
    if SPECIAL_USE.contains(&top.as_str()) {
        return Err(
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        );
    }
    let strict =
        Options::default().with_required_tld().without_domain_literal().without_display_text();
    if EmailAddress::parse_with_options(address, strict).is_err() || address.contains('"') {
        return Err("The email address is not valid.");
    }
    Ok(())
}

fn fault(reason: &'static str) -> Fault {
    Fault::new("value_error", format!("value is not a valid email address: {reason}"))
        .context(json!({ "reason": reason }))
}

impl Field for Email {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        match value {
            Value::String(text) => location.check(value, Self::parse(text)),
            _ => {
                location.reject(value, Fault::new("string_type", "Input should be a valid string"))
            }
        }
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
            .max_length(Some(BYTES_MAX))
            .into()
    }
}

impl ToSchema for Email {}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, kept: Option<&str>) {
        assert_eq!(Email::parse(sent).ok().as_ref().map(Email::as_str), kept, "{sent}");
    }

    #[test]
    fn an_address_is_kept_in_lower_case_without_its_trimmings() {
        check(" Demo.Counselor@Example.COM ", Some("demo.counselor@example.com"));
        check("Ada Lovelace <ada@example.com>", Some("ada@example.com"));
        check("a+b@sub.example.org", Some("a+b@sub.example.org"));
    }

    #[test]
    fn what_cannot_receive_mail_is_refused() {
        for sent in [
            "",
            "a",
            "a@",
            "@example.com",
            "a@b",
            "a@example.test",
            "a@x.local",
            "a b@example.com",
            "a@example.com\0",
            "a@[127.0.0.1]",
            "a@@example.com",
            "a@example..com",
        ] {
            check(sent, None);
        }
        check(&format!("{}@example.com", "x".repeat(300)), None);
    }
}
