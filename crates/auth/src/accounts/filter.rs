//! Which accounts a list shows.

use crate::accounts::Role;

/// The accounts that a list shows: those that fulfil every condition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// A part of the address or of the name, in any case.
    pub(crate) text: Option<String>,
    /// One of the roles.
    pub(crate) role: Option<Role>,
    /// Whether the account may be used.
    pub(crate) active: Option<bool>,
}
