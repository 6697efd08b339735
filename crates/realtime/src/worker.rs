//! The delivery of events on one thread of the server.
//!
//! A socket never leaves the thread that accepted it. An event of a channel is queued once for each
//! thread that has members; from there on no lock is taken: the thread fills the outboxes of its own
//! sockets ([`delivery`]), and each socket writes all waiting frames with one system call.

mod delivery;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::warn;

use crate::authorizer::Authorizer;
use crate::handovers::Handovers;
use crate::hub::Hub;
use crate::local::Local;
use crate::presence::SocketId;
use crate::protocol::CloseCode;
use crate::queue::WorkerQueue;
use crate::saved_cards::SavedTables;
use crate::socket::Socket;

/// How often every socket is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The delivery of events on one thread of the server. Cloning shares it.
#[derive(Clone)]
pub struct Worker(Rc<Inner>);

struct Inner {
    local: Rc<Local>,
    sockets: RefCell<HashMap<SocketId, Rc<Socket>>>,
}

impl Worker {
    /// Starts the tasks of this thread.
    pub(crate) fn start(
        hub: Arc<Hub>,
        authorizer: Arc<Authorizer>,
        handovers: Arc<Handovers>,
        tables: Arc<dyn SavedTables>,
    ) -> Self {
        let (queue, events) = WorkerQueue::new(hub.next_id());
        let local = Rc::new(Local::new((hub, authorizer), (handovers, tables), queue));
        let worker = Self(Rc::new(Inner { local, sockets: RefCell::default() }));
        rt::spawn(worker.clone().deliver_all(events));
        rt::spawn(worker.clone().check_sockets());
        rt::spawn(worker.clone().close_on_shutdown());
        worker
    }

    pub(crate) fn local(&self) -> &Rc<Local> {
        &self.0.local
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.local.hub
    }

    pub(crate) fn authorizer(&self) -> &Arc<Authorizer> {
        &self.0.local.authorizer
    }

    /// Adds a socket to those that are checked.
    pub(crate) fn add(&self, socket: &Rc<Socket>) {
        self.0.sockets.borrow_mut().insert(socket.id, socket.clone());
    }

    /// Removes a socket.
    pub(crate) fn remove(&self, socket: &Socket) {
        self.0.sockets.borrow_mut().remove(&socket.id);
    }

    fn socket(&self, id: SocketId) -> Option<Rc<Socket>> {
        self.0.sockets.borrow().get(&id).cloned()
    }

    fn sockets(&self) -> Vec<Rc<Socket>> {
        self.0.sockets.borrow().values().cloned().collect()
    }

    /// Events were dropped for all sockets of this thread, so all clients have to rejoin and replay.
    fn close_after_overflow(&self) {
        warn!("a worker queue overflowed: the sockets of this thread are closed");
        for socket in self.sockets() {
            socket.close(CloseCode::TryAgainLater, "too much was said at once");
        }
    }

    async fn check_sockets(self) {
        let mut clock = interval(CHECK_INTERVAL);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let now = Instant::now();
            self.sockets().iter().for_each(|it| it.check(now));
        }
    }

    async fn close_on_shutdown(self) {
        let window = self.hub().closing().await;
        let sockets = self.sockets();
        let step = window / u32::try_from(sockets.len().max(1)).unwrap_or(u32::MAX);
        for socket in sockets {
            socket.close(CloseCode::ServiceRestart, "the service restarts");
            sleep(step).await;
        }
    }
}
