//! Tokens that are sent by mail: 256 random bits. Only the SHA-256 is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A token that proves that its sender reads the mail of an address, once: for a reset of a password, or to
/// verify the address. It is sent once and not stored.
pub struct MailToken(String);

impl MailToken {
    /// A new random token.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The token, as its receiver sends it back.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of this token that is stored.
    pub fn hash(&self) -> Vec<u8> {
        Self::hash_of(&self.0)
    }

    /// The hash under which a token that a client sent is stored.
    pub fn hash_of(token: &str) -> Vec<u8> {
        Sha256::digest(token).to_vec()
    }
}
