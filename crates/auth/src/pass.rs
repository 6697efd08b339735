//! Passes: what a visitor, who has no account, shows to take part in the games of one room.

use chrono::{DateTime, TimeDelta, Utc};
use ids::{RoomId, VisitorId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::AuthError;
use crate::token::{BYTES_MAX, LEEWAY_SECS};

/// Sets the key of passes apart from that of access tokens, so that none is ever taken for the
/// other.
const PURPOSE: &[u8] = b"cardroom visitor pass";

/// Says that somebody is this visitor of this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The visitor.
    pub visitor: VisitorId,
    /// The room.
    pub room: RoomId,
}

/// What a pass's token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: VisitorId,
    room: RoomId,
    exp: i64,
}

/// Issues and verifies passes. Cloning shares the keys.
#[derive(Clone)]
pub struct Passes {
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
    lifetime: TimeDelta,
}

impl Passes {
    /// Passes signed with a key made of `secret` (HS256) that are good for `minutes`.
    pub fn new(secret: &SecretString, minutes: u32) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let key = Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_SECS;
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_aud = false;
        Self {
            sign: EncodingKey::from_secret(&key),
            verify: DecodingKey::from_secret(&key),
            validation,
            lifetime: TimeDelta::minutes(minutes.into()),
        }
    }

    /// The token of a pass.
    ///
    /// # Errors
    /// When it cannot be signed, which would be a bug.
    pub fn issue(&self, pass: Pass, now: DateTime<Utc>) -> Result<String, AuthError> {
        let exp = (now + self.lifetime).timestamp();
        let claims = Claims { sub: pass.visitor, room: pass.room, exp };
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, &claims, &self.sign).map_err(AuthError::Signing)
    }

    /// The pass that a token stands for, if it is ours and not over.
    pub fn read(&self, token: &str) -> Option<Pass> {
        if token.len() > BYTES_MAX {
            return None;
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.verify, &self.validation);
        let Claims { sub: visitor, room, .. } = decoded.ok()?.claims;
        Some(Pass { visitor, room })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tokens;

    const SECRET: &str = "a secret of the tests, long enough for HS256";
    const PASS: Pass = Pass { visitor: VisitorId::well_known(1), room: RoomId::well_known(2) };

    #[test]
    fn a_pass_is_good_until_it_is_over() {
        let passes = Passes::new(&SECRET.into(), 60);
        let read = |age| passes.read(&passes.issue(PASS, Utc::now() - age).unwrap());
        assert_eq!(read(TimeDelta::minutes(59)), Some(PASS));
        assert_eq!(read(TimeDelta::minutes(61)), None);
    }

    #[test]
    fn a_pass_is_no_access_token_and_an_access_token_no_pass() {
        let (passes, tokens) = (Passes::new(&SECRET.into(), 60), Tokens::new(&SECRET.into(), 60));
        let pass = passes.issue(PASS, Utc::now()).unwrap();
        assert!(tokens.subject(&pass).is_err());

        let header = Header::new(Algorithm::HS256);
        let claims = Claims { sub: PASS.visitor, room: PASS.room, exp: 4_102_444_800 };
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let access_token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        assert!(tokens.subject(&access_token).is_ok());
        assert_eq!(passes.read(&access_token), None);
    }
}
