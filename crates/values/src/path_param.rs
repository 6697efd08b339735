//! Values in a path.

use utoipa::PartialSchema as _;
use utoipa::openapi::{RefOr, Schema};

use crate::field::Field;

/// A value that a path carries under a fixed name.
pub trait PathParam: Field {
    /// The name between the braces of the route.
    const NAME: &'static str;
    /// What the value identifies, for the description of the API.
    const DESCRIPTION: &'static str;

    /// The schema of the value, for the description of the API.
    fn schema() -> RefOr<Schema> {
        String::schema()
    }
}
