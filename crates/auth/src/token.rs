//! Access tokens: JSON Web Tokens that say who somebody is and which session they come from.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ids::{AccountId, SessionId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::error::AuthError;
use crate::expiry;
use crate::keys::KeyRing;
use crate::session::Step;
use crate::signer::{Signer, is_compact};

/// Sets the keys of access tokens apart from those of other tokens.
const PURPOSE: &[u8] = b"cardroom access token";

/// The `typ` of an access token (RFC 9068, section 2.1).
const KIND: &str = "at+jwt";

/// Whom access tokens are for.
const AUDIENCE: &str = "cardroom-api";

/// Tokens that are remembered at most, some 600 bytes each.
const VERIFIED_MAX: u64 = 10_000;

/// Tokens that room is made for at the start.
const VERIFIED_FIRST: usize = 64;

/// Issues and verifies access tokens. Cloning shares what is remembered of them.
#[derive(Clone)]
pub struct Tokens {
    signer: Signer,
    legacy: Option<Legacy>,
    lifetime: TimeDelta,
    /// What tokens say whose signature was verified: it stays so for as long as there are the keys.
    verified: Arc<Cache<Box<str>, Bearer, UnitWeighter>>,
}

/// Whom a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub account: AccountId,
    /// The session; none when the token is one of the earlier backend.
    pub session: Option<SessionId>,
    /// The moment from which the token is refused.
    pub until: DateTime<Utc>,
}

/// What a token says. The roles are for clients to read; we take them from the database.
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

/// What we read of it; `iss` and `aud` are checked before.
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
    fn bearer(&self) -> Option<Bearer> {
        let until = expiry::accepted_until(self.exp)?;
        Some(Bearer { account: self.sub, session: Some(self.sid), until })
    }
}

impl Bearer {
    /// Whether the token is accepted at `now`.
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        expiry::is_accepted(self.until, now)
    }
}

impl Tokens {
    /// Tokens that live for `minutes`; `legacy` takes those of the earlier backend as well.
    pub fn new(ring: &KeyRing, minutes: u32, legacy: bool) -> Self {
        Self {
            signer: Signer::new(KIND, AUDIENCE, &ring.for_purpose(PURPOSE)),
            legacy: legacy.then(|| Legacy::new(ring)),
            lifetime: TimeDelta::minutes(minutes.into()),
            verified: Arc::new(Cache::with_weighter(VERIFIED_FIRST, VERIFIED_MAX, UnitWeighter)),
        }
    }

    /// When a token ends that is issued `at` this moment.
    pub fn end(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.lifetime
    }

    /// The token that says who `account` is, for one step of a session: as often as it is asked for
    /// the same one.
    ///
    /// # Errors
    /// When it cannot be signed, which would be a bug.
    pub(crate) fn issue(&self, account: &Account, step: Step) -> Result<String, AuthError> {
        self.signer.sign(&Written {
            sub: account.id,
            email: account.email.as_str(),
            roles: account.roles.names(),
            iat: step.at.timestamp(),
            exp: self.end(step.at).timestamp(),
            jti: format!("{}.{}", step.session, step.generation),
            sid: step.session,
        })
    }

    /// Whom a token names.
    ///
    /// # Errors
    /// When the token is not ours, or is over.
    pub fn read(&self, token: &str) -> Result<Bearer, AuthError> {
        self.read_at(token, Utc::now())
    }

    fn read_at(&self, token: &str, now: DateTime<Utc>) -> Result<Bearer, AuthError> {
        let bearer = match (self.own(token), &self.legacy) {
            (Some(bearer), _) => bearer,
            (None, Some(legacy)) => legacy.read(token, now)?,
            (None, None) => return Err(AuthError::BadToken),
        };
        if bearer.is_valid_at(now) { Ok(bearer) } else { Err(AuthError::BadToken) }
    }

    /// What a token says that we have signed.
    fn own(&self, token: &str) -> Option<Bearer> {
        let known = self.verified.get(token);
        known.or_else(|| {
            let bearer = self.signer.verify::<Claims>(token)?.bearer()?;
            self.verified.insert(token.into(), bearer);
            Some(bearer)
        })
    }
}

/// Verifies the tokens of the earlier backend, signed with the secret itself.
#[derive(Clone)]
struct Legacy {
    keys: Vec<DecodingKey>,
    validation: Validation,
}

/// What such a token says, as far as we rely on it.
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

    fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Bearer, AuthError> {
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
        Ok(Bearer { account, session: None, until })
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use proptest::prelude::*;

    use super::*;
    use crate::role::{Role, Roles};
    use values::Email;

    const SECRET: &str = "a secret of the tests, long enough for HS256";
    const OTHER: &str = "another secret, also long enough for HS256";

    fn ring(active: &str, passive: &[&str]) -> KeyRing {
        let passive: Vec<_> = passive.iter().map(|it| (*it).into()).collect();
        KeyRing::new(&active.into(), &passive)
    }

    fn tokens() -> Tokens {
        Tokens::new(&ring(SECRET, &[]), 15, true)
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

    fn step(age: TimeDelta) -> Step {
        Step { session: SessionId::well_known(2), generation: 1, at: Utc::now() - age }
    }

    /// A token as the earlier backend signed it.
    fn legacy(claims: &str) -> String {
        let claims: serde_json::Value = serde_json::from_str(claims).unwrap();
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
    }

    #[test]
    fn a_token_names_its_account_and_session_until_it_is_over() {
        let read = |age| tokens().read(&tokens().issue(&account(), step(age)).unwrap()).ok();
        let named = |age| read(age).map(|it| (it.account, it.session));
        let expected = Some((account().id, Some(SessionId::well_known(2))));

        assert_eq!(named(TimeDelta::zero()), expected);
        assert_eq!(named(TimeDelta::minutes(14)), expected);
        assert_eq!(named(TimeDelta::minutes(16)), None);
    }

    #[test]
    fn a_token_of_a_clock_that_is_ahead_or_was_set_back_is_good() {
        for ahead in [TimeDelta::seconds(10), TimeDelta::hours(1)] {
            let token = tokens().issue(&account(), step(-ahead)).unwrap();
            assert!(tokens().read(&token).is_ok(), "{ahead}");
        }
    }

    #[test]
    fn the_moment_that_a_token_says_is_the_moment_that_it_is_refused() {
        let tokens = tokens();
        let token = tokens.issue(&account(), step(TimeDelta::zero())).unwrap();
        let until = tokens.read(&token).unwrap().until;
        // Once as it is verified, once as it is remembered.
        for _ in 0..2 {
            assert!(tokens.read_at(&token, until - TimeDelta::nanoseconds(1)).is_ok());
            assert!(matches!(tokens.read_at(&token, until), Err(AuthError::BadToken)));
        }
    }

    #[test]
    fn one_step_of_a_session_has_one_token() {
        let step = step(TimeDelta::zero());
        let [one, other] = [(); 2].map(|()| tokens().issue(&account(), step).unwrap());
        assert_eq!(one, other);
        let next = Step { generation: 2, ..step };
        assert_ne!(tokens().issue(&account(), next).unwrap(), one);
    }

    #[test]
    fn a_key_verifies_while_it_is_in_the_ring() {
        let old = Tokens::new(&ring(SECRET, &[OTHER]), 15, false);
        let new = Tokens::new(&ring(OTHER, &[SECRET]), 15, false);
        let newest = Tokens::new(&ring(OTHER, &[]), 15, false);
        let token = old.issue(&account(), step(TimeDelta::zero())).unwrap();
        assert!(new.read(&token).is_ok());
        assert!(newest.read(&token).is_err());
        let token = new.issue(&account(), step(TimeDelta::zero())).unwrap();
        assert!(old.read(&token).is_ok());
        assert!(newest.read(&token).is_ok());
    }

    #[test]
    fn tokens_of_the_old_system_are_good_where_the_settings_say_so() {
        let token = legacy(r#"{"sub":"00000000-0000-0000-0000-000000000001","exp":4102444800}"#);
        let until = expiry::accepted_until(4_102_444_800).unwrap();
        let bearer = Bearer { account: account().id, session: None, until };
        assert_eq!(tokens().read(&token).ok(), Some(bearer));
        assert!(Tokens::new(&ring(SECRET, &[]), 15, false).read(&token).is_err());
        assert!(Tokens::new(&ring(OTHER, &[SECRET]), 15, true).read(&token).is_ok());
    }

    #[test]
    fn an_old_token_that_lacks_something_or_is_not_yet_good_is_refused() {
        for claims in [
            r#"{"sub":"x"}"#,
            r#"{"exp":4102444800}"#,
            r#"{"sub":"x","exp":"4102444800"}"#,
            r#"{"sub":7,"exp":4102444800}"#,
            r#"{"sub":"x","exp":-1}"#,
            r#"{"sub":"x","exp":4102444800,"nbf":4102444799}"#,
        ] {
            assert!(tokens().read(&legacy(claims)).is_err(), "{claims}");
        }
    }

    proptest! {
        #[test]
        fn a_token_with_one_byte_changed_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let token = tokens().issue(&account(), step(TimeDelta::zero())).unwrap();
            let at = at.index(token.len());
            let mut forged = token.clone();
            forged.replace_range(at..=at, &to);
            prop_assume!(forged != token);
            prop_assert!(tokens().read(&forged).is_err());
        }
    }
}
