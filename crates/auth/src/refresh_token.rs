//! Refresh tokens: opaque, 256 bits, and derived, so that one that was given is given again without
//! having been kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ids::SessionId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::keys::{Key, KeyRing, Keys};
use crate::session::Relation;

/// Sets the keys of refresh tokens apart from those of other tokens.
const PURPOSE: &[u8] = b"cardroom refresh token";

/// The session's id, its generation, and the secret.
const BYTES: usize = 16 + 8 + 32;

/// What a session's owner shows to get the next pair of tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) generation: i64,
    secret: [u8; 32],
}

/// Derives refresh tokens. Cloning copies the keys.
#[derive(Clone)]
pub struct RefreshTokens(Keys);

impl RefreshToken {
    /// Reads a token as it was given.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, secret) = rest.split_first_chunk::<8>()?;
        let generation = i64::from_be_bytes(*generation);
        let session = SessionId::well_known(u128::from_be_bytes(*session));
        // Neither the first nor the next generation is beyond what is counted.
        let counts = (1..i64::MAX).contains(&generation);
        counts.then_some(Self { session, generation, secret: secret.try_into().ok()? })
    }

    /// The token as its owner keeps it.
    pub fn text(&self) -> String {
        let session = self.session.as_uuid().as_bytes();
        let parts = [&session[..], &self.generation.to_be_bytes(), &self.secret];
        URL_SAFE_NO_PAD.encode(parts.concat())
    }

    /// What we keep of it.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret).to_vec()
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({}, {}, ***)", self.session, self.generation)
    }
}

impl RefreshTokens {
    /// Tokens under the keys of this ring.
    pub fn new(ring: &KeyRing) -> Self {
        Self(ring.for_purpose(PURPOSE))
    }

    /// The token of this generation of a session.
    pub(crate) fn derive(&self, session: SessionId, generation: i64) -> RefreshToken {
        derive(&self.0.active, session, generation)
    }

    /// The token of this generation of which `hash` was kept, under whichever key it was derived.
    pub(crate) fn again(
        &self,
        session: SessionId,
        generation: i64,
        hash: &[u8],
    ) -> Option<RefreshToken> {
        let tokens = self.0.all().map(|key| derive(key, session, generation));
        tokens.into_iter().find(|token| token.hash() == hash)
    }

    /// What a token is to the session that has come to `generation` and keeps these hashes.
    ///
    /// The current token and the one before are known by what is kept of them, so that no change of
    /// keys makes them worthless; older ones by the key that derived them.
    pub(crate) fn relation(
        &self,
        token: &RefreshToken,
        generation: i64,
        current: &[u8],
        previous: Option<&[u8]>,
    ) -> Relation {
        let hash = token.hash();
        match generation - token.generation {
            0 if hash == current => Relation::Current,
            1 if Some(&hash[..]) == previous => Relation::Previous,
            2.. if self.derived(token) => Relation::Older,
            _ => Relation::Foreign,
        }
    }

    /// Whether a token was derived here.
    fn derived(&self, token: &RefreshToken) -> bool {
        let is_it = |key| derive(key, token.session, token.generation).secret.ct_eq(&token.secret);
        self.0.all().any(|key| is_it(key).into())
    }
}

/// HMAC-SHA-256 of the session and its generation.
fn derive(key: &Key, session: SessionId, generation: i64) -> RefreshToken {
    // An HMAC fills its key up to a block with zeros.
    let mut block = [0; 64];
    block[..key.bytes.len()].copy_from_slice(&key.bytes);
    let keyed = <Hmac<Sha256> as Mac>::new(&block.into());
    let said = keyed.chain_update(session.as_uuid().as_bytes());
    let said = said.chain_update(generation.to_be_bytes());
    RefreshToken { session, generation, secret: said.finalize().into_bytes().into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "a secret of the tests, long enough for HS256";
    const NEW: &str = "another secret, also long enough for HS256";

    fn tokens(active: &str, passive: &[&str]) -> RefreshTokens {
        let passive: Vec<_> = passive.iter().map(|it| (*it).into()).collect();
        RefreshTokens::new(&KeyRing::new(&active.into(), &passive))
    }

    fn session(bits: u128) -> SessionId {
        SessionId::well_known(bits)
    }

    proptest! {
        #[test]
        fn a_token_reads_as_it_was_written_and_no_other_does(
            bits: u128, generation in 1..i64::MAX, at in 0_usize..75, to in "[A-Za-z0-9_-]",
        ) {
            let token = tokens(OLD, &[]).derive(session(bits), generation);
            let text = token.text();
            prop_assert_eq!(text.len(), 75);
            prop_assert_eq!(RefreshToken::parse(&text), Some(token.clone()));
            let mut other = text.clone();
            other.replace_range(at..=at, &to);
            if other != text {
                prop_assert_ne!(RefreshToken::parse(&other), Some(token));
            }
        }

        #[test]
        fn whatever_is_sent_is_read_or_refused(text in ".{0,100}") {
            let _ = RefreshToken::parse(&text);
        }

        #[test]
        fn a_token_is_known_for_what_it_was(now in 1_i64..50, shown in 1_i64..50, forged: bool) {
            let tokens = tokens(OLD, &[]);
            let of = |generation| tokens.derive(session(1), generation);
            let previous = (now > 1).then(|| of(now - 1).hash());
            let mut token = of(shown);
            if forged {
                token.secret[0] ^= 1;
            }
            let expected = match now - shown {
                _ if forged => Relation::Foreign,
                0 => Relation::Current,
                1 => Relation::Previous,
                2.. => Relation::Older,
                _ => Relation::Foreign,
            };
            let relation = tokens.relation(&token, now, &of(now).hash(), previous.as_deref());
            prop_assert_eq!(relation, expected);
        }
    }

    #[test]
    fn new_keys_make_no_token_worthless() {
        let (old, new) = (tokens(OLD, &[]), tokens(NEW, &[]));
        let (one, two) = (old.derive(session(1), 1), old.derive(session(1), 2));
        let relation = new.relation(&two, 2, &two.hash(), Some(&one.hash()));
        assert_eq!(relation, Relation::Current);
        let relation = new.relation(&one, 2, &two.hash(), Some(&one.hash()));
        assert_eq!(relation, Relation::Previous);
        assert_eq!(new.again(session(1), 2, &two.hash()), None);
        assert_eq!(tokens(NEW, &[OLD]).again(session(1), 2, &two.hash()), Some(two));
    }
}
