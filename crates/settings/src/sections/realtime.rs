//! Sockets, channels and presence.

use crate::keys::Keys;

/// Sockets, channels and presence.
#[derive(Clone, Debug)]
pub struct Realtime {
    /// Authorization for the channels of a room.
    pub admission: RealtimeAdmission,
    /// The key of clients that have no token; empty: any.
    pub anon_key: String,
    /// Largest payload of a broadcast, in bytes, 1 KiB to 1,000,000.
    pub payload_bytes: usize,
    /// Largest message that a socket accepts, in bytes, 64 KiB to 16 MiB. One whose payload is too large is
    /// refused; a larger one closes the socket.
    pub frame_bytes: usize,
    /// Largest presence payload, in bytes, 64 to 65,536.
    pub presence_bytes: usize,
    /// Channels of one socket at most, 1 to 1,000.
    pub channels_per_socket: usize,
    /// Channels of one room at most, 1 to 10,000.
    pub channels_per_room: usize,
    /// Sockets of one address at most, 1 to 1,000,000.
    pub sockets_per_address: usize,
    /// Messages that one socket sends in a second, 1 to 1,000,000; twice as many at once.
    pub messages_per_second: u32,
    /// Messages that are broadcast in one room in a second, in all its channels together, 1 to
    /// 1,000,000; twice as many at once.
    pub room_messages_per_second: u32,
    /// Messages that wait for one socket at most, 16 to 65,536.
    pub queue_frames: usize,
    /// Bytes that wait for one socket at most, 64 KiB to 64 MiB.
    pub queue_bytes: usize,
    /// Broadcasts that a channel keeps for replay, 0 to 10,000.
    pub replay_messages: usize,
    /// Memory for the broadcasts that a channel keeps, in bytes, 0 to 16 MiB.
    pub replay_bytes: usize,
    /// Memory for the broadcasts that all channels keep, in bytes, 0 to 16 GiB.
    pub replay_total_bytes: usize,
    /// How long the presence of a member that left stays, in milliseconds, 0 to 60,000.
    pub presence_grace_ms: u64,
    /// How long the presence of a member stays whose connection was lost, in milliseconds, 0 to 120,000.
    pub presence_lost_grace_ms: u64,
    /// How long a channel waits after a restart before it sends the presence, in milliseconds, 0 to 30,000.
    pub presence_settle_ms: u64,
    /// Whether topics may name rooms that are not in the database.
    pub unregistered_rooms: bool,
    /// Whether the server shows the cards that lie on the table to pages that ask for them.
    pub show_table: bool,
    /// Whether the server saves moves of visitors that no page saves.
    pub save_visitor_moves: bool,
    /// How long a client may send nothing, in seconds, 5 to 3,600.
    pub idle_timeout_secs: u64,
    /// Interval at which members with a token are authorized again, in seconds, 1 to 3,600.
    pub recheck_secs: u64,
    /// Events of which slow readers get only the latest.
    pub volatile_events: Vec<String>,
}

/// Authorization for the channels of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealtimeAdmission {
    /// The room's owner and its visitors, with their tokens.
    Token,
    /// Any client that knows the room's unguessable id.
    RoomId,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: usize = 1024 * MIB;

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 2048;

impl Realtime {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let admissions =
            [("token", RealtimeAdmission::Token), ("room-id", RealtimeAdmission::RoomId)];
        let key = "nothing, or visible ASCII characters";
        Self {
            admission: keys.choice("realtime.admission", admissions),
            anon_key: keys.text("realtime.anon_key", key, anon_key).unwrap_or_default(),
            payload_bytes: keys.number("realtime.payload_bytes", KIB..=1_000_000),
            frame_bytes: keys.number("realtime.frame_bytes", 64 * KIB..=16 * MIB),
            presence_bytes: keys.number("realtime.presence_bytes", 64..=64 * KIB),
            channels_per_socket: keys.number("realtime.channels_per_socket", 1..=1_000),
            channels_per_room: keys.number("realtime.channels_per_room", 1..=10_000),
            sockets_per_address: keys.number("realtime.sockets_per_address", 1..=1_000_000),
            messages_per_second: keys.number("realtime.messages_per_second", 1..=1_000_000),
            room_messages_per_second: keys
                .number("realtime.room_messages_per_second", 1..=1_000_000),
            queue_frames: keys.number("realtime.queue_frames", 16..=65_536),
            queue_bytes: keys.number("realtime.queue_bytes", 64 * KIB..=64 * MIB),
            replay_messages: keys.number("realtime.replay_messages", 0..=10_000),
            replay_bytes: keys.number("realtime.replay_bytes", 0..=16 * MIB),
            replay_total_bytes: keys.number("realtime.replay_total_bytes", 0..=16 * GIB),
            presence_grace_ms: keys.number("realtime.presence_grace_ms", 0..=60_000),
            presence_lost_grace_ms: keys.number("realtime.presence_lost_grace_ms", 0..=120_000),
            presence_settle_ms: keys.number("realtime.presence_settle_ms", 0..=30_000),
            unregistered_rooms: keys.flag("realtime.unregistered_rooms"),
            show_table: keys.flag("realtime.show_table"),
            save_visitor_moves: keys.flag("realtime.save_visitor_moves"),
            idle_timeout_secs: keys.number("realtime.idle_timeout_secs", 5..=3_600),
            recheck_secs: keys.number("realtime.recheck_secs", 1..=3_600),
            volatile_events: keys.list("realtime.volatile_events", "names of events", |_| Ok(())),
        }
    }
}

fn anon_key(text: &str) -> Result<String, &'static str> {
    if text.len() <= KEY_BYTES_MAX && text.bytes().all(|it| it.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("has other characters, or too many")
    }
}
