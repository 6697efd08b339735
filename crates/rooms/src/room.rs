//! A room that a counsellor opened.

use auth::Account;
use chrono::{DateTime, Utc};
use ids::{AccountId, ClientId, GameRuleId, RoomId};
use thiserror::Error;
use values::Text;

use crate::game_rule::RuleSlug;
use crate::share_code::ShareCode;

/// The name of a room.
pub type RoomName = Text<1, 200>;

/// The purpose of a room.
pub type Description = Text<0, 500>;

/// A room that a counsellor opened. Closing or deleting it keeps it, inactive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id, which cannot be guessed.
    pub id: RoomId,
    /// Its name.
    pub name: String,
    /// Its purpose.
    pub description: Option<String>,
    /// The game rule it was opened with.
    pub game_rule_id: Option<GameRuleId>,
    /// The account that opened it.
    pub counselor_id: AccountId,
    /// The code that visitors join by.
    pub share_code: ShareCode,
    /// Whether it is open, unless it has expired.
    pub is_active: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it expires, if it does.
    pub expires_at: Option<DateTime<Utc>>,
    /// Consultations that were held in it.
    pub session_count: i32,
    /// The client it is for, which only its owner and administrators see.
    pub client_id: Option<ClientId>,
}

/// A room with what only its owner and administrators see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRoom {
    /// The room.
    pub room: Room,
    /// The name of its client, if it has one.
    pub client_name: Option<String>,
}

/// A room as the counsellor requests it.
#[derive(Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: RoomName,
    /// Its purpose.
    pub description: Option<Description>,
    /// The slug of its game rule; empty is none.
    pub rule: Option<RuleSlug>,
    /// When it expires, if it does.
    pub expires_at: Option<DateTime<Utc>>,
    /// The client of the same counsellor that it is for.
    pub client_id: Option<ClientId>,
}

/// The room admits no visitors: it is closed or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Room not found or inactive")]
pub struct RoomClosed;

/// The account is neither the owner of the room nor an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Only room owner or admin can {}", .0.verb())]
pub struct Forbidden(pub RoomAction);

/// Why a room ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// It was closed.
    Closed,
    /// It was deleted.
    Deleted,
    /// Its time is over.
    Expired,
}

/// An action on a room that is reserved for its owner and administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomAction {
    /// Change its name or description.
    Update,
    /// Delete it.
    Delete,
    /// Open it again.
    Restore,
    /// Close it.
    Close,
    /// Read its statistics.
    Statistics,
    /// List its visitors.
    Visitors,
}

impl Room {
    /// The room that `owner` opens at `now`, before its rule is known.
    pub(crate) fn open(
        new: &NewRoom,
        owner: AccountId,
        share_code: ShareCode,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: RoomId::new(),
            name: new.name.to_string(),
            description: new.description.as_ref().map(ToString::to_string),
            game_rule_id: None,
            counselor_id: owner,
            share_code,
            is_active: true,
            created_at: now,
            expires_at: new.expires_at,
            session_count: 0,
            client_id: new.client_id,
        }
    }

    /// Whether a visitor may join at `now`.
    ///
    /// An expired room looks closed, so that a guessed code reveals nothing.
    ///
    /// # Errors
    /// [`RoomClosed`], when the room has ended.
    pub fn admits(&self, now: DateTime<Utc>) -> Result<(), RoomClosed> {
        match self.end_reason(now) {
            None => Ok(()),
            Some(_) => Err(RoomClosed),
        }
    }

    /// Why the room has ended at `now`; `None` while it is open.
    ///
    /// A deleted room is stored like a closed one, and counts as closed.
    pub fn end_reason(&self, now: DateTime<Utc>) -> Option<EndReason> {
        if !self.is_active {
            Some(EndReason::Closed)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Some(EndReason::Expired)
        } else {
            None
        }
    }

    /// Whether `account` may carry out the action: the owner may, and administrators.
    ///
    /// # Errors
    /// [`Forbidden`], for every other account.
    pub fn authorize(&self, account: &Account, action: RoomAction) -> Result<(), Forbidden> {
        if account.owns_or_administers(self.counselor_id) { Ok(()) } else { Err(Forbidden(action)) }
    }
}

impl EndReason {
    /// The reason as `session_ended` carries it, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "room_closed",
            Self::Deleted => "room_deleted",
            Self::Expired => "room_expired",
        }
    }
}

impl RoomAction {
    /// The action as a verb phrase, as the earlier backend words it.
    fn verb(self) -> &'static str {
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

    fn a_room(expires_at: Option<DateTime<Utc>>) -> NewRoom {
        NewRoom {
            name: RoomName::parse("A room").unwrap(),
            description: None,
            rule: None,
            expires_at,
            client_id: None,
        }
    }

    fn code() -> ShareCode {
        ShareCode::parse("ABCDEF")
    }

    fn check(is_active: bool, ends_in: Option<i64>, ended: Option<EndReason>) {
        let now = Utc::now();
        let expires_at = ends_in.map(|seconds| now + TimeDelta::seconds(seconds));
        let room =
            Room { is_active, ..Room::open(&a_room(expires_at), AccountId::new(), code(), now) };
        assert_eq!(room.end_reason(now), ended, "{is_active} {ends_in:?}");
        assert_eq!(room.admits(now).is_ok(), ended.is_none(), "{is_active} {ends_in:?}");
    }

    #[test]
    fn only_an_open_room_before_its_expiry_admits_visitors() {
        check(true, None, None);
        check(true, Some(1), None);
        check(true, Some(0), Some(EndReason::Expired));
        check(true, Some(-1), Some(EndReason::Expired));
        check(false, None, Some(EndReason::Closed));
        check(false, Some(1), Some(EndReason::Closed));
        check(false, Some(-1), Some(EndReason::Closed));
    }
}
