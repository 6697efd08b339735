//! Passes: what a visitor, who has no account, shows to take part in the games of one room.

use chrono::{DateTime, TimeDelta, Utc};
use ids::{RoomId, VisitorId};
use serde::{Deserialize, Serialize};

use crate::error::AuthError;
use crate::expiry;
use crate::keys::KeyRing;
use crate::signer::Signer;

/// Sets the keys of passes apart from those of access tokens, so that none is ever taken for the
/// other.
const PURPOSE: &[u8] = b"cardroom visitor pass";

/// The `typ` of a pass's token.
const KIND: &str = "visitor+jwt";

/// Whom passes are for.
const AUDIENCE: &str = "cardroom-rooms";

/// Says that somebody is this visitor of this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The visitor.
    pub visitor: VisitorId,
    /// The room.
    pub room: RoomId,
    /// The moment from which the pass is refused.
    pub until: DateTime<Utc>,
}

impl Pass {
    /// Whether the pass is accepted at `now`.
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        expiry::is_accepted(self.until, now)
    }
}

/// What a pass's token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: VisitorId,
    room: RoomId,
    exp: i64,
}

/// Issues and verifies passes.
#[derive(Clone)]
pub struct Passes {
    signer: Signer,
    lifetime: TimeDelta,
}

impl Passes {
    /// Passes that are good for `minutes`, signed with keys made of those of `ring`.
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

    /// The pass that a token stands for, if it is ours and not over.
    pub fn read(&self, token: &str) -> Option<Pass> {
        let Claims { sub: visitor, room, exp } = self.signer.verify(token)?;
        let until = expiry::accepted_until(exp)?;
        Some(Pass { visitor, room, until }).filter(|pass| pass.is_valid_at(Utc::now()))
    }
}

#[cfg(test)]
mod tests {
    use ids::{AccountId, SessionId};

    use super::*;
    use crate::Tokens;
    use crate::account::Account;
    use crate::role::Roles;
    use crate::session::Step;
    use values::Email;

    const SECRET: &str = "a secret of the tests, long enough for HS256";
    const VISITOR: VisitorId = VisitorId::well_known(1);
    const ROOM: RoomId = RoomId::well_known(2);

    fn ring() -> KeyRing {
        KeyRing::new(&SECRET.into(), &[])
    }

    #[test]
    fn a_pass_is_good_until_it_is_over() {
        let passes = Passes::new(&ring(), 60);
        let read = |age| passes.read(&passes.issue(VISITOR, ROOM, Utc::now() - age).unwrap());
        let named = |age| read(age).map(|it| (it.visitor, it.room));
        assert_eq!(named(TimeDelta::minutes(59)), Some((VISITOR, ROOM)));
        assert_eq!(named(TimeDelta::minutes(61)), None);
    }

    #[test]
    fn a_pass_is_no_access_token_and_an_access_token_no_pass() {
        let (passes, tokens) = (Passes::new(&ring(), 60), Tokens::new(&ring(), 60, true));
        let pass = passes.issue(VISITOR, ROOM, Utc::now()).unwrap();
        assert!(tokens.read(&pass).is_err());

        let account = Account {
            id: AccountId::well_known(1),
            email: Email::trusted("ada@example.com"),
            name: "Ada".into(),
            roles: Roles::default(),
            is_active: true,
            must_change_password: false,
            created_at: Utc::now(),
        };
        let step = Step { session: SessionId::well_known(1), generation: 1, at: Utc::now() };
        let access_token = tokens.issue(&account, step).unwrap();
        assert!(tokens.read(&access_token).is_ok());
        assert_eq!(passes.read(&access_token), None);
    }
}
