//! Topics: the names of channels, and the rooms that they belong to.

use std::fmt;
use std::sync::Arc;

use ids::RoomId;
use thiserror::Error;

/// Prefix of the topics of clients. Some clients add it twice.
const PREFIX: &str = "realtime:";

/// Longest topic, in bytes: its length is one byte in a binary frame.
const BYTES_MAX: usize = 255;

/// The topic of a channel, as clients write it: `realtime:room:{id}` for the main channel of a room,
/// with a suffix after the id for its other channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    name: Arc<str>,
    room: RoomId,
    is_main: bool,
}

/// A topic that names no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("unmatched topic: channels are called room:{{room id}}, with anything after the id")]
pub(crate) struct UnmatchedTopic;

impl Topic {
    /// Parses the topic of a message.
    ///
    /// # Errors
    /// When it names no room.
    pub(crate) fn parse(name: &str) -> Result<Self, UnmatchedTopic> {
        let bare = name.strip_prefix(PREFIX).ok_or(UnmatchedTopic)?;
        let bare = bare.strip_prefix(PREFIX).unwrap_or(bare).strip_prefix("room:");
        let (room, rest) =
            bare.map(|it| it.split_once(':').unwrap_or((it, ""))).ok_or(UnmatchedTopic)?;
        let room = room.parse().map_err(|_| UnmatchedTopic)?;
        if name.len() > BYTES_MAX {
            return Err(UnmatchedTopic);
        }
        Ok(Self { name: name.into(), room, is_main: rest.is_empty() })
    }

    /// Parses a topic of an HTTP request, which has no prefix.
    ///
    /// # Errors
    /// When it names no room.
    pub(crate) fn of_http(name: &str) -> Result<Self, UnmatchedTopic> {
        Self::parse(&format!("{PREFIX}{name}"))
    }

    /// The topic as it stands in messages.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    /// The room of the channel.
    pub(crate) fn room(&self) -> RoomId {
        self.room
    }

    /// Whether it is the main channel of the room, not the channel of a game in it.
    pub(crate) fn is_main(&self) -> bool {
        self.is_main
    }

    /// The topic without the prefix, as system messages write it.
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
    fn a_topic_without_a_room_is_refused() {
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
