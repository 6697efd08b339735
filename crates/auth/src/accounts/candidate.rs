//! An account to create.

use crate::accounts::Roles;
use crate::passwords::Password;

/// An account to create.
pub struct Candidate {
    /// The address as it was sent, valid or not.
    pub email: String,
    /// The password, or `None` for a generated one that must be changed.
    pub password: Option<Password>,
    /// The name, or `None` for the local part of the address.
    pub name: Option<String>,
    /// The roles, or `None` for a counsellor's.
    pub roles: Option<Roles>,
}

impl Candidate {
    /// A candidate with nothing but an address.
    pub fn named(email: String) -> Self {
        Self { email, password: None, name: None, roles: None }
    }
}
