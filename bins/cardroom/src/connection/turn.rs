//! Turns of the executor of a thread.
//!
//! A task that wakes itself is polled again at once, up to 61 times, before the executor asks the kernel
//! for input of other connections. A task that waits for the next turn is polled after that.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use tokio::task::yield_now;

/// Wakes the task of `context` in the next turn.
pub(super) fn wake_next_turn(context: &mut Context<'_>) {
    // The first poll hands the waker to the executor, which keeps it until the next turn.
    let _ = pin!(yield_now()).poll(context);
}

/// Waits for the next turn, whatever else wakes the task meanwhile.
pub(super) async fn next_turn() {
    let turn = Arc::new(Turn::default());
    poll_fn(|context| turn.poll(context)).await;
}

/// The next turn: it is woken when the turn has come, and wakes the task.
#[derive(Default)]
struct Turn {
    has_come: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Turn {
    fn poll(self: &Arc<Self>, context: &Context<'_>) -> Poll<()> {
        if self.has_come.load(Acquire) {
            return Poll::Ready(());
        }
        let mut task = self.task.lock();
        let is_first = task.replace(context.waker().clone()).is_none();
        drop(task);
        if is_first {
            wake_next_turn(&mut Context::from_waker(&Waker::from(Arc::clone(self))));
        }
        Poll::Pending
    }
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.has_come.store(true, Release);
        if let Some(task) = self.task.lock().take() {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures::join;
    use tokio::task::{LocalSet, spawn_local};

    use super::*;

    /// A task that does nothing but wake itself, as the dispatcher of actix does with a full buffer.
    async fn spin(polls: Rc<Cell<u32>>, until: Rc<Cell<bool>>) {
        poll_fn(|context| {
            polls.set(polls.get() + 1);
            context.waker().wake_by_ref();
            if until.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[tokio::test]
    async fn a_task_that_wakes_itself_does_not_make_the_next_turn_come_earlier() {
        LocalSet::new()
            .run_until(async {
                let (polls, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
                let waiting = {
                    let (polls, done) = (polls.clone(), done.clone());
                    spawn_local(async move {
                        join!(next_turn(), async { polls.set(0) });
                        done.set(true);
                        polls.get()
                    })
                };
                let spinning = spawn_local(spin(polls, done));
                let (polls, spun) = join!(waiting, spinning);
                spun.unwrap();
                assert!(polls.unwrap() > 1, "the other task had its turns meanwhile");
            })
            .await;
    }
}
