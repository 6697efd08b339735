//! Tokens: the keys, the formats, and the rule for their expiry. No other crate decodes a token.

mod access_token;
mod expiry;
mod keys;
mod mail_token;
mod refresh_token;
mod signer;
mod visitor_token;

pub use access_token::{AccessClaims, AccessTokens};
pub use keys::KeyRing;
pub use mail_token::MailToken;
pub use refresh_token::{RefreshToken, RefreshTokens};
pub use visitor_token::{VisitorClaims, VisitorTokens};
