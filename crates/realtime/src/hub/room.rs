//! The channels of one room.

use std::sync::Arc;

use crate::channel::Channel;
use crate::limits::Limits;
use crate::metrics::METRICS;
use crate::room_sequence::RoomSequence;
use crate::topic::Topic;

/// The channels of one room.
pub(super) struct LiveRoom {
    pub(super) sequence: Arc<RoomSequence>,
    pub(super) channels: Vec<Arc<Channel>>,
}

impl LiveRoom {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { sequence: Arc::new(RoomSequence::new(limits)), channels: Vec::new() }
    }

    /// The channel of this topic.
    pub(super) fn find(&self, topic: &Topic, is_private: bool) -> Option<&Arc<Channel>> {
        self.channels.iter().find(|it| it.topic == *topic && it.is_private == is_private)
    }

    /// Evicts the channel that has been unused for longest. Returns whether there is one.
    pub(super) fn evict_one(&mut self) -> bool {
        let unused = self.channels.iter().enumerate();
        let unused = unused.filter_map(|(index, it)| Some((it.unused_since()?, index)));
        let Some((_, first)) = unused.min() else { return false };
        self.channels.swap_remove(first);
        METRICS.channels.decrement(1.0);
        true
    }
}
