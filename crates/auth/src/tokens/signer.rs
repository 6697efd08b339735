//! JSON Web Tokens of one kind: signed by the active key, verified by any key of the ring.
//!
//! A token has to begin with exactly the header that this service writes, byte for byte. So a client
//! chooses neither the algorithm nor anything else in the header, and a token of one kind is not accepted
//! as another. Sources: RFC 8725, sections 2 and 3.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::AuthError;
use crate::tokens::expiry::CLOCK_SKEW_SECS;
use crate::tokens::keys::{Key, Keys};

/// Maximum length of a token, in bytes. Those of this service have about 600.
const BYTES_MAX: usize = 4096;

/// The `iss` of all tokens.
const ISSUER: &str = "cardroom";

/// Signs and verifies the tokens of one kind. A clone copies the keys.
#[derive(Clone)]
pub(crate) struct Signer {
    audience: &'static str,
    header: Header,
    sign: EncodingKey,
    verify: Vec<Verifier>,
    validation: Validation,
}

/// A key, and the encoded header of every token that it signed.
#[derive(Clone)]
struct Verifier {
    head: String,
    key: DecodingKey,
}

/// The claims that all tokens have, with those of the kind.
#[derive(Serialize)]
struct Enveloped<'a, C> {
    iss: &'static str,
    aud: &'static str,
    #[serde(flatten)]
    claims: &'a C,
}

impl Signer {
    /// A signer of tokens with this `typ` for this `audience`.
    pub(crate) fn new(kind: &str, audience: &'static str, keys: &Keys) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // `exp` has to be there; the reader judges it, with the one rule for all tokens.
        validation.validate_exp = false;
        validation.validate_nbf = true;
        validation.leeway = CLOCK_SKEW_SECS;
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.set_audience(&[audience]);
        validation.set_issuer(&[ISSUER]);
        Self {
            audience,
            header: header(kind, &keys.active),
            sign: EncodingKey::from_secret(&keys.active.bytes),
            verify: keys.all().filter_map(|key| Verifier::new(kind, key)).collect(),
            validation,
        }
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// When it cannot be signed, which would be a bug.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, AuthError> {
        let claims = Enveloped { iss: ISSUER, aud: self.audience, claims };
        jsonwebtoken::encode(&self.header, &claims, &self.sign).map_err(AuthError::Signing)
    }

    /// The claims of a token, if it is ours and of this kind. The reader judges `exp`.
    pub(crate) fn verify<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        if !is_compact(token) {
            return None;
        }
        let (head, _) = token.split_once('.')?;
        let verifier = self.verify.iter().find(|it| it.head == head)?;
        let decoded = jsonwebtoken::decode::<C>(token, &verifier.key, &self.validation);
        decoded.ok().map(|it| it.claims)
    }
}

impl Verifier {
    fn new(kind: &str, key: &Key) -> Option<Self> {
        let head = serde_json::to_vec(&header(kind, key)).ok()?;
        let head = URL_SAFE_NO_PAD.encode(head);
        Some(Self { head, key: DecodingKey::from_secret(&key.bytes) })
    }
}

/// Whether this may be a token in compact form, so that anything else is refused before it is parsed.
pub(crate) fn is_compact(token: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    token.len() <= BYTES_MAX
        && token.bytes().all(|byte| is_digit(byte) || byte == b'.')
        && token.bytes().filter(|byte| *byte == b'.').count() == 2
}

fn header(kind: &str, key: &Key) -> Header {
    let typ = Some(kind.to_owned());
    Header { typ, kid: Some(key.name.clone()), ..Header::new(Algorithm::HS256) }
}
