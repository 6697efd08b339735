//! Broadcasts over HTTP, for clients that have no socket, or have not joined yet.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use api::{ErrorBody, OverloadErrors, Problem};
use bytes::Bytes;
use ids::RoomId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::authorizer::AuthorizationError;
use crate::broadcast::NewBroadcast;
use crate::event::check_client_event;
use crate::participant::Participant;
use crate::protocol::Body;
use crate::topic::{BYTES_MAX, PREFIX, Topic};
use crate::worker::Worker;

/// Largest number of messages in one request.
const BATCH_MAX: usize = 100;

/// Messages to broadcast.
#[derive(Deserialize, ToSchema)]
#[schema(as = BroadcastBatch)]
pub(crate) struct Batch<'a> {
    #[serde(borrow)]
    #[schema(max_items = 100)]
    messages: Vec<Message<'a>>,
}

/// A message to broadcast.
#[derive(Deserialize, ToSchema)]
#[schema(as = BroadcastMessage)]
struct Message<'a> {
    #[schema(inline, value_type = TopicName)]
    topic: String,
    /// What kind of message it is.
    #[schema(min_length = 1, max_length = 255, example = "card_moved")]
    event: String,
    /// What it says: any JSON.
    #[serde(borrow, default)]
    #[schema(value_type = Value)]
    payload: Option<&'a RawValue>,
    /// Whether the private channel is meant.
    #[serde(default)]
    private: bool,
}

/// The channel, without `realtime:`: `room:` and the room's id, with anything after a further colon.
struct TopicName;

/// Broadcast messages
///
/// For clients that have not joined the channel. All members receive the messages. `/api/broadcast` is
/// an alias.
#[utoipa::path(tag = "realtime", request_body = Batch, responses(
    OverloadErrors,
    (status = 202, description = "The messages are on their way"),
    (status = 401, description = "The key or the token is not valid", body = ErrorBody),
    (status = 403, description = "Not allowed in this room", body = ErrorBody),
    (status = 404, description = "There is no such room, or it is closed", body = ErrorBody),
    (status = 413, description = "Too large", body = ErrorBody),
    (status = 422, description = "The body is not as it should be", body = ErrorBody),
    (status = 429, description = "Too many messages per second in this room", body = ErrorBody),
))]
#[post("/realtime/v1/api/broadcast")]
pub(crate) async fn broadcast_many(
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let worker = worker(&request)?;
    let body = read(payload, worker).await?;
    let batch: Batch<'_> =
        serde_json::from_slice(&body).map_err(|_| invalid("a list of messages"))?;
    if batch.messages.len() > BATCH_MAX {
        return Err(invalid("at most 100 messages"));
    }
    let broadcasts = batch
        .messages
        .into_iter()
        .map(|it| PendingBroadcast::parse(worker, it))
        .collect::<Result<_, _>>()?;
    send(worker, &request, broadcasts).await
}

/// Broadcast one message
///
/// The body is the payload: JSON, or bytes as `application/octet-stream`.
#[utoipa::path(tag = "realtime",
    request_body(content((Value = "application/json"), (inline(Binary) = "application/octet-stream"))),
    params(
        ("topic" = inline(TopicName), Path, description = "The channel, without `realtime:`"),
        ("event" = String, Path, description = "What kind of message it is"),
        ("private" = Option<bool>, Query, description = "Whether the private channel is meant"),
    ),
    responses(
        OverloadErrors,
        (status = 202, description = "The message is on its way"),
        (status = 401, description = "The key or the token is not valid", body = ErrorBody),
        (status = 403, description = "Not allowed in this room", body = ErrorBody),
        (status = 404, description = "There is no such room, or it is closed", body = ErrorBody),
        (status = 413, description = "Too large", body = ErrorBody),
        (status = 415, description = "Neither JSON nor bytes", body = ErrorBody),
        (status = 422, description = "The body is not as it should be", body = ErrorBody),
        (status = 429, description = "Too many messages per second in this room", body = ErrorBody),
    ),
)]
#[post("/realtime/v1/api/broadcast/{topic}/events/{event}")]
pub(crate) async fn broadcast_one(
    request: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let worker = worker(&request)?;
    let (topic, event) = path.into_inner();
    let topic = parse_topic(worker, &topic)?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let is_binary = match kind.and_then(|it| it.split(';').next()).map(str::trim) {
        Some("application/octet-stream") => true,
        Some("application/json") | None => false,
        Some(_) => return Err(unsupported_media_type()),
    };
    let is_private = is_private(request.query_string())?;
    let body = read(payload, worker).await?;
    let body = if is_binary { Ok(Body::Binary(body)) } else { Body::json(&body) };
    let body = body.map_err(|_| invalid("JSON that is not nested too deep"))?;
    check_size(worker, &body)?;
    send(worker, &request, vec![PendingBroadcast { topic, is_private, event, body }]).await
}

impl PartialSchema for TopicName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The channel, without `realtime:`"))
            .pattern(Some(r"^room:[A-Za-z0-9._-]+(:[\s\S]*)?$"))
            .max_length(Some(BYTES_MAX - PREFIX.len()))
            .examples([json!("room:6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f")])
            .into()
    }
}

impl ToSchema for TopicName {}

/// A payload that is not JSON.
struct Binary;

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Binary {}

/// A broadcast that is not authorized yet.
struct PendingBroadcast {
    topic: Topic,
    is_private: bool,
    event: String,
    body: Body,
}

impl PendingBroadcast {
    fn parse(worker: &Worker, message: Message<'_>) -> Result<Self, Problem> {
        let Message { topic, event, payload, private: is_private } = message;
        let text = payload.map_or("{}", RawValue::get);
        let body = Body::json(&Bytes::copy_from_slice(text.as_bytes()));
        let body = body.map_err(|_| invalid("a payload that is not nested too deep"))?;
        check_size(worker, &body)?;
        let topic = parse_topic(worker, &topic)?;
        Ok(Self { topic, is_private, event, body })
    }
}

/// Sends all broadcasts, or none when one is not allowed. The client is authorized once for each room.
async fn send(
    worker: &Worker,
    request: &HttpRequest,
    broadcasts: Vec<PendingBroadcast>,
) -> Result<HttpResponse, Problem> {
    let mut participants: HashMap<RoomId, Participant> = HashMap::new();
    let mut allowed = Vec::with_capacity(broadcasts.len());
    for PendingBroadcast { topic, is_private, event, body } in broadcasts {
        let participant = match participants.entry(topic.room()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(authorize(worker, request, &topic).await?),
        };
        check_client_event(&event, participant)
            .map_err(|reason| problem(StatusCode::FORBIDDEN, "not_allowed", reason))?;
        let sender = participant.sender();
        let new = NewBroadcast { event: event.as_str().into(), body, sender, supersedes: None };
        allowed.push((topic, is_private, new));
    }
    for (topic, is_private, new) in allowed {
        // The channel may have no members, so it could be evicted before the broadcast.
        let hub = worker.hub();
        let sent = hub.with_channel(&topic, is_private, |it| (it.clone(), it.broadcast(new, None)));
        let (channel, sent) =
            sent.map_err(|_| rate_limited("This room has as many channels as it may"))?;
        if let Some(due) = sent.map_err(|_| rate_limited("Too many messages per second"))? {
            hub.schedule_save(&channel, due);
        }
    }
    Ok(HttpResponse::Accepted().finish())
}

/// Authorizes the sender by its token, or by its API key.
async fn authorize(
    worker: &Worker,
    request: &HttpRequest,
    topic: &Topic,
) -> Result<Participant, Problem> {
    let header = |name| request.headers().get(name).and_then(|it| it.to_str().ok());
    let bearer = header(AUTHORIZATION.as_str()).and_then(|it| it.split_once(' ')).map(|it| it.1);
    let token = bearer.map(str::trim).filter(|it| !it.is_empty());
    let key = header("apikey").or(token).unwrap_or_default();
    let authorizer = worker.authorizer();
    if !authorizer.accepts_key(key) {
        return Err(problem(StatusCode::UNAUTHORIZED, "invalid_api_key", "Unauthorized"));
    }
    let token = authorizer.credential(token, key);
    authorizer.authorize(topic, token).await.map_err(|error| {
        let (status, code) = match error {
            AuthorizationError::NoToken | AuthorizationError::BadToken => {
                (StatusCode::UNAUTHORIZED, "invalid_token")
            }
            AuthorizationError::OtherRoom | AuthorizationError::VisitorLeft => {
                (StatusCode::FORBIDDEN, "not_in_room")
            }
            AuthorizationError::NoSuchRoom => (StatusCode::NOT_FOUND, "room_not_found"),
            AuthorizationError::RoomClosed => (StatusCode::NOT_FOUND, "room_closed"),
            AuthorizationError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "database_busy"),
        };
        let problem = problem(status, code, error.to_string());
        if matches!(error, AuthorizationError::Busy) { problem.retry_after(1) } else { problem }
    })
}

/// Whether the private channel is meant. Any other value than a boolean is refused, because a message
/// that is taken for a public one reaches more clients than it was meant for.
fn is_private(query: &str) -> Result<bool, Problem> {
    let mut values = query.split('&').filter_map(|it| it.strip_prefix("private="));
    values.try_fold(false, |is_private, value| match value {
        "true" => Ok(true),
        "false" => Ok(is_private),
        _ => Err(invalid("private=true or private=false")),
    })
}

/// Topics of HTTP requests have no prefix.
fn parse_topic(worker: &Worker, name: &str) -> Result<Topic, Problem> {
    let topic = worker.authorizer().parse_topic(&format!("{PREFIX}{name}"));
    topic.map_err(|_| invalid("a topic of a room"))
}

async fn read(payload: Payload, worker: &Worker) -> Result<Bytes, Problem> {
    let limit = worker.hub().limits.frame_bytes();
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(problem(StatusCode::BAD_REQUEST, "bad_request", "Bad Request")),
        Err(_) => Err(too_large()),
    }
}

/// Checks that a payload is not larger than one of a socket may be.
fn check_size(worker: &Worker, body: &Body) -> Result<(), Problem> {
    if body.len() > worker.hub().limits.payload_bytes { Err(too_large()) } else { Ok(()) }
}

fn worker(request: &HttpRequest) -> Result<&Worker, Problem> {
    let missing = || {
        Problem::bug(&std::io::Error::other("a thread serves requests without a realtime worker"))
    };
    request.app_data::<Worker>().ok_or_else(missing)
}

fn invalid(expected: &str) -> Problem {
    let detail = format!("Expected {expected}");
    problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid_broadcast", detail)
}

fn too_large() -> Problem {
    problem(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "Payload Too Large")
}

fn unsupported_media_type() -> Problem {
    let detail = "The payload is neither application/json nor application/octet-stream";
    problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

fn rate_limited(detail: &'static str) -> Problem {
    problem(StatusCode::TOO_MANY_REQUESTS, "too_many_messages", detail).retry_after(1)
}

/// A refusal; clients read the field `message`.
fn problem(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
    let detail = detail.into();
    Problem::new(status, code, detail.clone()).with_field("message", Value::from(detail))
}
