//! Access tokens: JSON Web Tokens that name an account and a session.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ids::{AccountId, SessionId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::error::AuthError;
use crate::sessions::Generation;
use crate::tokens::expiry;
use crate::tokens::keys::KeyRing;
use crate::tokens::signer::{Signer, is_compact};

/// Separates the keys of access tokens from those of other tokens.
const PURPOSE: &[u8] = b"cardroom access token";

/// The `typ` of an access token (RFC 9068, section 2.1).
const KIND: &str = "at+jwt";

/// The `aud` of access tokens.
const AUDIENCE: &str = "cardroom-api";

/// Capacity of the cache of verified tokens, about 600 bytes each.
const VERIFIED_MAX: u64 = 10_000;

/// Initial capacity of the cache.
const VERIFIED_INITIAL: usize = 64;

/// Issues and verifies access tokens. A clone shares the cache of verified tokens.
#[derive(Clone)]
pub struct AccessTokens {
    signer: Signer,
    legacy: Option<Legacy>,
    lifetime: TimeDelta,
    /// Claims of tokens whose signature was verified. They stay valid as long as the keys.
    verified: Arc<Cache<Box<str>, AccessClaims, UnitWeighter>>,
}

/// The claims of a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The account.
    pub account: AccountId,
    /// The session; none for a token of the earlier backend.
    pub session: Option<SessionId>,
    /// The moment from which the token is refused.
    pub until: DateTime<Utc>,
}

/// The claims to write. The roles are for clients; authorization reads them from the database.
#[derive(Serialize)]
struct Written<'a> {
    sub: AccountId,
    email: &'a str,
    roles: Vec<&'static str>,
    iat: i64,
    exp: i64,
    jti: String,
    sid: SessionId,
}

/// The claims to read; the signer verifies `iss` and `aud`.
///
/// `iat` is required but not compared: the clock of the instance that issued the token may be ahead,
/// or may have been set back since, and `exp` bounds the token in either case.
#[derive(Deserialize)]
struct Claims {
    sub: AccountId,
    #[serde(rename = "iat")]
    _iat: i64,
    exp: i64,
    #[serde(rename = "jti")]
    _jti: String,
    sid: SessionId,
}

impl Claims {
    fn access(&self) -> Option<AccessClaims> {
        let until = expiry::accepted_until(self.exp)?;
        Some(AccessClaims { account: self.sub, session: Some(self.sid), until })
    }
}

impl AccessClaims {
    /// Whether the token is accepted at `now`.
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        expiry::is_accepted(self.until, now)
    }
}

impl AccessTokens {
    /// Tokens that live for `minutes`; with `legacy` those of the earlier backend are accepted as well.
    pub fn new(ring: &KeyRing, minutes: u32, legacy: bool) -> Self {
        Self {
            signer: Signer::new(KIND, AUDIENCE, &ring.for_purpose(PURPOSE)),
            legacy: legacy.then(|| Legacy::new(ring)),
            lifetime: TimeDelta::minutes(minutes.into()),
            verified: Arc::new(Cache::with_weighter(VERIFIED_INITIAL, VERIFIED_MAX, UnitWeighter)),
        }
    }

    /// The end (`exp`) of a token that is issued `at` this moment.
    pub fn end(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.lifetime
    }

    /// The token of `account` for one generation of a session. Equal arguments give equal tokens.
    ///
    /// # Errors
    /// When it cannot be signed, which would be a bug.
    pub(crate) fn issue(
        &self,
        account: &Account,
        generation: Generation,
    ) -> Result<String, AuthError> {
        self.signer.sign(&Written {
            sub: account.id,
            email: account.email.as_str(),
            roles: account.roles.names(),
            iat: generation.began_at.timestamp(),
            exp: self.end(generation.began_at).timestamp(),
            jti: format!("{}.{}", generation.session, generation.number),
            sid: generation.session,
        })
    }

    /// Verifies a token; gives its claims.
    ///
    /// # Errors
    /// When the signature or the format is wrong, or the token expired.
    pub fn read(&self, token: &str) -> Result<AccessClaims, AuthError> {
        self.read_at(token, Utc::now())
    }

    fn read_at(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, AuthError> {
        let claims = match (self.own(token), &self.legacy) {
            (Some(claims), _) => claims,
            (None, Some(legacy)) => legacy.read(token, now)?,
            (None, None) => return Err(AuthError::BadToken),
        };
        if claims.is_valid_at(now) { Ok(claims) } else { Err(AuthError::BadToken) }
    }

    /// The claims of a token that this service signed, expired or not.
    fn own(&self, token: &str) -> Option<AccessClaims> {
        let known = self.verified.get(token);
        known.or_else(|| {
            let claims = self.signer.verify::<Claims>(token)?.access()?;
            self.verified.insert(token.into(), claims);
            Some(claims)
        })
    }
}

/// Verifies the tokens of the earlier backend, signed with the secret itself.
#[derive(Clone)]
struct Legacy {
    keys: Vec<DecodingKey>,
    validation: Validation,
}

/// The claims of such a token that are used.
#[derive(Deserialize)]
struct LegacyClaims {
    sub: String,
    exp: i64,
}

impl Legacy {
    fn new(ring: &KeyRing) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = expiry::CLOCK_SKEW_SECS;
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.validate_nbf = true;
        Self { keys: ring.secrets().map(DecodingKey::from_secret).collect(), validation }
    }

    fn read(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, AuthError> {
        if !is_compact(token) {
            return Err(AuthError::BadToken);
        }
        let decoded = |key| jsonwebtoken::decode::<LegacyClaims>(token, key, &self.validation).ok();
        let read = self.keys.iter().find_map(decoded).ok_or(AuthError::BadToken)?;
        let is_plain = read.header.kid.is_none() && read.header.typ.is_none_or(|it| it == "JWT");
        if !is_plain {
            return Err(AuthError::BadToken);
        }
        let until = expiry::accepted_until(read.claims.exp).ok_or(AuthError::BadToken)?;
        if !expiry::is_accepted(until, now) {
            return Err(AuthError::BadToken);
        }
        let account = read.claims.sub.parse().map_err(|_| AuthError::BadSubject)?;
        Ok(AccessClaims { account, session: None, until })
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use proptest::prelude::*;

    use super::*;
    use crate::accounts::{Role, Roles};
    use values::Email;

    const SECRET: &str = "a secret of the tests, long enough for HS256";
    const OTHER: &str = "another secret, also long enough for HS256";

    fn ring(active: &str, passive: &[&str]) -> KeyRing {
        let passive: Vec<_> = passive.iter().map(|it| (*it).into()).collect();
        KeyRing::new(&active.into(), &passive)
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new(&ring(SECRET, &[]), 15, true)
    }

    fn account() -> Account {
        Account {
            id: AccountId::from_u128(1),
            email: Email::trusted("ada@example.com"),
            name: "Ada".into(),
            roles: Roles::new([Role::Counselor]),
            is_active: true,
            must_change_password: false,
            created_at: Utc::now(),
        }
    }

    fn generation(age: TimeDelta) -> Generation {
        Generation { session: SessionId::from_u128(2), number: 1, began_at: Utc::now() - age }
    }

    /// A token as the earlier backend signed it.
    fn legacy(claims: &str) -> String {
        let claims: serde_json::Value = serde_json::from_str(claims).unwrap();
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
    }

    #[test]
    fn a_token_names_its_account_and_session_until_it_expires() {
        let read = |age| tokens().read(&tokens().issue(&account(), generation(age)).unwrap()).ok();
        let named = |age| read(age).map(|it| (it.account, it.session));
        let expected = Some((account().id, Some(SessionId::from_u128(2))));

        assert_eq!(named(TimeDelta::zero()), expected);
        assert_eq!(named(TimeDelta::minutes(14)), expected);
        assert_eq!(named(TimeDelta::minutes(16)), None);
    }

    #[test]
    fn a_token_of_a_clock_that_is_ahead_or_was_set_back_is_accepted() {
        for ahead in [TimeDelta::seconds(10), TimeDelta::hours(1)] {
            let token = tokens().issue(&account(), generation(-ahead)).unwrap();
            assert!(tokens().read(&token).is_ok(), "{ahead}");
        }
    }

    #[test]
    fn a_token_is_refused_from_its_end_on() {
        let tokens = tokens();
        let token = tokens.issue(&account(), generation(TimeDelta::zero())).unwrap();
        let until = tokens.read(&token).unwrap().until;
        // Once as it is verified, once as it is remembered.
        for _ in 0..2 {
            assert!(tokens.read_at(&token, until - TimeDelta::nanoseconds(1)).is_ok());
            assert!(matches!(tokens.read_at(&token, until), Err(AuthError::BadToken)));
        }
    }

    #[test]
    fn one_generation_of_a_session_has_one_token() {
        let first = generation(TimeDelta::zero());
        let [one, other] = [(); 2].map(|()| tokens().issue(&account(), first).unwrap());
        assert_eq!(one, other);
        let next = Generation { number: 2, ..first };
        assert_ne!(tokens().issue(&account(), next).unwrap(), one);
    }

    #[test]
    fn a_key_verifies_while_it_is_in_the_ring() {
        let old = AccessTokens::new(&ring(SECRET, &[OTHER]), 15, false);
        let new = AccessTokens::new(&ring(OTHER, &[SECRET]), 15, false);
        let newest = AccessTokens::new(&ring(OTHER, &[]), 15, false);
        let token = old.issue(&account(), generation(TimeDelta::zero())).unwrap();
        assert!(new.read(&token).is_ok());
        assert!(newest.read(&token).is_err());
        let token = new.issue(&account(), generation(TimeDelta::zero())).unwrap();
        assert!(old.read(&token).is_ok());
        assert!(newest.read(&token).is_ok());
    }

    #[test]
    fn tokens_of_the_old_system_are_good_where_the_settings_say_so() {
        let token = legacy(r#"{"sub":"00000000-0000-0000-0000-000000000001","exp":4102444800}"#);
        let until = expiry::accepted_until(4_102_444_800).unwrap();
        let claims = AccessClaims { account: account().id, session: None, until };
        assert_eq!(tokens().read(&token).ok(), Some(claims));
        assert!(AccessTokens::new(&ring(SECRET, &[]), 15, false).read(&token).is_err());
        assert!(AccessTokens::new(&ring(OTHER, &[SECRET]), 15, true).read(&token).is_ok());
    }

    #[test]
    fn an_old_token_with_missing_invalid_or_future_claims_is_refused() {
        let sub = r#""sub":"00000000-0000-0000-0000-000000000001""#;
        for claims in [
            format!("{{{sub}}}"),
            r#"{"exp":4102444800}"#.to_owned(),
            format!(r#"{{{sub},"exp":"4102444800"}}"#),
            r#"{"sub":7,"exp":4102444800}"#.to_owned(),
            format!(r#"{{{sub},"exp":-1}}"#),
            format!(r#"{{{sub},"exp":1000000000}}"#),
            format!(r#"{{{sub},"exp":4102444800,"nbf":4102444799}}"#),
        ] {
            let read = tokens().read(&legacy(&claims));
            assert!(matches!(read, Err(AuthError::BadToken)), "{claims}");
        }
        // With nothing wrong they are good.
        let good = format!(r#"{{{sub},"exp":4102444800,"nbf":1000000000}}"#);
        assert!(tokens().read(&legacy(&good)).is_ok());
        let unknown = tokens().read(&legacy(r#"{"sub":"x","exp":4102444800}"#));
        assert!(matches!(unknown, Err(AuthError::BadSubject)));
    }

    proptest! {
        #[test]
        fn a_token_with_one_byte_changed_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let token = tokens().issue(&account(), generation(TimeDelta::zero())).unwrap();
            let at = at.index(token.len());
            let mut forged = token.clone();
            forged.replace_range(at..=at, &to);
            prop_assume!(forged != token);
            prop_assert!(tokens().read(&forged).is_err());
        }
    }
}
