//! Realtime over HTTP: how a socket is opened, messages of who has none, and who is there.

mod broadcast;
mod people;
mod websocket;

api::routes! {
    websocket::websocket,
    websocket::plain_websocket,
    broadcast::broadcast_many,
    broadcast::broadcast_one,
    people::list_people,
}
