//! From the queue of a worker into the outboxes of its sockets.
//!
//! A system call for each frame is most of what a frame costs. So what is said in a large channel is
//! gathered for a moment, and leaves with one call a socket. Every channel does so by itself: who is in a
//! small one does not wait for a large one.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::rt;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::{Audience, Worker};
use crate::channel::{Matter, Post};
use crate::figures::{FIGURES, dropped};
use crate::outbox::Fate;
use crate::protocol::Version;
use crate::socket::Socket;

/// What is taken out of the queue at once.
const BATCH: usize = 64;

/// Frames that are handed out before sockets get a turn to write.
const TURN: u64 = 4096;

/// From so many members on a channel gathers.
const CROWD: u64 = 32;

/// How long for each member: about thrice as long as it takes to write to one, so that a channel that is
/// always talked in takes a fourth of the thread. The first message after silence waits for nobody.
const GATHER_EACH: Duration = Duration::from_micros(14);

/// How long at most.
const GATHER_MAX: Duration = Duration::from_millis(7);

/// Messages that are gathered at most; as many are written with one system call.
const GATHERED_MAX: usize = 64;

impl Worker {
    /// Delivers whatever comes, for as long as anything can come.
    pub(super) async fn deliver_all(self, mut queue: mpsc::Receiver<Post>) {
        let mut posts = Vec::with_capacity(BATCH);
        let mut turn = Turn::default();
        while queue.recv_many(&mut posts, BATCH).await > 0 {
            for post in posts.drain(..) {
                turn.took(self.take_in(post));
            }
            if self.0.port.has_overflowed.swap(false, Ordering::Relaxed) {
                self.give_up_all();
            }
            // Sockets wait while there is more in the queue: it may be for them.
            turn.end().await;
        }
    }

    /// Delivers a message, unless its channel gathers; gives how many were told.
    fn take_in(&self, post: Post) -> u64 {
        let Some(due) = self.hold_back(post) else { return 0 };
        let told = self.deliver(&due);
        if told >= CROWD {
            self.begin_to_gather(due.channel, told);
        }
        told
    }

    /// Holds a message back if its channel gathers. Gives what is due: the message, or the oldest of too
    /// many.
    fn hold_back(&self, post: Post) -> Option<Post> {
        let mut audiences = self.0.audiences.borrow_mut();
        let audience = audiences.get_mut(&post.channel);
        let Some(gathered) = audience.and_then(|it| it.gathered.as_mut()) else {
            return Some(post);
        };
        gathered.push_back(post);
        if gathered.len() > GATHERED_MAX { gathered.pop_front() } else { None }
    }

    fn begin_to_gather(&self, channel: u64, members: u64) {
        if let Some(audience) = self.0.audiences.borrow_mut().get_mut(&channel)
            && audience.gathered.is_none()
        {
            audience.gathered = Some(VecDeque::new());
            rt::spawn(self.clone().gather(channel, moment(members)));
        }
    }

    /// Delivers what a channel has gathered, moment after moment, until it was silent for one.
    async fn gather(self, channel: u64, moment: Duration) {
        let mut turn = Turn::default();
        loop {
            sleep(moment).await;
            let mut is_silent = true;
            while let Some(post) = self.next_gathered(channel) {
                is_silent = false;
                turn.took(self.deliver(&post));
                turn.end().await;
            }
            if is_silent {
                break;
            }
        }
        if let Some(audience) = self.0.audiences.borrow_mut().get_mut(&channel) {
            audience.gathered = None;
        }
    }

    fn next_gathered(&self, channel: u64) -> Option<Post> {
        self.0.audiences.borrow_mut().get_mut(&channel)?.gathered.as_mut()?.pop_front()
    }

    /// Fills the outboxes of all who hear it; gives how many that are.
    fn deliver(&self, post: &Post) -> u64 {
        let mut lost = Vec::new();
        let mut over = Vec::new();
        let mut told = 0;
        {
            let audiences = self.0.audiences.borrow();
            let Some(Audience { listeners, .. }) = audiences.get(&post.channel) else { return 0 };
            for listener in listeners.iter().filter(|it| it.from < post.order) {
                let fate = match &post.matter {
                    Matter::Over(_) => {
                        over.push((listener.socket.clone(), listener.topic.clone()));
                        continue;
                    }
                    Matter::People(_) if !listener.sees_people => continue,
                    Matter::Said(_, except) if *except == Some(listener.member) => continue,
                    matter => tell(&listener.socket, matter),
                };
                told += 1;
                match fate {
                    Fate::Waits => {}
                    Fate::Superseded => dropped("superseded"),
                    Fate::Dropped => dropped("slow_reader"),
                    Fate::Closed => told -= 1,
                    Fate::Overflowed => lost.push(listener.socket.clone()),
                }
            }
        }
        FIGURES.delivered(post.born.elapsed(), told);
        for socket in lost {
            dropped("slow_reader_closed");
            socket.part();
        }
        if let Matter::Over(reason) = post.matter {
            for (socket, topic) in &over {
                socket.end_for_good(topic, reason);
            }
        }
        told
    }
}

/// Frames that were handed out since sockets had a turn to write.
#[derive(Default)]
struct Turn(u64);

impl Turn {
    fn took(&mut self, frames: u64) {
        self.0 += frames;
    }

    /// Gives sockets a turn, if it is theirs.
    async fn end(&mut self) {
        if self.0 >= TURN {
            self.0 = 0;
            yield_now().await;
        }
    }
}

/// How long a channel of so many gathers.
fn moment(members: u64) -> Duration {
    u32::try_from(members).map_or(GATHER_MAX, |it| GATHER_MAX.min(GATHER_EACH * it))
}

/// Puts something into the outbox of a socket, in its version.
fn tell(socket: &Socket, matter: &Matter) -> Fate {
    let version: Version = socket.version;
    match matter {
        Matter::Said(said, _) => match said.frame(version) {
            Some(frame) => socket.outbox.tell(frame, said.broadcast.supersedes),
            None => Fate::Closed,
        },
        Matter::People(frames) => socket.outbox.send(frames.frame(version)),
        Matter::Over(_) => Fate::Closed,
    }
}
