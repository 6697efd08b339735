//! The queue from the channels to a worker thread, and the events that it carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::broadcast::EncodedBroadcast;
use crate::metrics::dropped;
use crate::presence::{MemberId, PresenceFrames};

/// Largest number of events that wait for one worker.
const CAPACITY: usize = 65_536;

/// An event for the members of a channel on one worker.
#[derive(Clone)]
pub(crate) struct QueuedEvent {
    /// The id of the channel.
    pub(crate) channel: u64,
    /// Its position among all events of the channel.
    pub(crate) order: u64,
    /// When it was queued.
    pub(crate) queued_at: Instant,
    /// The event.
    pub(crate) event: ChannelEvent,
}

/// An event that the members of a channel receive.
#[derive(Clone)]
pub(crate) enum ChannelEvent {
    /// A broadcast, and the member that does not receive it.
    Broadcast(Arc<EncodedBroadcast>, Option<MemberId>),
    /// A change of presence, for members that receive presence.
    Presence(Arc<PresenceFrames>),
    /// Frames for one member.
    Answer(Arc<[Bytes]>, MemberId),
    /// The channel ends, for this reason.
    Closed(&'static str),
}

/// The sending side of the queue of a worker. Cloning shares it.
#[derive(Clone)]
pub(crate) struct WorkerQueue {
    id: u64,
    events: mpsc::Sender<QueuedEvent>,
    has_overflowed: Arc<AtomicBool>,
}

impl WorkerQueue {
    /// A queue with this id, and its receiving side.
    pub(crate) fn new(id: u64) -> (Self, mpsc::Receiver<QueuedEvent>) {
        let (events, receiver) = mpsc::channel(CAPACITY);
        (Self { id, events, has_overflowed: Arc::default() }, receiver)
    }

    /// Whether both are queues of the same worker.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Queues an event. Never waits: when the queue is full, the event is dropped and the queue is
    /// marked as overflowed.
    pub(crate) fn push(&self, event: QueuedEvent) {
        if self.events.try_send(event).is_err() {
            self.has_overflowed.store(true, Ordering::Relaxed);
            dropped("worker_queue_full");
        }
    }

    /// Whether events were dropped since the last call.
    pub(crate) fn take_overflow(&self) -> bool {
        self.has_overflowed.swap(false, Ordering::Relaxed)
    }
}
