//! The connections of one thread of the server, and which make room when there are too many.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::state::State;

/// How long a connection does nothing before it may be closed for another. A client that sends one
/// request after the other keeps its connection.
const IDLE_MIN: Duration = Duration::from_secs(1);

/// Connections that are closed at once when slots run out, so that looking for them is rare.
const EVICTED_AT_ONCE: usize = 16;

/// How long after a search that found no idle connection there is no other.
const SEARCH_INTERVAL: Duration = Duration::from_millis(100);

/// The connections of one thread. Cloning shares them.
#[derive(Clone)]
pub(crate) struct ConnectionSlots(Rc<Shared>);

struct Shared {
    max: usize,
    next: Cell<u64>,
    /// When no idle connection was found last.
    none_found_at: Cell<Option<Instant>>,
    taken: RefCell<HashMap<u64, Rc<State>>>,
}

/// The slot of one connection, until it is dropped.
pub(super) struct ConnectionSlot {
    slots: ConnectionSlots,
    number: u64,
    pub(super) state: Rc<State>,
}

impl ConnectionSlots {
    /// Slots for `max` connections; those beyond are for health and metrics alone.
    pub(crate) fn new(max: usize) -> Self {
        Self(Rc::new(Shared {
            max,
            next: Cell::new(0),
            none_found_at: Cell::new(None),
            taken: RefCell::default(),
        }))
    }

    /// Takes a slot. From three quarters on, connections that are idle make room, the longest idle
    /// first.
    pub(super) fn take(&self, now: Instant) -> ConnectionSlot {
        let taken = self.0.taken.borrow().len();
        let evicted = if taken >= self.0.max - self.0.max / 4 { self.evict(now) } else { 0 };
        let state = Rc::new(State::new(taken - evicted >= self.0.max));
        let number = self.0.next.replace(self.0.next.get() + 1);
        self.0.taken.borrow_mut().insert(number, state.clone());
        ConnectionSlot { slots: self.clone(), number, state }
    }

    /// Closes the longest idle connections, and gives their number.
    fn evict(&self, now: Instant) -> usize {
        let recently = |at| now.duration_since(at) < SEARCH_INTERVAL;
        if self.0.none_found_at.get().is_some_and(recently) {
            return 0;
        }
        let mut taken = self.0.taken.borrow_mut();
        let mut idle: Vec<_> = taken
            .iter()
            .filter_map(|(number, state)| Some((state.idle_since()?, *number)))
            .filter(|(since, _)| now.duration_since(*since) >= IDLE_MIN)
            .collect();
        idle.sort_unstable();
        idle.truncate(EVICTED_AT_ONCE);
        self.0.none_found_at.set(idle.is_empty().then_some(now));
        for (_, number) in &idle {
            if let Some(state) = taken.remove(number) {
                state.evict();
            }
        }
        idle.len()
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.0.taken.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_there_is_only_the_reserve() {
        let (slots, now) = (ConnectionSlots::new(4), Instant::now());
        let held: Vec<_> = (0..6).map(|_| slots.take(now)).collect();
        let reserve: Vec<_> = held.iter().map(|it| it.state.is_reserve).collect();
        assert_eq!(reserve, [false, false, false, false, true, true]);
        drop(held);
        assert!(!slots.take(now).state.is_reserve);
    }

    #[test]
    fn idle_connections_make_place_and_busy_ones_do_not() {
        let slots = ConnectionSlots::new(4);
        let held: Vec<_> = (0..4).map(|_| slots.take(Instant::now())).collect();
        held[0].state.end(true);
        let later = Instant::now() + IDLE_MIN * 2;
        assert!(!slots.take(later).state.is_reserve);
        assert_eq!(slots.0.taken.borrow().len(), 1, "only the websocket is left");
    }
}
