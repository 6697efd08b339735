//! A room that a counsellor opened.

use auth::Account;
use chrono::{DateTime, Utc};
use ids::{AccountId, GameRuleId, RoomId};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use values::Text;

use crate::error::RoomError;
use crate::share_code::ShareCode;

/// What a room is called.
pub type RoomName = Text<1, 200>;

/// What a room is for.
pub type Description = Text<0, 500>;

/// A room that a counsellor opened. Closing or deleting it keeps it, inactive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Which one; nobody can guess it.
    pub id: RoomId,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The rules it was opened with.
    pub game_rule_id: Option<GameRuleId>,
    /// Who opened it.
    pub counselor_id: AccountId,
    /// What visitors join by.
    pub share_code: ShareCode,
    /// Whether it is open.
    pub is_active: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when, if it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Consultations that were held in it.
    pub session_count: i32,
}

/// The room takes nobody in: it is closed or over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Room not found or inactive")]
pub struct RoomClosed;

/// What somebody wants to do with a room that only its owner or an administrator may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Change its name or description.
    Update,
    /// Delete it.
    Delete,
    /// Open it again.
    Restore,
    /// Close it.
    Close,
    /// See what happened in it.
    Statistics,
    /// See who is in it.
    Visitors,
}

impl Room {
    /// Whether a visitor may come in at `now`.
    ///
    /// An expired room looks closed, so that a guessed code tells nothing.
    pub fn admits(&self, now: DateTime<Utc>) -> Result<(), RoomClosed> {
        let expired = self.expires_at.is_some_and(|end| end <= now);
        if self.is_active && !expired { Ok(()) } else { Err(RoomClosed) }
    }

    /// Whether `account` may do this with the room: its owner may, and an administrator.
    pub fn lets(&self, account: &Account, deed: Deed) -> Result<(), RoomError> {
        if account.owns_or_administers(self.counselor_id) {
            Ok(())
        } else {
            Err(RoomError::Forbidden(deed))
        }
    }
}

impl Deed {
    /// The deed as a verb, as the old API words it.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Update => "update room",
            Self::Delete => "delete room",
            Self::Restore => "restore room",
            Self::Close => "close room",
            Self::Statistics => "see its statistics",
            Self::Visitors => "list its visitors",
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn check(is_active: bool, ends_in: Option<i64>, admits: bool) {
        let now = Utc::now();
        let room = Room {
            id: RoomId::new(),
            name: "A room".into(),
            description: None,
            game_rule_id: None,
            counselor_id: AccountId::new(),
            share_code: ShareCode::from_column("ABCDEF".into()),
            is_active,
            created_at: now,
            expires_at: ends_in.map(|seconds| now + TimeDelta::seconds(seconds)),
            session_count: 0,
        };
        assert_eq!(room.admits(now).is_ok(), admits, "{is_active} {ends_in:?}");
    }

    #[test]
    fn only_an_open_room_before_its_end_takes_visitors_in() {
        check(true, None, true);
        check(true, Some(1), true);
        check(true, Some(0), false);
        check(true, Some(-1), false);
        check(false, None, false);
        check(false, Some(1), false);
    }
}
