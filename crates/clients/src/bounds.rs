//! Bounds of what accounts may store.

use settings::Settings;

/// Bounds of what accounts may store, and the rules of verification.
#[derive(Clone, Debug)]
pub struct ClientBounds {
    /// Rooms that one account has at most.
    pub rooms: i64,
    /// The settings of the section `clients`.
    pub rules: settings::Clients,
}

impl ClientBounds {
    /// The bounds of the settings.
    pub fn of(settings: &Settings) -> Self {
        Self { rooms: settings.rooms.per_account, rules: settings.clients.clone() }
    }
}
