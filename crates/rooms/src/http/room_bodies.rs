//! A room in JSON bodies of requests and answers.

use api::Located;
use chrono::{DateTime, Utc};
use ids::{AccountId, ClientId, GameRuleId, RoomId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use values::{Fields, FromFields, time};

use crate::game_rule::{DEFAULT_SLUG, RuleSlug};
use crate::room::{Description, NewRoom, OwnedRoom, Room, RoomName};
use crate::share_code::ShareCode;

/// A room to open or to change.
#[derive(ToSchema)]
pub(crate) struct RoomRequest {
    /// 1 to 200 characters.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Tuesday group")]
    pub(super) name: RoomName,
    /// At most 500 characters.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub(super) description: Option<Description>,
    /// The slug of its game rule: `skill_assessment` (the default), `value_navigation`,
    /// `career_personality`; null or empty for none. Only read when a room is opened.
    #[schema(value_type = Option<String>, example = "skill_assessment")]
    game_rule_slug: Option<RuleSlug>,
    /// The client of one's own that it is for. Only read when a room is opened.
    client_id: Option<ClientId>,
    /// Taken and ignored, as before.
    #[expect(dead_code, reason = "clients of the earlier backend send it")]
    game_rule_id: Option<GameRuleId>,
    /// When the room expires: RFC 3339, a date, or seconds since 1970; in UTC without a
    /// zone. Only read when a room is opened.
    #[schema(schema_with = optional_moment)]
    expires_at: Option<DateTime<Utc>>,
}

/// A moment, as requests write it.
fn optional_moment() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let seconds = ObjectBuilder::new().schema_type(Type::Number);
    let seconds = seconds.minimum(Some(0)).maximum(Some(253_402_300_799_i64));
    AnyOfBuilder::new()
        .item(text)
        .item(seconds)
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .build()
        .into()
}

impl FromFields for RoomRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let default_rule = RuleSlug::parse(DEFAULT_SLUG).ok();
        let (name, description) = (fields.field("name"), fields.field("description"));
        let game_rule_slug = fields.field_or("game_rule_slug", default_rule);
        let (client_id, game_rule_id) = (fields.field("client_id"), fields.field("game_rule_id"));
        let expires_at = fields.field("expires_at");
        Some(Self {
            name: name?,
            description: description?,
            game_rule_slug: game_rule_slug?,
            client_id: client_id?,
            game_rule_id: game_rule_id?,
            expires_at: expires_at?,
        })
    }
}

impl From<RoomRequest> for NewRoom {
    fn from(request: RoomRequest) -> Self {
        let RoomRequest { name, description, game_rule_slug: rule, client_id, expires_at, .. } =
            request;
        Self { name, description, rule, expires_at, client_id }
    }
}

/// A room. Only its owner and administrators see its client.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomView {
    name: String,
    description: Option<String>,
    game_rule_id: Option<GameRuleId>,
    /// Always null.
    card_deck_id: Option<GameRuleId>,
    id: RoomId,
    counselor_id: AccountId,
    /// The code that visitors join by.
    #[schema(value_type = String, example = "ABC234")]
    share_code: ShareCode,
    is_active: bool,
    /// In UTC.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    /// In UTC.
    expires_at: Option<String>,
    session_count: i32,
    /// Null for everyone else, and when it has none.
    client_id: Option<ClientId>,
    /// As `client_id`.
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
            created_at: time::zulu(room.created_at),
            expires_at: room.expires_at.map(time::zulu),
            session_count: room.session_count,
            client_id: None,
            client_name: None,
            counselor_name: None,
        }
    }
}

impl From<OwnedRoom> for RoomView {
    fn from(OwnedRoom { room, client_name }: OwnedRoom) -> Self {
        let client_id = room.client_id;
        Self { client_id, client_name, ..room.into() }
    }
}

impl RoomView {
    /// The room in its owner's list, with the owner's name.
    pub(crate) fn listed(room: OwnedRoom, owner: &str) -> Self {
        Self { counselor_name: Some(owner.to_owned()), ..room.into() }
    }
}

/// A room that was restored.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoredRoomView {
    name: String,
    #[schema(value_type = String, example = "ABC234")]
    share_code: ShareCode,
    /// In UTC.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    session_count: i32,
    description: Option<String>,
    game_rule_id: Option<GameRuleId>,
    /// Always null.
    card_deck_id: Option<GameRuleId>,
    id: RoomId,
    counselor_id: AccountId,
    is_active: bool,
    /// In UTC.
    expires_at: Option<String>,
}

impl From<Room> for RestoredRoomView {
    fn from(room: Room) -> Self {
        Self {
            name: room.name,
            share_code: room.share_code,
            created_at: time::zulu(room.created_at),
            session_count: room.session_count,
            description: room.description,
            game_rule_id: room.game_rule_id,
            card_deck_id: None,
            id: room.id,
            counselor_id: room.counselor_id,
            is_active: room.is_active,
            expires_at: room.expires_at.map(time::zulu),
        }
    }
}

impl Located for RoomView {
    fn location(&self) -> String {
        format!("/api/rooms/{}", self.id)
    }
}
