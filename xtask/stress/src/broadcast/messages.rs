//! The messages of members, in version 1.0.0 of the protocol, as of the web app.

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// A message as another member receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The number of its sender in the room.
    pub(super) from: usize,
    /// Its number among those of its sender, from 0; of the last one, the number of all.
    pub(super) number: u64,
    /// When it was due, in microseconds since the load began.
    pub(super) due: i64,
    /// Its sequence number in the channel, where the server sends one.
    pub(super) seq: Option<u64>,
    /// Whether it is the last one.
    pub(super) is_last: bool,
}

/// The channel of a game in a room, with the two prefixes that the web app writes.
pub(super) fn topic(room: &str) -> String {
    format!("realtime:realtime:room:{room}:cards:value_ranking")
}

pub(super) fn join(topic: &str) -> String {
    format!(
        r#"{{"topic":"{topic}","event":"phx_join","payload":{{"config":{{"broadcast":{{"ack":false,"self":false}},"presence":{{"key":"","enabled":false}},"postgres_changes":[],"private":false}}}},"ref":"1","join_ref":"1"}}"#
    )
}

/// A card that is moved; or the last message, with the number of all.
pub(super) fn card_moved(topic: &str, from: usize, number: u64, due: Option<i64>) -> String {
    let (event, due) = due.map_or(("drag_end", 0), |due| ("card_moved", due));
    let card = number % 60;
    format!(
        r#"{{"topic":"{topic}","event":"broadcast","payload":{{"type":"broadcast","event":"{event}","payload":{{"cardId":"card-{card}","fromZone":"deck","toZone":"rank1","position":{{"x":120,"y":48}},"performedBy":"visitor","performerName":"Stress","from":{from},"number":{number},"due":{due}}}}},"ref":"2","join_ref":"1"}}"#
    )
}

pub(super) fn heartbeat() -> String {
    r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"3"}"#.to_owned()
}

#[derive(Deserialize)]
struct Frame<'a> {
    event: &'a str,
    #[serde(borrow)]
    payload: &'a serde_json::value::RawValue,
}

#[derive(Deserialize)]
struct Reply {
    status: String,
    response: serde_json::Value,
}

#[derive(Deserialize)]
struct Broadcast {
    event: String,
    payload: CardMoved,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct CardMoved {
    from: usize,
    number: u64,
    due: i64,
}

#[derive(Deserialize)]
struct Meta {
    seq: Option<u64>,
}

/// Reads a frame: a message of another member, or none.
///
/// # Errors
/// When the server refuses something or ends the channel.
pub(super) fn read(text: &str) -> Result<Option<Message>> {
    let frame: Frame<'_> = serde_json::from_str(text).context("a frame that is no message")?;
    let payload = frame.payload.get();
    match frame.event {
        "broadcast" => {
            let Broadcast { event, payload: it, meta } = serde_json::from_str(payload)?;
            let CardMoved { from, number, due } = it;
            let seq = meta.and_then(|it| it.seq);
            Ok(Some(Message { from, number, due, seq, is_last: event == "drag_end" }))
        }
        "phx_reply" => {
            let Reply { status, response } = serde_json::from_str(payload)?;
            if status == "ok" { Ok(None) } else { bail!("refused: {response}") }
        }
        "phx_error" | "phx_close" | "system" => bail!("the channel is over: {payload}"),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let sent: serde_json::Value =
            serde_json::from_str(&card_moved("t", 3, 17, Some(-5))).unwrap();
        let mut received = sent;
        received["payload"]["meta"] = serde_json::json!({ "seq": 9 });
        let message = read(&received.to_string()).unwrap().unwrap();
        assert_eq!(message, Message { from: 3, number: 17, due: -5, seq: Some(9), is_last: false });
        assert!(read(&card_moved("t", 3, 17, None)).unwrap().unwrap().is_last);
    }

    #[test]
    fn a_refusal_and_an_end_are_errors() {
        let frame =
            |event: &str, payload: &str| format!(r#"{{"event":"{event}","payload":{payload}}}"#);
        let ok = frame("phx_reply", r#"{"status":"ok","response":{}}"#);
        assert_eq!(read(&ok).unwrap(), None);
        for (event, payload) in
            [("phx_reply", r#"{"status":"error","response":{"reason":"no"}}"#), ("phx_close", "{}")]
        {
            assert!(read(&frame(event, payload)).is_err(), "{event}");
        }
    }
}
