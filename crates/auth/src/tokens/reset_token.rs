//! Reset tokens: 256 random bits, sent by mail. Only the SHA-256 is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A token that allows one reset of a password. It is sent once and not stored.
pub(crate) struct ResetToken(String);

impl ResetToken {
    /// A new random token.
    pub(crate) fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The token, as the owner of the account sends it back.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of this token that is stored.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Self::hash_of(&self.0)
    }

    /// The hash under which a token that a client sent is stored.
    pub(crate) fn hash_of(token: &str) -> Vec<u8> {
        Sha256::digest(token).to_vec()
    }
}
