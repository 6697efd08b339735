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

/// An e-mail address in lower case, with its domain in ASCII: the spellings of one address are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Top-level domains that never receive mail (RFC 6761).
const SPECIAL_USE: [&str; 4] = ["test", "local", "invalid", "localhost"];

/// Maximum length of an address, in bytes (RFC 5321, section 4.5.3.1.3, without the brackets).
const BYTES_MAX: usize = 254;

const NOT_VALID: &str = "The email address is not valid.";

impl Email {
    /// Parses an address that a client sent. Surrounding blanks and a display name are dropped.
    ///
    /// # Errors
    /// When it is not an address that could receive mail.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let address = bare(text.trim());
        let canonical = canonical(address);
        check(canonical.as_deref().unwrap_or(address)).map_err(fault)?;
        canonical.map(Self).ok_or_else(|| fault(NOT_VALID))
    }

    /// An address that was validated before, such as one from the database.
    pub fn trusted(address: &str) -> Self {
        Self(canonical(address).unwrap_or_else(|| address.to_lowercase()))
    }

    /// The same address with its domain in Unicode, which accounts have that were created before the
    /// spellings were one. Equal to the address itself for most.
    pub fn unicode_spelling(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        format!("{local}@{}", idna::domain_to_unicode(domain).0)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(local, _)| local)
    }
}

/// The address in lower case, with its domain in ASCII (punycode, RFC 5891); none when the domain is not valid.
fn canonical(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain).ok()?;
    Some(format!("{}@{domain}", local.to_lowercase())).filter(|it| it.len() <= BYTES_MAX)
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
        return Err(NOT_VALID);
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
    fn both_spellings_of_a_domain_are_one_address() {
        for sent in ["Ada@Bücher.example", "ada@bücher.example", "ada@XN--bcher-kva.example"] {
            check(sent, Some("ada@xn--bcher-kva.example"));
        }
        // A letter and a combining mark are the letter with the mark.
        check("ada@bu\u{308}cher.example", Some("ada@xn--bcher-kva.example"));
        assert_eq!(
            Email::trusted("ada@xn--bcher-kva.example").unicode_spelling(),
            "ada@bücher.example"
        );
        assert_eq!(Email::trusted("ada@example.com").unicode_spelling(), "ada@example.com");
    }

    #[test]
    fn invalid_addresses_are_refused() {
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
