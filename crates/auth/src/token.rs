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
use crate::keys::KeyRing;
use crate::session::Step;
use crate::signer::{LEEWAY_SECS, Signer, is_compact};

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
    verified: Arc<Cache<Box<str>, Claims, UnitWeighter>>,
}

/// Whom a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub account: AccountId,
    /// The session; none when the token is one of the earlier backend.
    pub session: Option<SessionId>,
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
#[derive(Clone, Copy, Deserialize)]
struct Claims {
    sub: AccountId,
    iat: i64,
    exp: i64,
    #[serde(rename = "jti")]
    _jti: Present,
    sid: SessionId,
}

/// Text that has to be there, whatever it says.
#[derive(Clone, Copy)]
struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

impl Claims {
    /// Whether the token was issued and is not over, by clocks that may differ.
    fn hold(&self, now: DateTime<Utc>) -> bool {
        let now = now.timestamp();
        let (latest, earliest) =
            (now.saturating_add_unsigned(LEEWAY_SECS), now.saturating_sub_unsigned(LEEWAY_SECS));
        self.iat <= latest && self.exp >= earliest
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
        match self.claims(token) {
            Some(it) if it.hold(Utc::now()) => {
                Ok(Bearer { account: it.sub, session: Some(it.sid) })
            }
            Some(_) => Err(AuthError::BadToken),
            None => self.legacy.as_ref().ok_or(AuthError::BadToken)?.read(token),
        }
    }

    /// What a token says that we have signed.
    fn claims(&self, token: &str) -> Option<Claims> {
        let known = self.verified.get(token);
        known.or_else(|| {
            let claims = self.signer.verify(token)?;
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

/// What such a token says, as far as we rely on it.
#[derive(Deserialize)]
struct LegacyClaims {
    sub: String,
}

impl Legacy {
    fn new(ring: &KeyRing) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECS;
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_aud = false;
        validation.validate_nbf = true;
        Self { keys: ring.secrets().map(DecodingKey::from_secret).collect(), validation }
    }

    fn read(&self, token: &str) -> Result<Bearer, AuthError> {
        if !is_compact(token) {
            return Err(AuthError::BadToken);
        }
        let decoded = |key| jsonwebtoken::decode::<LegacyClaims>(token, key, &self.validation).ok();
        let read = self.keys.iter().find_map(decoded).ok_or(AuthError::BadToken)?;
        let is_plain = read.header.kid.is_none() && read.header.typ.is_none_or(|it| it == "JWT");
        if !is_plain {
            return Err(AuthError::BadToken);
        }
        let account = read.claims.sub.parse().map_err(|_| AuthError::BadSubject)?;
        Ok(Bearer { account, session: None })
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use proptest::prelude::*;

    use super::*;
    use crate::email::Email;
    use crate::role::{Role, Roles};

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
        let bearer = Bearer { account: account().id, session: Some(SessionId::well_known(2)) };

        assert_eq!(read(TimeDelta::zero()), Some(bearer));
        assert_eq!(read(TimeDelta::minutes(14)), Some(bearer));
        assert_eq!(read(TimeDelta::minutes(16)), None);
        assert_eq!(read(TimeDelta::minutes(-1)), None);
    }

    #[test]
    fn a_token_that_was_read_before_is_over_at_its_end() {
        let tokens = tokens();
        let token = tokens.issue(&account(), step(TimeDelta::zero())).unwrap();
        assert!(tokens.read(&token).is_ok());
        let claims = tokens.verified.get(token.as_str()).unwrap();
        let holds = |minutes| claims.hold(Utc::now() + TimeDelta::minutes(minutes));
        assert!(holds(0) && holds(14) && !holds(16) && !holds(-1));
        let over = Claims { exp: claims.iat - 60, ..claims };
        tokens.verified.insert(token.as_str().into(), over);
        assert!(matches!(tokens.read(&token), Err(AuthError::BadToken)));
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
        let bearer = Bearer { account: account().id, session: None };
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
