//! Refresh tokens: opaque, with 256 bits of secret. The secret is derived from session and generation, so
//! that a token can be given again although only its hash is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ids::SessionId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::sessions::Relation;
use crate::tokens::keys::{Key, KeyRing, Keys};

/// Separates the keys of refresh tokens from those of other tokens.
const PURPOSE: &[u8] = b"cardroom refresh token";

/// The session's id, its generation, and the secret.
const BYTES: usize = 16 + 8 + 32;

/// A token that gets the next pair of tokens for a session.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) generation: i64,
    secret: [u8; 32],
}

/// Derives refresh tokens. A clone copies the keys.
#[derive(Clone)]
pub struct RefreshTokens(Keys);

impl RefreshToken {
    /// Parses the text of a token.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, secret) = rest.split_first_chunk::<8>()?;
        let generation = i64::from_be_bytes(*generation);
        let session = SessionId::from_u128(u128::from_be_bytes(*session));
        // Generations count from 1, and the next one must not overflow.
        let is_in_range = (1..i64::MAX).contains(&generation);
        is_in_range.then_some(Self { session, generation, secret: secret.try_into().ok()? })
    }

    /// The token as text.
    pub fn text(&self) -> String {
        let session = self.session.as_uuid().as_bytes();
        let parts = [&session[..], &self.generation.to_be_bytes(), &self.secret];
        URL_SAFE_NO_PAD.encode(parts.concat())
    }

    /// The hash that is stored.
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

    /// The token of this generation whose stored hash is `hash`, derived by any key of the ring.
    pub(crate) fn again(
        &self,
        session: SessionId,
        generation: i64,
        hash: &[u8],
    ) -> Option<RefreshToken> {
        let tokens = self.0.all().map(|key| derive(key, session, generation));
        tokens.into_iter().find(|token| token.hash() == hash)
    }

    /// The relation of a token to the session that is in `generation` and stores these hashes.
    ///
    /// The current and the previous token are compared by hash, so that they survive a change of keys; an
    /// older token is recognized by the key that derived it.
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
            2.. if self.is_derived(token) => Relation::Older,
            _ => Relation::Foreign,
        }
    }

    /// Whether a key of the ring derived the token.
    fn is_derived(&self, token: &RefreshToken) -> bool {
        let is_it = |key| derive(key, token.session, token.generation).secret.ct_eq(&token.secret);
        self.0.all().any(|key| is_it(key).into())
    }
}

/// HMAC-SHA-256 of the session and its generation.
fn derive(key: &Key, session: SessionId, generation: i64) -> RefreshToken {
    // HMAC pads its key to a block with zeros (RFC 2104, section 2).
    let mut block = [0; 64];
    block[..key.bytes.len()].copy_from_slice(&key.bytes);
    let keyed = <Hmac<Sha256> as Mac>::new(&block.into());
    let mac = keyed.chain_update(session.as_uuid().as_bytes());
    let mac = mac.chain_update(generation.to_be_bytes());
    RefreshToken { session, generation, secret: mac.finalize().into_bytes().into() }
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
        SessionId::from_u128(bits)
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
        fn bytes_of_the_right_length_are_a_token_when_their_generation_counts(
            bytes in prop::collection::vec(any::<u8>(), BYTES),
        ) {
            let generation = i64::from_be_bytes(bytes[16..24].try_into().unwrap());
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            match RefreshToken::parse(&text) {
                Some(token) => {
                    prop_assert_eq!(token.text(), text);
                    prop_assert_eq!(token.session.as_uuid().as_bytes(), &bytes[..16]);
                    prop_assert_eq!(token.generation, generation);
                    prop_assert!((1..i64::MAX).contains(&generation));
                }
                None => prop_assert!(!(1..i64::MAX).contains(&generation)),
            }
        }

        #[test]
        fn bytes_of_another_length_are_no_token(
            bytes in prop::collection::vec(any::<u8>(), 0..2 * BYTES)
                .prop_filter("another length", |it| it.len() != BYTES),
        ) {
            prop_assert_eq!(RefreshToken::parse(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn text_that_is_no_base64_is_no_token(text in "[A-Za-z0-9_-]{0,74}[^A-Za-z0-9_-]") {
            prop_assert_eq!(RefreshToken::parse(&text), None);
        }

        #[test]
        fn a_token_is_recognized_by_its_generation(now in 1_i64..50, shown in 1_i64..50, forged: bool) {
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
