//! Pseudonyms of e-mail addresses in the log.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use values::Email;

/// Separates the key from those of tokens.
const PURPOSE: &[u8] = b"cardroom log pseudonym";

/// Derives pseudonyms: equal for equal addresses, and not to be guessed without the secret.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Sha256,
}

impl Pseudonyms {
    /// Pseudonyms under a key made of `secret`.
    pub fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let key = Sha256::new().chain_update(PURPOSE).chain_update(secret).finalize();
        Self { keyed: Sha256::new().chain_update(key) }
    }

    /// The pseudonym of an address: 16 hexadecimal digits.
    pub(crate) fn of(&self, email: &Email) -> String {
        let hash = self.keyed.clone().chain_update(email.as_str()).finalize();
        let digits = format!("{hash:x}");
        digits[..16].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_depends_on_the_address_and_on_the_secret() {
        let [ada, bob] = ["ada@example.com", "bob@example.com"].map(Email::trusted);
        let [here, there] = ["here", "there"].map(|secret| Pseudonyms::new(&secret.into()));
        assert_eq!(here.of(&ada), here.of(&ada));
        assert_eq!(here.of(&ada).len(), 16);
        assert_ne!(here.of(&ada), here.of(&bob));
        assert_ne!(here.of(&ada), there.of(&ada));
    }
}
