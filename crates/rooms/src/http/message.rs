//! The body of an answer that only confirms.

use serde::Serialize;
use utoipa::ToSchema;

/// A confirmation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) message: &'static str,
}
