//! Access tokens: JSON Web Tokens as the old API issued them.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::error::AuthError;

/// How far apart the clocks of two machines may be, in seconds.
pub(crate) const LEEWAY_SECS: u64 = 5;

/// Longest token that is looked at, in bytes; ours have some 300.
pub(crate) const BYTES_MAX: usize = 4096;

/// Issues and verifies access tokens. Cloning shares the keys.
#[derive(Clone)]
pub struct Tokens {
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
    lifetime: TimeDelta,
}

/// What a token says. The roles are for clients to read; we take them from the database.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    roles: Option<Vec<String>>,
    exp: i64,
}

impl Tokens {
    /// Tokens signed with `secret` (HS256) that live for `minutes`.
    pub fn new(secret: &SecretString, minutes: u32) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECS;
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_aud = false;
        validation.validate_nbf = true;
        Self {
            sign: EncodingKey::from_secret(secret),
            verify: DecodingKey::from_secret(secret),
            validation,
            lifetime: TimeDelta::minutes(minutes.into()),
        }
    }

    /// Seconds that a token lives.
    pub fn lifetime_secs(&self) -> i64 {
        self.lifetime.num_seconds()
    }

    /// A token that says who `account` is.
    ///
    /// # Errors
    /// When it cannot be signed, which would be a bug.
    pub fn issue(&self, account: &Account, now: DateTime<Utc>) -> Result<String, AuthError> {
        let claims = Claims {
            sub: account.id.to_string(),
            email: Some(account.email.as_str().to_owned()),
            roles: Some(account.roles.names().into_iter().map(str::to_owned).collect()),
            exp: (now + self.lifetime).timestamp(),
        };
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, &claims, &self.sign).map_err(AuthError::Signing)
    }

    /// Whom a token names: the text of its subject.
    ///
    /// # Errors
    /// When the token is not ours or is over.
    pub fn subject(&self, token: &str) -> Result<String, AuthError> {
        if token.len() > BYTES_MAX {
            return Err(AuthError::BadToken);
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.verify, &self.validation);
        decoded.map(|token| token.claims.sub).map_err(|_| AuthError::BadToken)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ids::AccountId;
    use proptest::prelude::*;

    use super::*;
    use crate::email::Email;
    use crate::role::{Role, Roles};

    const SECRET: &str = "a secret of the tests, long enough for HS256";

    fn tokens() -> Tokens {
        Tokens::new(&SECRET.into(), 15)
    }

    fn account() -> Account {
        Account {
            id: AccountId::well_known(1),
            email: Email::trusted("ada@example.com"),
            name: "Ada".into(),
            roles: Roles::new([Role::Counselor]),
            is_active: true,
            must_change_password: false,
            created_at: Utc::now(),
        }
    }

    fn signed(claims: &str) -> String {
        let claims: serde_json::Value = serde_json::from_str(claims).unwrap();
        jsonwebtoken::encode(&Header::default(), &claims, &tokens().sign).unwrap()
    }

    #[test]
    fn a_token_names_its_account_until_it_is_over() {
        let now = Utc::now();
        let tokens = tokens();
        let subject = |age| tokens.subject(&tokens.issue(&account(), now - age).unwrap()).ok();

        assert_eq!(subject(TimeDelta::zero()), Some(account().id.to_string()));
        assert_eq!(subject(TimeDelta::minutes(14)), Some(account().id.to_string()));
        assert_eq!(subject(TimeDelta::minutes(16)), None);
    }

    #[test]
    fn tokens_of_the_old_system_are_good() {
        assert!(tokens().subject(&signed(r#"{"sub":"x","exp":4102444800}"#)).is_ok());
    }

    #[test]
    fn a_token_that_lacks_something_or_is_not_yet_good_is_refused() {
        for claims in [
            r#"{"sub":"x"}"#,
            r#"{"exp":4102444800}"#,
            r#"{"sub":"x","exp":"4102444800"}"#,
            r#"{"sub":7,"exp":4102444800}"#,
            r#"{"sub":"x","exp":-1}"#,
            r#"{"sub":"x","exp":4102444800,"nbf":4102444799}"#,
        ] {
            assert!(tokens().subject(&signed(claims)).is_err(), "{claims}");
        }
    }

    #[test]
    fn another_algorithm_or_secret_is_refused() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"x","exp":4102444800}"#);
        for algorithm in ["none", "None", "HS384", "RS256"] {
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
            for signature in ["", "AAAA"] {
                let forged = format!("{header}.{claims}.{signature}");
                assert!(tokens().subject(&forged).is_err(), "{forged}");
            }
        }
        let other = Tokens::new(&"another secret, also long enough for HS256".into(), 15);
        let foreign = other.issue(&account(), Utc::now()).unwrap();
        assert!(tokens().subject(&foreign).is_err());
    }

    proptest! {
        #[test]
        fn a_token_with_one_byte_changed_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let token = tokens().issue(&account(), Utc::now()).unwrap();
            let at = at.index(token.len());
            let mut forged = token.clone();
            forged.replace_range(at..=at, &to);
            // The last digit of a signature carries two bits that decoding ignores or refuses.
            prop_assume!(forged != token && at + 1 < token.len());
            prop_assert!(tokens().subject(&forged).is_err());
        }
    }
}
