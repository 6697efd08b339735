//! The members of channels on one thread of the server, and what their sockets share.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use crate::authorizer::Authorizer;
use crate::handovers::Handovers;
use crate::hub::Hub;
use crate::outbox::Outbox;
use crate::presence::{MemberId, SocketId};
use crate::protocol::Version;
use crate::queue::{QueuedEvent, WorkerQueue};
use crate::saved_cards::SavedTables;

/// What the sockets of one thread share.
pub(crate) struct Local {
    pub(crate) hub: Arc<Hub>,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) handovers: Arc<Handovers>,
    pub(crate) tables: Arc<dyn SavedTables>,
    pub(crate) queue: WorkerQueue,
    channels: RefCell<HashMap<u64, LocalChannel>>,
}

/// The members of a channel on this thread.
#[derive(Default)]
pub(crate) struct LocalChannel {
    pub(crate) members: Vec<LocalMember>,
    /// Events that are held back to be delivered together, while the channel batches.
    pub(crate) batch: Option<VecDeque<QueuedEvent>>,
}

/// A member of a channel on this thread.
pub(crate) struct LocalMember {
    pub(crate) member: MemberId,
    /// Events after this position are delivered.
    pub(crate) order: u64,
    pub(crate) has_presence: bool,
    pub(crate) socket: SocketId,
    pub(crate) version: Version,
    pub(crate) outbox: Rc<Outbox>,
    /// The topic as the client wrote it.
    pub(crate) topic: Rc<str>,
}

impl Local {
    pub(crate) fn new(
        (hub, authorizer): (Arc<Hub>, Arc<Authorizer>),
        (handovers, tables): (Arc<Handovers>, Arc<dyn SavedTables>),
        queue: WorkerQueue,
    ) -> Self {
        Self { hub, authorizer, handovers, tables, queue, channels: RefCell::default() }
    }

    /// Adds a member to a channel.
    pub(crate) fn add(&self, channel: u64, member: LocalMember) {
        self.channels.borrow_mut().entry(channel).or_default().members.push(member);
    }

    /// Removes a member from a channel.
    pub(crate) fn remove(&self, channel: u64, member: MemberId) {
        let mut channels = self.channels.borrow_mut();
        let Some(LocalChannel { members, .. }) = channels.get_mut(&channel) else { return };
        if let Some(index) = members.iter().position(|it| it.member == member) {
            members.swap_remove(index);
        }
        if members.is_empty() {
            channels.remove(&channel);
        }
    }

    /// Runs `act` on a channel that has members here.
    pub(crate) fn with_channel<T>(
        &self,
        channel: u64,
        act: impl FnOnce(&mut LocalChannel) -> T,
    ) -> Option<T> {
        self.channels.borrow_mut().get_mut(&channel).map(act)
    }
}
