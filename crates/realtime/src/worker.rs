//! The part of all channels on one thread of the server.
//!
//! Sockets never leave the thread that accepted them. So what is said in a channel is handed over
//! once to each thread that has members, and from there on no lock is taken: a thread fills the
//! outboxes of its own sockets ([`delivery`]), and each of them writes all that waits at once.

mod delivery;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::rt;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::warn;

use crate::channel::Post;
use crate::door::Door;
use crate::figures::dropped;
use crate::hub::Hub;
use crate::presence::{MemberId, SocketId};
use crate::socket::Socket;

/// What waits to be delivered on one thread at most.
const QUEUE_MAX: usize = 65_536;

/// How often sockets are looked at that say nothing.
const TICK: Duration = Duration::from_secs(1);

/// The codes of closes (RFC 6455, section 7.4.1, and its registry).
const SERVICE_RESTART: u16 = 1012;
const TRY_AGAIN_LATER: u16 = 1013;

/// The part of all channels on one thread of the server. Cloning shares it.
#[derive(Clone)]
pub struct Worker(Rc<Part>);

struct Part {
    hub: Arc<Hub>,
    door: Arc<Door>,
    port: Port,
    audiences: RefCell<HashMap<u64, Audience>>,
    sockets: RefCell<HashMap<SocketId, Rc<Socket>>>,
}

/// Where a worker takes in what its members are to hear. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Port {
    id: u64,
    queue: mpsc::Sender<Post>,
    has_overflowed: Arc<AtomicBool>,
}

/// The members of a channel on this thread.
#[derive(Default)]
struct Audience {
    listeners: Vec<Listener>,
    /// What they are to hear soon, while that is gathered.
    gathered: Option<VecDeque<Post>>,
}

/// A member of a channel.
pub(crate) struct Listener {
    pub(crate) member: MemberId,
    /// What has a place after this is to be heard.
    pub(crate) from: u64,
    pub(crate) sees_people: bool,
    pub(crate) socket: Rc<Socket>,
    /// What the socket calls the channel.
    pub(crate) topic: Rc<str>,
}

impl Port {
    /// Whether both are of the same worker.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Hands something over. Never waits.
    pub(crate) fn post(&self, post: Post) {
        if self.queue.try_send(post).is_err() {
            self.has_overflowed.store(true, Ordering::Relaxed);
            dropped("worker_queue_full");
        }
    }
}

impl Worker {
    /// Begins to deliver, on this thread.
    pub(crate) fn start(hub: Arc<Hub>, door: Arc<Door>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let has_overflowed = Arc::new(AtomicBool::new(false));
        let port = Port { id: hub.next_id(), queue: sender, has_overflowed };
        let (audiences, sockets) = (RefCell::default(), RefCell::default());
        let worker = Self(Rc::new(Part { hub, door, port, audiences, sockets }));
        rt::spawn(worker.clone().deliver_all(queue));
        rt::spawn(worker.clone().look_after_sockets());
        rt::spawn(worker.clone().close_at_the_end());
        worker
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(crate) fn door(&self) -> &Arc<Door> {
        &self.0.door
    }

    pub(crate) fn port(&self) -> &Port {
        &self.0.port
    }

    /// Lets a socket be looked after.
    pub(crate) fn add(&self, socket: &Rc<Socket>) {
        self.0.sockets.borrow_mut().insert(socket.id, socket.clone());
    }

    /// Lets go of a socket.
    pub(crate) fn remove(&self, socket: &Socket) {
        self.0.sockets.borrow_mut().remove(&socket.id);
    }

    /// Lets a member hear what is said in a channel.
    pub(crate) fn seat(&self, channel: u64, listener: Listener) {
        self.0.audiences.borrow_mut().entry(channel).or_default().listeners.push(listener);
    }

    /// Lets a member hear no more.
    pub(crate) fn unseat(&self, channel: u64, member: MemberId) {
        let mut audiences = self.0.audiences.borrow_mut();
        let Some(Audience { listeners, .. }) = audiences.get_mut(&channel) else { return };
        if let Some(index) = listeners.iter().position(|it| it.member == member) {
            listeners.swap_remove(index);
        }
        if listeners.is_empty() {
            audiences.remove(&channel);
        }
    }

    /// What was not taken in is missing everywhere, so all clients have to come back and look.
    fn give_up_all(&self) {
        warn!("a worker was told more than it could deliver, and closes its sockets");
        for socket in self.all() {
            socket.close(TRY_AGAIN_LATER, "too much was said at once");
        }
    }

    fn all(&self) -> Vec<Rc<Socket>> {
        self.0.sockets.borrow().values().cloned().collect()
    }

    async fn look_after_sockets(self) {
        let mut clock = interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let now = Instant::now();
            self.all().iter().for_each(|it| it.look_after(now));
        }
    }

    async fn close_at_the_end(self) {
        let window = self.0.hub.closing().await;
        let sockets = self.all();
        let step = window / u32::try_from(sockets.len().max(1)).unwrap_or(u32::MAX);
        for socket in sockets {
            socket.close(SERVICE_RESTART, "the service restarts");
            sleep(step).await;
        }
    }
}
