//! Visitor tokens: JSON Web Tokens that name a visitor of one room, who has no account.

use chrono::{DateTime, TimeDelta, Utc};
use ids::{RoomId, VisitorId};
use serde::{Deserialize, Serialize};

use crate::error::AuthError;
use crate::tokens::expiry;
use crate::tokens::keys::KeyRing;
use crate::tokens::signer::Signer;

/// Separates the keys of visitor tokens from those of access tokens, so that neither is accepted as the
/// other. The text is part of the key and stays as it is.
const PURPOSE: &[u8] = b"cardroom visitor pass";

/// The `typ` of a visitor token.
const KIND: &str = "visitor+jwt";

/// The `aud` of visitor tokens.
const AUDIENCE: &str = "cardroom-rooms";

/// The claims of a valid visitor token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorClaims {
    /// The visitor.
    pub visitor: VisitorId,
    /// The room that the visitor joined.
    pub room: RoomId,
    /// The moment from which the token is refused.
    pub until: DateTime<Utc>,
}

impl VisitorClaims {
    /// Whether the token is accepted at `now`.
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        expiry::is_accepted(self.until, now)
    }
}

/// The claims as the token has them.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: VisitorId,
    room: RoomId,
    exp: i64,
}

/// Issues and verifies visitor tokens.
#[derive(Clone)]
pub struct VisitorTokens {
    signer: Signer,
    lifetime: TimeDelta,
}

impl VisitorTokens {
    /// Tokens that live for `minutes`, signed with keys that are derived from those of `ring`.
    pub fn new(ring: &KeyRing, minutes: u32) -> Self {
        let signer = Signer::new(KIND, AUDIENCE, &ring.for_purpose(PURPOSE));
        Self { signer, lifetime: TimeDelta::minutes(minutes.into()) }
    }

    /// A token for this visitor of this room, issued at `now`.
    ///
    /// # Errors
    /// When it cannot be signed, which would be a bug.
    pub fn issue(
        &self,
        visitor: VisitorId,
        room: RoomId,
        now: DateTime<Utc>,
    ) -> Result<String, AuthError> {
        let exp = (now + self.lifetime).timestamp();
        self.signer.sign(&Claims { sub: visitor, room, exp })
    }

    /// The claims of a token, if this service signed it and it has not expired.
    pub fn read(&self, token: &str) -> Option<VisitorClaims> {
        let Claims { sub: visitor, room, exp } = self.signer.verify(token)?;
        let until = expiry::accepted_until(exp)?;
        Some(VisitorClaims { visitor, room, until }).filter(|claims| claims.is_valid_at(Utc::now()))
    }
}

#[cfg(test)]
mod tests {
    use ids::{AccountId, SessionId};

    use super::*;
    use crate::accounts::Account;
    use crate::accounts::Roles;
    use crate::sessions::Generation;
    use crate::tokens::AccessTokens;
    use values::Email;

    const SECRET: &str = "a secret of the tests, long enough for HS256";
    const VISITOR: VisitorId = VisitorId::from_u128(1);
    const ROOM: RoomId = RoomId::from_u128(2);

    fn ring() -> KeyRing {
        KeyRing::new(&SECRET.into(), &[])
    }

    #[test]
    fn a_visitor_token_is_valid_until_it_expires() {
        let visitor_tokens = VisitorTokens::new(&ring(), 60);
        let read = |age| {
            visitor_tokens.read(&visitor_tokens.issue(VISITOR, ROOM, Utc::now() - age).unwrap())
        };
        let named = |age| read(age).map(|it| (it.visitor, it.room));
        assert_eq!(named(TimeDelta::minutes(59)), Some((VISITOR, ROOM)));
        assert_eq!(named(TimeDelta::minutes(61)), None);
    }

    #[test]
    fn a_visitor_token_is_no_access_token_and_an_access_token_no_visitor_token() {
        let (visitor_tokens, access_tokens) =
            (VisitorTokens::new(&ring(), 60), AccessTokens::new(&ring(), 60, true));
        let token = visitor_tokens.issue(VISITOR, ROOM, Utc::now()).unwrap();
        assert!(access_tokens.read(&token).is_err());

        let account = Account {
            id: AccountId::from_u128(1),
            email: Email::trusted("ada@example.com"),
            name: "Ada".into(),
            roles: Roles::default(),
            is_active: true,
            must_change_password: false,
            created_at: Utc::now(),
        };
        let generation =
            Generation { session: SessionId::from_u128(1), number: 1, began_at: Utc::now() };
        let access_token = access_tokens.issue(&account, generation).unwrap();
        assert!(access_tokens.read(&access_token).is_ok());
        assert_eq!(visitor_tokens.read(&access_token), None);
    }
}
