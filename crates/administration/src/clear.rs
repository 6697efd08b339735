//! Deletes the rows of a table, and what belongs to them.

use auth::audit::{self, Action};
use auth::{Account, Auth, Client};
use rooms::clear::{Cleared, Rows};
use rooms::{Directory, EndedRooms};

use crate::error::AdministrationError;

/// A table that may be cleared. Every other one is protected: accounts, sessions and the audit log are not given
/// up, a room cannot be opened without game rules, and without idempotency keys a repeated request would take
/// effect twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClearableTable {
    pub(crate) name: &'static str,
    /// The tables whose rows go with those of this one.
    pub(crate) takes: &'static [&'static str],
    rows: Rows,
    action: Action,
}

/// The tables that may be cleared.
const CLEARABLE: [ClearableTable; 4] = [
    ClearableTable {
        name: "deleted_gameplay_states",
        takes: &["gameplay_segments"],
        rows: Rows::DeletedStates,
        action: Action::DeletedStatesCleared,
    },
    ClearableTable {
        name: "gameplay_states",
        takes: &["gameplay_segments"],
        rows: Rows::States,
        action: Action::StatesCleared,
    },
    ClearableTable {
        name: "rooms",
        takes: &["deleted_gameplay_states", "gameplay_segments", "gameplay_states", "visitors"],
        rows: Rows::Rooms,
        action: Action::RoomsCleared,
    },
    ClearableTable {
        name: "visitors",
        takes: &[],
        rows: Rows::Visitors,
        action: Action::VisitorsCleared,
    },
];

impl ClearableTable {
    /// The table with this name, if it may be cleared.
    pub(crate) fn find(name: &str) -> Option<Self> {
        CLEARABLE.into_iter().find(|it| it.name == name)
    }
}

/// Deletes the rows that the table has now, page by page, so that no other statement waits for long. Rows that
/// are inserted meanwhile may stay. Returns how many rows of the table itself were deleted.
///
/// The audit entry is committed first: when it cannot be, nothing is deleted.
///
/// # Errors
/// When the database fails; what was deleted until then stays deleted.
pub(crate) async fn clear(
    auth: &Auth,
    (directory, ended_rooms): (&Directory, &EndedRooms),
    admin: &Account,
    table: ClearableTable,
    client: &Client,
) -> Result<usize, AdministrationError> {
    audit::record_first(auth, client, table.action, admin.id).await?;
    let mut cleared = Cleared::default();
    while rooms::clear::page(&auth.db, directory, ended_rooms, table.rows, &mut cleared).await? {}
    Ok(cleared.rows())
}
