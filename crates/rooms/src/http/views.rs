//! What answers about rooms say.

use api::Located;
use documents::Json;
use ids::{AccountId, GameRuleId, RoomId, VisitorId};
use serde::Serialize;
use utoipa::ToSchema;
use values::time;

use crate::game_rule::GameRule;
use crate::room::Room;
use crate::share_code::ShareCode;
use crate::visitor::Visitor;

/// A room. Who the client is, is nobody else's business and always null here.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomView {
    name: String,
    description: Option<String>,
    game_rule_id: Option<GameRuleId>,
    /// Always null.
    card_deck_id: Option<GameRuleId>,
    id: RoomId,
    counselor_id: AccountId,
    /// What visitors join by.
    #[schema(value_type = String, example = "ABC234")]
    share_code: ShareCode,
    is_active: bool,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    created_at: String,
    /// In UTC, without a zone.
    expires_at: Option<String>,
    session_count: i32,
    /// Always null.
    client_id: Option<AccountId>,
    /// Always null.
    client_name: Option<String>,
    /// The owner's name, in the owner's own list only.
    counselor_name: Option<String>,
}

impl From<Room> for RoomView {
    fn from(room: Room) -> Self {
        Self {
            name: room.name,
            description: room.description,
            game_rule_id: room.game_rule_id,
            card_deck_id: None,
            id: room.id,
            counselor_id: room.counselor_id,
            share_code: room.share_code,
            is_active: room.is_active,
            created_at: time::naive(room.created_at),
            expires_at: room.expires_at.map(time::naive),
            session_count: room.session_count,
            client_id: None,
            client_name: None,
            counselor_name: None,
        }
    }
}

impl RoomView {
    /// The room with its owner's name.
    pub(crate) fn of(room: Room, owner: &str) -> Self {
        Self { counselor_name: Some(owner.to_owned()), ..room.into() }
    }
}

/// A room that was restored.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoredRoomView {
    name: String,
    #[schema(value_type = String, example = "ABC234")]
    share_code: ShareCode,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    created_at: String,
    session_count: i32,
    description: Option<String>,
    game_rule_id: Option<GameRuleId>,
    /// Always null.
    card_deck_id: Option<GameRuleId>,
    id: RoomId,
    counselor_id: AccountId,
    is_active: bool,
    /// In UTC, without a zone.
    expires_at: Option<String>,
}

impl From<Room> for RestoredRoomView {
    fn from(room: Room) -> Self {
        Self {
            name: room.name,
            share_code: room.share_code,
            created_at: time::naive(room.created_at),
            session_count: room.session_count,
            description: room.description,
            game_rule_id: room.game_rule_id,
            card_deck_id: None,
            id: room.id,
            counselor_id: room.counselor_id,
            is_active: room.is_active,
            expires_at: room.expires_at.map(time::naive),
        }
    }
}

/// A visitor. The id is a secret between the visitor and us.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitorView {
    name: String,
    room_id: RoomId,
    id: VisitorId,
    session_id: String,
    is_active: bool,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    joined_at: String,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    last_seen: String,
}

impl From<Visitor> for VisitorView {
    fn from(visitor: Visitor) -> Self {
        Self {
            name: visitor.name,
            room_id: visitor.room_id,
            id: visitor.id,
            session_id: visitor.session_id,
            is_active: visitor.is_active,
            joined_at: time::naive(visitor.joined_at),
            last_seen: time::naive(visitor.last_seen),
        }
    }
}

/// A visitor who joined.
#[derive(Serialize, ToSchema)]
pub(crate) struct JoinedView {
    #[serde(flatten)]
    pub(crate) visitor: VisitorView,
    /// As a bearer token it lets the visitor load and patch the games of this room, and do nothing
    /// else. Joining again gives a fresh one.
    pub(crate) visitor_token: String,
}

/// The rules of a game.
#[derive(Serialize, ToSchema)]
pub(crate) struct GameRuleView {
    id: GameRuleId,
    #[schema(example = "skill_assessment")]
    slug: String,
    name: String,
    description: Option<String>,
    version: String,
    /// Where cards lie: the deck and the zones.
    #[schema(value_type = Object)]
    layout_config: Json,
    /// How many cards may lie where.
    #[schema(value_type = Object)]
    constraint_config: Json,
    is_active: bool,
}

impl From<GameRule> for GameRuleView {
    fn from(rule: GameRule) -> Self {
        Self {
            id: rule.id,
            slug: rule.slug,
            name: rule.name,
            description: rule.description,
            version: rule.version,
            layout_config: rule.layout_config,
            constraint_config: rule.constraint_config,
            is_active: rule.is_active,
        }
    }
}

/// That something was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) message: &'static str,
}

impl Located for RoomView {
    fn location(&self) -> String {
        format!("/api/rooms/{}", self.id)
    }
}

impl Located for JoinedView {
    fn location(&self) -> String {
        format!("/api/visitors/{}", self.visitor.id)
    }
}
