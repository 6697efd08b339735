//! A client in JSON bodies of requests and answers.

use ids::{AccountId, ClientId, RoomId};
use rooms::{Room, ShareCode};
use serde::Serialize;
use utoipa::ToSchema;
use values::{Email, Fields, FromFields, Given, time};

use crate::client::{
    Address, Client, ClientChange, ClientName, ClientNotes, NewClient, Phone, Status, Tags,
};
use crate::create::Created;
use crate::list::ListedClient;

/// A client to create.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described here, read as a `NewClient`")]
pub(crate) struct ClientRequest {
    /// At most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100, example = "陳同學")]
    name: Option<ClientName>,
    /// Any text of at most 255 characters; empty is none.
    #[schema(value_type = Option<String>, max_length = 255, example = "mei@example.com")]
    email: Option<Address>,
    /// At most 50 characters.
    #[schema(value_type = Option<String>, max_length = 50, example = "0912-345-678")]
    phone: Option<Phone>,
    /// At most 10,000 characters.
    #[schema(value_type = Option<String>, max_length = 10000)]
    notes: Option<ClientNotes>,
    /// At most 50 of at most 50 characters.
    #[schema(value_type = Option<Vec<String>>, max_items = 50, example = json!(["轉職"]))]
    tags: Option<Tags>,
}

impl FromFields for NewClient {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, email, phone) =
            (fields.field("name"), fields.field("email"), fields.field("phone"));
        let (notes, tags) = (fields.field("notes"), fields.field::<Option<Tags>>("tags"));
        Some(Self {
            name: name?,
            email: email?,
            phone: phone?,
            notes: notes?,
            tags: tags?.unwrap_or_default(),
        })
    }
}

/// A change of a client; a field that is left out stays as it is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described here, read as a `ClientChange`")]
pub(crate) struct ClientUpdate {
    /// At most 100 characters.
    #[schema(value_type = Option<String>, max_length = 100)]
    name: Option<ClientName>,
    /// Any text of at most 255 characters; empty is none. Another address is not verified.
    #[schema(value_type = Option<String>, max_length = 255)]
    email: Option<Address>,
    /// At most 50 characters.
    #[schema(value_type = Option<String>, max_length = 50)]
    phone: Option<Phone>,
    /// At most 10,000 characters.
    #[schema(value_type = Option<String>, max_length = 10000)]
    notes: Option<ClientNotes>,
    /// At most 50 of at most 50 characters.
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    tags: Option<Tags>,
    #[schema(required = false)]
    status: Status,
}

impl FromFields for ClientChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, email, phone) =
            (fields.field("name"), fields.field("email"), fields.field("phone"));
        let (notes, tags) = (fields.field("notes"), fields.field("tags"));
        let status: Option<Given<Status>> = fields.field("status");
        Some(Self {
            name: name?,
            email: email?,
            phone: phone?,
            notes: notes?,
            tags: tags?,
            status: status?,
        })
    }
}

/// An address to bind to a client.
#[derive(ToSchema)]
pub(crate) struct EmailBinding {
    /// The client of the path; another one is refused.
    pub(super) client_id: ClientId,
    #[schema(value_type = String, format = "email", max_length = 255, example = "mei@example.com")]
    pub(super) email: Email,
    /// Whether a mail is sent that verifies the address; by default it is.
    #[schema(required = false)]
    pub(super) send_verification: bool,
}

impl FromFields for EmailBinding {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (client_id, email) = (fields.field("client_id"), fields.field("email"));
        let send_verification = fields.field_or("send_verification", true);
        Some(Self { client_id: client_id?, email: email?, send_verification: send_verification? })
    }
}

/// A client.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientView {
    #[schema(example = "mei@example.com")]
    email: Option<String>,
    #[schema(example = "陳同學")]
    name: Option<String>,
    phone: Option<String>,
    notes: Option<String>,
    tags: Vec<String>,
    status: Status,
    id: ClientId,
    counselor_id: AccountId,
    email_verified: bool,
    verified_at: Option<String>,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    updated_at: String,
    /// Rooms that can be joined.
    active_rooms_count: usize,
    /// Records of consultations.
    total_consultations: i64,
    /// The date of the latest of them.
    last_consultation_date: Option<String>,
    /// The newest room.
    default_room_id: Option<RoomId>,
    /// Its name.
    default_room_name: Option<String>,
    /// Newest first; with closed ones. Empty when the client was created just now.
    rooms: Vec<ClientRoomView>,
    /// 1 at first, and one more for each change. Also in the `ETag`.
    #[schema(minimum = 1, example = 1)]
    version: i64,
}

/// A room of a client.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientRoomView {
    id: RoomId,
    name: String,
    description: Option<String>,
    #[schema(value_type = String, example = "ABC234")]
    share_code: ShareCode,
    is_active: bool,
    expires_at: Option<String>,
    session_count: i32,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    /// Always null.
    last_activity: Option<String>,
    /// The owner's name, when the owner asks.
    counselor_name: Option<String>,
}

/// A room in the list of a client's rooms.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedRoomView {
    id: RoomId,
    name: String,
    description: Option<String>,
    is_active: bool,
    expires_at: Option<String>,
    session_count: i32,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            email: client.email,
            name: client.name,
            phone: client.phone,
            notes: client.notes,
            tags: client.tags,
            status: client.status,
            id: client.id,
            counselor_id: client.counselor_id,
            email_verified: client.email_verified,
            verified_at: client.verified_at.map(time::zulu),
            created_at: time::zulu(client.created_at),
            updated_at: time::zulu(client.updated_at),
            active_rooms_count: 0,
            total_consultations: 0,
            last_consultation_date: None,
            default_room_id: None,
            default_room_name: None,
            rooms: Vec::new(),
            version: client.version,
        }
    }
}

impl From<Created> for ClientView {
    fn from(Created { client, room }: Created) -> Self {
        Self {
            active_rooms_count: 1,
            default_room_id: Some(room.id),
            default_room_name: Some(room.name),
            ..client.into()
        }
    }
}

impl ClientView {
    /// A client with its rooms, whose owner has the name `owner`.
    pub(super) fn listed(listed: ListedClient, owner: Option<&str>) -> Self {
        let ListedClient { client, consultations, last_consultation, rooms } = listed;
        let now = time::now();
        let newest = rooms.first();
        Self {
            active_rooms_count: rooms.iter().filter(|room| room.admits(now).is_ok()).count(),
            total_consultations: consultations,
            last_consultation_date: last_consultation.map(time::zulu),
            default_room_id: newest.map(|room| room.id),
            default_room_name: newest.map(|room| room.name.clone()),
            rooms: rooms.into_iter().map(|room| ClientRoomView::of(room, owner)).collect(),
            ..client.into()
        }
    }
}

impl ClientRoomView {
    fn of(room: Room, owner: Option<&str>) -> Self {
        Self {
            id: room.id,
            name: room.name,
            description: room.description,
            share_code: room.share_code,
            is_active: room.is_active,
            expires_at: room.expires_at.map(time::zulu),
            session_count: room.session_count,
            created_at: time::zulu(room.created_at),
            last_activity: None,
            counselor_name: owner.map(str::to_owned),
        }
    }
}

impl From<Room> for ListedRoomView {
    fn from(room: Room) -> Self {
        Self {
            id: room.id,
            name: room.name,
            description: room.description,
            is_active: room.is_active,
            expires_at: room.expires_at.map(time::zulu),
            session_count: room.session_count,
            created_at: time::zulu(room.created_at),
        }
    }
}
