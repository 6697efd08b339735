//! Every move live: the channels of rooms, for clients of Supabase Realtime as they are.
//!
//! The wire is `protocol`, the nouns and their rules are `topic`, `presence`, `ring`,
//! `message` and `outbox`, all without I/O. A `channel` is the live part of a room: it gives every
//! broadcast its number under its lock, and hands it to the workers that have members, once each. A
//! `worker` is the part of all channels on one thread of the server: it fills the outboxes of its
//! sockets without a lock. [`Hub`] holds the channels, `door` decides who may enter.
//!
//! What others have to tell a room goes through the [`Bus`], which never makes them wait.

mod bus;
mod channel;
mod door;
mod event;
mod figures;
mod http;
mod hub;
mod knocks;
mod limits;
mod message;
mod outbox;
mod presence;
mod protocol;
mod pulse;
mod ring;
mod socket;
mod topic;
mod upkeep;
mod worker;

use std::sync::Arc;

use admission::ClientAddress;
use auth::Auth;
use rooms::Directory;

pub use bus::{Bus, News};
pub use door::Door;
pub use event::ServerEvent;
pub use http::{Documentation, PATH_ALIASES, configure, guard};
pub use hub::Hub;
pub use socket::Frames;
pub use upkeep::Upkeep;
pub use worker::Worker;

/// Everything live, as the parts of the process share it. Cloning shares it.
#[derive(Clone)]
pub struct Realtime {
    /// The channels.
    pub hub: Arc<Hub>,
    /// Who may enter them.
    pub door: Arc<Door>,
}

impl Realtime {
    /// Nobody there yet.
    pub fn new(settings: &settings::Settings, auth: Auth, directory: Directory) -> Self {
        let hub = Arc::new(Hub::new(&settings.realtime));
        let door = Door::new(&settings.realtime, &settings.cors.origins, auth, directory);
        Self { hub, door: Arc::new(door) }
    }

    /// The part of it on one thread of the server; to be called on that thread.
    pub fn worker(&self) -> Worker {
        Worker::start(self.hub.clone(), self.door.clone())
    }
}

/// Who is counted together when sockets are.
type Address = ClientAddress;
