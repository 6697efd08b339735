//! API keys, which clients send in the handshake and over HTTP.

use auth::Auth;
use subtle::ConstantTimeEq as _;

/// Prefix of the keys of newer Supabase clients, which are no tokens.
const OPAQUE_KEY_PREFIX: &str = "sb_";

/// Accepts the anonymous key and valid tokens.
pub(super) struct ApiKeys {
    auth: Auth,
    /// The anonymous key; empty: every key is accepted.
    anonymous: String,
}

impl ApiKeys {
    pub(super) fn new(auth: Auth, anonymous: String) -> Self {
        Self { auth, anonymous }
    }

    /// Whether a client with this key may use the server.
    pub(super) fn accepts(&self, key: &str) -> bool {
        self.anonymous.is_empty() || self.is_anonymous(key) || self.is_token(key)
    }

    /// The token in effect, of the access token and the API key of a client; `None` when the client
    /// is anonymous. Some clients send their key as the access token, and newer keys are no tokens.
    pub(super) fn credential<'a>(&self, token: Option<&'a str>, key: &'a str) -> Option<&'a str> {
        let is_own = |it: &&str| !it.is_empty() && *it != key && !it.starts_with(OPAQUE_KEY_PREFIX);
        let token = token.filter(is_own);
        let credential = token.unwrap_or(key);
        // A key that is no token of this service proves no identity.
        let proves_identity = token.is_some() || self.is_token(key);
        (proves_identity && !self.is_anonymous(credential)).then_some(credential)
    }

    fn is_anonymous(&self, key: &str) -> bool {
        key.as_bytes().ct_eq(self.anonymous.as_bytes()).into()
    }

    fn is_token(&self, key: &str) -> bool {
        self.auth.visitor_tokens.read(key).is_some() || self.auth.access_tokens.read(key).is_ok()
    }
}
