//! Tokens: the keys, the formats, and the rule for their expiry. No other crate decodes a token.

mod access_token;
mod expiry;
mod keys;
mod refresh_token;
mod reset_token;
mod signer;
mod visitor_token;

pub use access_token::{AccessClaims, AccessTokens};
pub use keys::KeyRing;
pub use refresh_token::{RefreshToken, RefreshTokens};
pub(crate) use reset_token::ResetToken;
pub use visitor_token::{VisitorClaims, VisitorTokens};
