//! The secrets that tokens are signed with.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Sets a key's name apart from the keys made of the same secret.
const NAME: &[u8] = b"cardroom key name";

/// The secrets of the settings: one signs, and all of them verify.
#[derive(Clone)]
pub struct KeyRing {
    active: SecretString,
    passive: Vec<SecretString>,
}

/// A key for one purpose, which tells nothing of the keys for others.
#[derive(Clone)]
pub(crate) struct Key {
    /// What tokens call it: the same on every instance that has the secret.
    pub(crate) name: String,
    pub(crate) bytes: [u8; 32],
}

/// The keys of a ring for one purpose.
#[derive(Clone)]
pub(crate) struct Keys {
    /// The one that signs.
    pub(crate) active: Key,
    /// Those that verify besides.
    pub(crate) passive: Vec<Key>,
}

impl KeyRing {
    /// A ring of which `active` signs.
    pub fn new(active: &SecretString, passive: &[SecretString]) -> Self {
        Self { active: active.clone(), passive: passive.to_vec() }
    }

    /// The ring of the settings.
    pub fn of(settings: &settings::Auth) -> Self {
        Self::new(&settings.jwt_secret, &settings.passive_jwt_secrets)
    }

    /// Keys for one purpose, which no key for another stands in for.
    pub(crate) fn for_purpose(&self, purpose: &[u8]) -> Keys {
        let key = |secret: &SecretString| Key {
            name: format!("{:x}", hash(NAME, secret))[..16].to_owned(),
            bytes: hash(purpose, secret).into(),
        };
        Keys { active: key(&self.active), passive: self.passive.iter().map(key).collect() }
    }

    /// The secrets themselves, with which the earlier backend signed.
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
