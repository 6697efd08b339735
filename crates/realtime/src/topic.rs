//! Topics: the names of channels, and the rooms that they belong to.

use std::fmt;
use std::sync::Arc;

use ids::RoomId;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Prefix of the topics of clients. Some clients add it twice.
pub(crate) const PREFIX: &str = "realtime:";

/// Longest topic, in bytes: its length is one byte in a binary frame.
pub(crate) const BYTES_MAX: usize = 255;

/// The topic of a channel, as clients write it: `realtime:room:{id}` for the main channel of a room,
/// with a suffix after the id for its other channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    name: Arc<str>,
    room: RoomId,
    is_main: bool,
    is_registered: bool,
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
        if name.len() > BYTES_MAX {
            return Err(UnmatchedTopic);
        }
        let registered = room.parse().ok();
        let room = registered.or_else(|| unregistered(room)).ok_or(UnmatchedTopic)?;
        let (is_main, is_registered) = (rest.is_empty(), registered.is_some());
        Ok(Self { name: name.into(), room, is_main, is_registered })
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

    /// The game whose cards are moved in the channel, if it is one of the web app's channels for that:
    /// `room:{id}:cards:{game}`.
    pub(crate) fn game(&self) -> Option<&str> {
        let bare = self.name.trim_start_matches(PREFIX);
        bare.splitn(3, ':').nth(2)?.strip_prefix("cards:").filter(|it| !it.is_empty())
    }

    /// Whether its room has an id of this service. Any other name is an unregistered room.
    pub(crate) fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// The topic without the prefix, as system messages write it.
    pub(crate) fn short(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }
}

/// The id of a room that is only a name: a hash of the name, in the format for custom ids (RFC 9562,
/// UUID version 8), which rooms of the service never have.
fn unregistered(name: &str) -> Option<RoomId> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    let hash = Sha256::digest(name);
    let bits = hash.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte));
    let (version, variant) = (8 << 76, 2 << 62);
    Some(RoomId::from_u128(bits & !(0xF << 76) & !(3 << 62) | version | variant))
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
    fn a_channel_of_cards_names_its_game() {
        let game = |topic: &str| {
            let topic = Topic::parse(&topic.replace("ID", ID)).unwrap();
            topic.game().map(str::to_owned)
        };
        let expected = Some("value_ranking".to_owned());
        assert_eq!(game("realtime:room:ID:cards:value_ranking"), expected);
        assert_eq!(game("realtime:realtime:room:ID:cards:value_ranking"), expected);
        for topic in ["realtime:room:ID", "realtime:room:ID:cards:", "realtime:room:ID:gamemode"] {
            assert_eq!(game(topic), None, "{topic}");
        }
    }

    #[test]
    fn any_other_name_is_an_unregistered_room_of_its_own() {
        let parse = |topic: &str| Topic::parse(topic).unwrap();
        let (one, two) = (parse("realtime:room:test-room-1"), parse("realtime:room:test-room-2"));
        assert!(!one.is_registered() && one.is_main() && one.room() != two.room());
        assert_eq!(one.room(), parse("realtime:realtime:room:test-room-1:cards").room());
        assert_eq!(one.room().to_string().as_bytes()[14], b'8');
        assert!(parse(&format!("realtime:room:{ID}")).is_registered());
        assert!(Topic::parse("realtime:room:a b").is_err());
    }

    #[test]
    fn a_topic_without_a_room_is_refused() {
        for topic in [
            "",
            "room:ID",
            "realtime:",
            "realtime:room:",
            "realtime:realtime:realtime:room:ID",
            "realtime:IDs",
            "phoenix",
        ] {
            check(topic, None);
        }
        check(&format!("realtime:room:ID:{}", "x".repeat(300)), None);
    }
}
