//! The name of a channel, and the room that it belongs to.

use std::fmt;
use std::sync::Arc;

use ids::RoomId;
use thiserror::Error;

/// What the topics of clients begin with. Some clients add it twice.
const PREFIX: &str = "realtime:";

/// Longest topic, in bytes: what the head of a binary frame can say.
const BYTES_MAX: usize = 255;

/// The name of a channel of a room, as clients write it: `realtime:room:{id}`, or with something
/// after the id for another channel of the same room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    name: Arc<str>,
    room: RoomId,
    is_main: bool,
}

/// The topic names no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("unmatched topic: channels are called room:{{room id}}, with anything after the id")]
pub(crate) struct Unmatched;

impl Topic {
    /// Reads a topic as it stands in a message.
    ///
    /// # Errors
    /// When it names no room.
    pub(crate) fn parse(name: &str) -> Result<Self, Unmatched> {
        let bare = name.strip_prefix(PREFIX).ok_or(Unmatched)?;
        let bare = bare.strip_prefix(PREFIX).unwrap_or(bare).strip_prefix("room:");
        let (room, rest) =
            bare.map(|it| it.split_once(':').unwrap_or((it, ""))).ok_or(Unmatched)?;
        let room = room.parse().map_err(|_| Unmatched)?;
        if name.len() > BYTES_MAX {
            return Err(Unmatched);
        }
        Ok(Self { name: name.into(), room, is_main: rest.is_empty() })
    }

    /// Reads a topic as it stands in a path or a body of HTTP, without the prefix.
    ///
    /// # Errors
    /// When it names no room.
    pub(crate) fn of_http(name: &str) -> Result<Self, Unmatched> {
        Self::parse(&format!("{PREFIX}{name}"))
    }

    /// As it stands in a message.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    /// The room that it belongs to.
    pub(crate) fn room(&self) -> RoomId {
        self.room
    }

    /// Whether it is the channel of the room itself, and not of a game in it.
    pub(crate) fn is_main(&self) -> bool {
        self.is_main
    }

    /// What messages of the server call the channel: without the prefix.
    pub(crate) fn short(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f";

    #[track_caller]
    fn check(topic: &str, is_main: Option<bool>) {
        let topic = topic.replace("ID", ID);
        let read = Topic::parse(&topic).ok();
        assert_eq!(read.as_ref().map(Topic::is_main), is_main, "{topic}");
        if let Some(read) = read {
            assert_eq!((read.as_str(), read.room().to_string().as_str()), (topic.as_str(), ID));
        }
    }

    #[test]
    fn a_topic_names_a_room_with_one_prefix_or_two() {
        check("realtime:room:ID", Some(true));
        check("realtime:realtime:room:ID", Some(true));
        check("realtime:realtime:room:ID:gamemode", Some(false));
        check("realtime:room:ID:cards:value_ranking", Some(false));
    }

    #[test]
    fn what_names_no_room_is_refused() {
        for topic in [
            "",
            "room:ID",
            "realtime:",
            "realtime:room:",
            "realtime:room:lobby",
            "realtime:realtime:realtime:room:ID",
            "realtime:IDs",
            "phoenix",
        ] {
            check(topic, None);
        }
        check(&format!("realtime:room:ID:{}", "x".repeat(300)), None);
    }
}
