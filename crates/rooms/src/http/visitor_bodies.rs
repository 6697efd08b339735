//! A visitor in JSON bodies of requests and answers.

use api::Located;
use ids::{RoomId, VisitorId};
use serde::Serialize;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use values::{Fields, FromFields, time};

use crate::visitor::{SessionKey, Visitor, VisitorName};

/// A request to join.
#[derive(ToSchema)]
pub(crate) struct JoinRequest {
    /// At most 100 characters; may be empty.
    #[schema(value_type = String, max_length = 100, example = "Mei")]
    pub(super) name: VisitorName,
    /// The client's name for its session, at most 255 characters. Joining again with the same one
    /// gives the same visitor.
    #[schema(value_type = String, max_length = 255, example = "visitor_1764000000000_k3j9x1z2a")]
    pub(super) session_id: SessionKey,
}

impl FromFields for JoinRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, session_id) = (fields.field("name"), fields.field("session_id"));
        Some(Self { name: name?, session_id: session_id? })
    }
}

/// A visitor. The id is a secret of the visitor.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitorView {
    name: String,
    room_id: RoomId,
    id: VisitorId,
    session_id: String,
    is_active: bool,
    /// In UTC.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    joined_at: String,
    /// In UTC.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
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
            joined_at: time::zulu(visitor.joined_at),
            last_seen: time::zulu(visitor.last_seen),
        }
    }
}

/// A visitor as the other visitors of the room see it: without the id and the session, which are
/// secrets of the visitor.
#[derive(Serialize, ToSchema)]
pub(crate) struct FellowVisitorView {
    name: String,
    room_id: RoomId,
    is_active: bool,
    /// In UTC.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    joined_at: String,
    /// In UTC.
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    last_seen: String,
}

impl From<Visitor> for FellowVisitorView {
    fn from(visitor: Visitor) -> Self {
        Self {
            name: visitor.name,
            room_id: visitor.room_id,
            is_active: visitor.is_active,
            joined_at: time::zulu(visitor.joined_at),
            last_seen: time::zulu(visitor.last_seen),
        }
    }
}

/// The visitors of a room.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum VisitorsView {
    /// For the owner and administrators.
    Owner(Vec<VisitorView>),
    /// For the visitors of the room.
    Visitor(Vec<FellowVisitorView>),
}

// By hand, because an empty list is one of both: the derived schema would be `oneOf`.
impl PartialSchema for VisitorsView {
    fn schema() -> RefOr<Schema> {
        let list = |of: &str| ArrayBuilder::new().items(Ref::from_schema_name(of));
        AnyOfBuilder::new()
            .description(Some("The visitors of a room: the second for the visitors of it."))
            .item(list(&VisitorView::name()))
            .item(list(&FellowVisitorView::name()))
            .into()
    }
}

impl ToSchema for VisitorsView {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((VisitorView::name().into(), VisitorView::schema()));
        schemas.push((FellowVisitorView::name().into(), FellowVisitorView::schema()));
        VisitorView::schemas(schemas);
        FellowVisitorView::schemas(schemas);
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

impl Located for JoinedView {
    fn location(&self) -> String {
        format!("/api/visitors/{}", self.visitor.id)
    }
}
