//! The secrets of the settings, and the keys that are derived from them.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Separates the name of a key from the keys that are derived from the same secret.
const NAME: &[u8] = b"cardroom key name";

/// The secrets of the settings: the active one signs, and all verify.
#[derive(Clone)]
pub struct KeyRing {
    active: SecretString,
    passive: Vec<SecretString>,
}

/// A key for one purpose. It reveals nothing about the keys for other purposes.
#[derive(Clone)]
pub(crate) struct Key {
    /// Its `kid`: equal on every instance that has the secret.
    pub(crate) name: String,
    pub(crate) bytes: [u8; 32],
}

/// The keys of a ring for one purpose.
#[derive(Clone)]
pub(crate) struct Keys {
    /// The key that signs.
    pub(crate) active: Key,
    /// Further keys that verify.
    pub(crate) passive: Vec<Key>,
}

impl KeyRing {
    /// A ring in which `active` signs.
    pub fn new(active: &SecretString, passive: &[SecretString]) -> Self {
        Self { active: active.clone(), passive: passive.to_vec() }
    }

    /// The ring of the settings.
    pub fn of(settings: &settings::Auth) -> Self {
        Self::new(&settings.jwt_secret, &settings.passive_jwt_secrets)
    }

    /// Keys for one purpose, different from those for any other.
    pub(crate) fn for_purpose(&self, purpose: &[u8]) -> Keys {
        let key = |secret: &SecretString| Key {
            name: format!("{:x}", hash(NAME, secret))[..16].to_owned(),
            bytes: hash(purpose, secret).into(),
        };
        Keys { active: key(&self.active), passive: self.passive.iter().map(key).collect() }
    }

    /// Keys for a purpose of another crate, the one that signs first; different from those for any other
    /// purpose.
    pub fn derive(&self, purpose: &[u8]) -> Vec<[u8; 32]> {
        self.for_purpose(purpose).all().map(|key| key.bytes).collect()
    }

    /// The secrets themselves, which the earlier backend signed with.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        let all = std::iter::once(&self.active).chain(&self.passive);
        all.map(|secret| secret.expose_secret().as_bytes())
    }
}

impl Keys {
    /// All keys, the one that signs first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.active).chain(&self.passive)
    }
}

fn hash(purpose: &[u8], secret: &SecretString) -> sha2::digest::Output<Sha256> {
    let secret = secret.expose_secret().as_bytes();
    Sha256::new().chain_update(purpose).chain_update(secret).finalize()
}
