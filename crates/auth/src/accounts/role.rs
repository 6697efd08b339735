//! Roles and the permissions that they grant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do everything.
    Admin,
    /// Opens rooms and leads their games.
    Counselor,
    /// Plays.
    Client,
    /// Watches.
    Observer,
}

/// A permission that a role may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Open a room.
    CreateRoom,
    /// Have clients.
    ManageClients,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Counselor, Self::Client, Self::Observer];

    /// The name in tokens, answers and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Counselor => "counselor",
            Self::Client => "client",
            Self::Observer => "observer",
        }
    }

    fn grants(self, permission: Permission) -> bool {
        match permission {
            Permission::CreateRoom | Permission::ManageClients => {
                matches!(self, Self::Admin | Self::Counselor)
            }
        }
    }
}

/// The error for a name that is no role.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(UnknownRole)
    }
}

/// The roles of an account, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// These roles, each once.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Self {
        let mut list = Vec::new();
        for role in roles {
            if !list.contains(&role) {
                list.push(role);
            }
        }
        Self(list)
    }

    /// Whether one of the roles grants this.
    pub fn may(&self, permission: Permission) -> bool {
        self.0.iter().any(|role| role.grants(permission))
    }

    /// Whether this role is among them.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// The names of the roles.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|role| role.as_str()).collect()
    }
}

/// Roles as a column stores them: `admin,counselor`. Unknown names are ignored.
impl From<&str> for Roles {
    fn from(column: &str) -> Self {
        Self::new(column.split(',').filter_map(|name| name.parse().ok()))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counsellors_and_administrators_open_rooms_and_have_clients() {
        for permission in [Permission::CreateRoom, Permission::ManageClients] {
            for role in Role::ALL {
                let may = Roles::new([role]).may(permission);
                assert_eq!(may, matches!(role, Role::Admin | Role::Counselor), "{role:?}");
            }
            assert!(!Roles::default().may(permission));
        }
    }

    #[test]
    fn a_column_reads_as_it_was_written() {
        let roles = Roles::new([Role::Admin, Role::Counselor, Role::Admin]);
        assert_eq!(roles.to_string(), "admin,counselor");
        assert_eq!(Roles::from("admin,counselor"), roles);
        assert_eq!(Roles::from("wizard"), Roles::default());
    }
}
