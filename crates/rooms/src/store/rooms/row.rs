//! The shapes in which a room is stored: a row of `rooms`, and an answer under an idempotency key.

use chrono::{DateTime, Utc};
use database::group_commit::GroupError;
use database::schema::rooms;
use database::{At, Unnest, idempotency};
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use ids::{AccountId, ClientId, GameRuleId, RoomId};
use serde::{Deserialize, Serialize};

use crate::room::Room;
use crate::share_code::ShareCode;

/// A row of `rooms`.
#[derive(Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = rooms)]
pub(crate) struct RoomRow {
    pub(crate) id: RoomId,
    name: String,
    description: Option<String>,
    game_rule_id: Option<GameRuleId>,
    pub(crate) counselor_id: AccountId,
    share_code: String,
    is_active: bool,
    created_at: At,
    expires_at: Option<At>,
    session_count: i32,
    pub(crate) client_id: Option<ClientId>,
}

impl From<RoomRow> for Room {
    fn from(row: RoomRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            game_rule_id: row.game_rule_id,
            counselor_id: row.counselor_id,
            share_code: ShareCode::from_column(row.share_code),
            is_active: row.is_active,
            created_at: row.created_at.utc(),
            expires_at: row.expires_at.map(At::utc),
            session_count: row.session_count,
            client_id: row.client_id,
        }
    }
}

impl From<&Room> for RoomRow {
    fn from(room: &Room) -> Self {
        Self {
            id: room.id,
            name: room.name.clone(),
            description: room.description.clone(),
            game_rule_id: room.game_rule_id,
            counselor_id: room.counselor_id,
            share_code: room.share_code.to_string(),
            is_active: room.is_active,
            created_at: room.created_at.into(),
            expires_at: room.expires_at.map(At::from),
            session_count: room.session_count,
            client_id: room.client_id,
        }
    }
}

/// The rows as a table of values, on PostgreSQL.
pub(super) fn values(rows: &[RoomRow]) -> Unnest<'_, &RoomRow> {
    Unnest::of(rows)
        .column(rooms::id, |row| row.id)
        .column(rooms::name, |row| row.name.as_str())
        .column(rooms::description, |row| row.description.as_deref())
        .column(rooms::game_rule_id, |row| row.game_rule_id)
        .column(rooms::counselor_id, |row| row.counselor_id)
        .column(rooms::share_code, |row| row.share_code.as_str())
        .column(rooms::is_active, |row| row.is_active)
        .column(rooms::created_at, |row| row.created_at)
        .column(rooms::expires_at, |row| row.expires_at)
        .column(rooms::session_count, |row| row.session_count)
        .column(rooms::client_id, |row| row.client_id)
}

/// A room in `idempotency_keys.answer`, where it may be read by a newer version of the server than the
/// one that wrote it. A field that is added later therefore has `#[serde(default)]`.
#[derive(Serialize, Deserialize)]
struct StoredRoom {
    id: RoomId,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    game_rule_id: Option<GameRuleId>,
    counselor_id: AccountId,
    share_code: String,
    is_active: bool,
    created_at: DateTime<Utc>,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    session_count: i32,
    #[serde(default)]
    client_id: Option<ClientId>,
}

/// The room as [`StoredRoom`].
///
/// # Errors
/// When it cannot be serialized, which is a bug.
pub(crate) fn write_answer(room: &Room) -> Result<String, GroupError> {
    let stored = StoredRoom {
        id: room.id,
        name: room.name.clone(),
        description: room.description.clone(),
        game_rule_id: room.game_rule_id,
        counselor_id: room.counselor_id,
        share_code: room.share_code.to_string(),
        is_active: room.is_active,
        created_at: room.created_at,
        expires_at: room.expires_at,
        session_count: room.session_count,
        client_id: room.client_id,
    };
    let text = serde_json::to_string(&stored);
    text.map_err(|error| DieselError::SerializationError(Box::new(error)).into())
}

/// The room that [`write_answer`] wrote, in this or an earlier version of the server.
///
/// # Errors
/// When the text is damaged.
pub(crate) fn read_answer(text: &str) -> Result<Room, GroupError> {
    let stored: StoredRoom = idempotency::parse_answer(text)?;
    Ok(Room {
        id: stored.id,
        name: stored.name,
        description: stored.description,
        game_rule_id: stored.game_rule_id,
        counselor_id: stored.counselor_id,
        share_code: ShareCode::from_column(stored.share_code),
        is_active: stored.is_active,
        created_at: stored.created_at,
        expires_at: stored.expires_at,
        session_count: stored.session_count,
        client_id: stored.client_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by the version of November 2026. Never change it: rows like it are in databases.
    const OF_NOVEMBER_2026: &str = r#"{"id":"6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f","name":"A room","description":null,"game_rule_id":null,"counselor_id":"00000000-0000-4000-8000-000000000001","share_code":"ABC234","is_active":true,"created_at":"2026-11-22T21:49:05.007362Z","expires_at":null,"session_count":0}"#;

    fn room() -> Room {
        Room {
            id: "6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f".parse().unwrap(),
            name: "A room".into(),
            description: None,
            game_rule_id: None,
            counselor_id: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
            share_code: ShareCode::from_column("ABC234".into()),
            is_active: true,
            created_at: "2026-11-22T21:49:05.007362Z".parse().unwrap(),
            expires_at: None,
            session_count: 0,
            client_id: None,
        }
    }

    #[test]
    fn an_answer_that_an_earlier_version_stored_is_read() {
        assert_eq!(read_answer(OF_NOVEMBER_2026).unwrap(), room());
        let oldest = OF_NOVEMBER_2026.replace(r#","session_count":0"#, "");
        assert_eq!(read_answer(&oldest).unwrap(), room());
    }

    #[test]
    fn a_stored_room_is_read_back_unchanged() {
        let full = Room {
            description: Some("For \"everyone\"".into()),
            game_rule_id: Some("00000000-0000-4000-8000-000000000002".parse().unwrap()),
            expires_at: Some("2099-01-01T00:00:00Z".parse().unwrap()),
            session_count: 3,
            client_id: Some("00000000-0000-4000-8000-000000000003".parse().unwrap()),
            ..room()
        };
        assert_eq!(read_answer(&write_answer(&full).unwrap()).unwrap(), full);
    }
}
