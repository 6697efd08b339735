//! The rules of slots and queues, without a clock and without locks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot::{self, Receiver, Sender};

use super::priority::Priority;

/// The wait of the oldest request from which on a queue is served newest first (F10 of the capacity
/// formulae; the interval of `CoDel`, RFC 8289). A queue that is never empty but moves on is no overload:
/// newest first, it would let some requests time out.
const STANDS_AFTER: Duration = Duration::from_millis(100);

/// A new measurement counts a thirty-second, so that the estimate follows a change within a second
/// and no single request moves it.
const WEIGHT: u32 = 32;

/// The slots, and the requests that wait for them; `T` is what a request gets when its turn comes.
pub(super) struct Slots<T> {
    number: usize,
    queue_max: usize,
    taken: [usize; Priority::ALL.len()],
    /// The oldest in front. Some may have been dropped since.
    waiting: [VecDeque<Waiting<T>>; Priority::ALL.len()],
    /// Moving average of the time that a slot is held.
    hold: Duration,
}

/// A request that waits, and since when.
struct Waiting<T> {
    since: Instant,
    caller: Sender<T>,
}

impl<T> Slots<T> {
    pub(super) fn new(number: usize, queue_max: usize) -> Self {
        Self {
            number,
            queue_max,
            taken: Default::default(),
            waiting: std::array::from_fn(|_| VecDeque::new()),
            hold: Duration::ZERO,
        }
    }

    pub(super) fn taken(&self, priority: Priority) -> usize {
        self.taken[priority.index()]
    }

    pub(super) fn waiting(&self, priority: Priority) -> usize {
        self.waiting[priority.index()].len()
    }

    /// The expected wait of a request that came now.
    pub(super) fn wait_time(&self) -> Duration {
        let (waiting, number) = (self.waiting_in_all() + 1, self.number.max(1));
        let turns = u32::try_from(waiting.div_ceil(number)).unwrap_or(u32::MAX);
        self.hold.saturating_mul(turns)
    }

    /// Takes a slot, if one is free for this priority.
    pub(super) fn take(&mut self, priority: Priority) -> bool {
        let is_free = self.has_one_for(priority);
        if is_free {
            self.taken[priority.index()] += 1;
        }
        is_free
    }

    /// Takes a slot whether one is free or not, for a request whose work has begun.
    pub(super) fn take_anyway(&mut self, priority: Priority) {
        self.taken[priority.index()] += 1;
    }

    /// Returns a slot that was held for the time `held`.
    pub(super) fn leave(&mut self, priority: Priority, held: Duration) {
        self.taken[priority.index()] -= 1;
        self.hold = self.hold.saturating_sub(self.hold / WEIGHT) + held / WEIGHT;
    }

    /// A place in the queue, if there is one. A full queue drops the oldest request of the lowest priority,
    /// unless all have a higher priority than the new one.
    pub(super) fn wait(&mut self, priority: Priority, now: Instant) -> Option<Receiver<T>> {
        if self.waiting_in_all() >= self.queue_max && !self.evict_lower(priority) {
            return None;
        }
        let (caller, turn) = oneshot::channel();
        let queue = &mut self.waiting[priority.index()];
        drop_gone(queue);
        queue.push_back(Waiting { since: now, caller });
        Some(turn)
    }

    /// The next request that a slot is free for; the slot is taken.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Priority, Sender<T>)> {
        for priority in Priority::ALL {
            if !self.has_one_for(priority) {
                continue;
            }
            if let Some(caller) = pop_present(&mut self.waiting[priority.index()], now) {
                self.taken[priority.index()] += 1;
                return Some((priority, caller));
            }
        }
        None
    }

    /// Whether a slot is free that is not reserved for other priorities.
    fn has_one_for(&self, priority: Priority) -> bool {
        let others = Priority::ALL.into_iter().filter(|it| *it != priority);
        let kept = others.map(|it| it.share(self.number).saturating_sub(self.taken(it)));
        self.taken.iter().sum::<usize>() + kept.sum::<usize>() < self.number
    }

    fn evict_lower(&mut self, newcomer: Priority) -> bool {
        let candidates = Priority::ALL.into_iter().rev();
        let mut last = candidates.take_while(|it| it.index() >= newcomer.index());
        let victim = last.find(|it| self.waiting(*it) > 0);
        victim.is_some_and(|it| self.waiting[it.index()].pop_front().is_some())
    }

    fn waiting_in_all(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }
}

fn pop_present<T>(queue: &mut VecDeque<Waiting<T>>, now: Instant) -> Option<Sender<T>> {
    drop_gone(queue);
    let stands = queue.front().is_some_and(|oldest| now >= oldest.since + STANDS_AFTER);
    loop {
        let Waiting { caller, .. } = if stands { queue.pop_back() } else { queue.pop_front() }?;
        if !caller.is_closed() {
            return Some(caller);
        }
    }
}

/// Drops requests whose clients gave up. All have the same time limit, so these are in front.
fn drop_gone<T>(queue: &mut VecDeque<Waiting<T>>) {
    while queue.front().is_some_and(|oldest| oldest.caller.is_closed()) {
        queue.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    type Slots = super::Slots<()>;

    const NUMBER: usize = 32;

    fn full_of(priority: Priority) -> Slots {
        let mut slots = Slots::new(NUMBER, 100);
        while slots.take(priority) {}
        slots
    }

    fn waits(turn: &mut Receiver<()>) -> bool {
        turn.try_recv().is_err_and(|error| error == TryRecvError::Empty)
    }

    /// The priorities that are served, in order, while `leaving` returns its slots.
    fn served(slots: &mut Slots, leaving: Priority, now: Instant) -> Vec<Priority> {
        let mut order = Vec::new();
        while slots.taken(leaving) > 0 {
            slots.leave(leaving, Duration::ZERO);
            order.extend(std::iter::from_fn(|| slots.next(now)).map(|(priority, _)| priority));
        }
        order
    }

    #[test]
    fn a_flood_of_one_kind_leaves_the_shares_of_the_others() {
        for flood in Priority::ALL {
            let mut slots = full_of(flood);
            for other in Priority::ALL.into_iter().filter(|it| *it != flood) {
                let share = other.share(NUMBER);
                assert!((0..share).all(|_| slots.take(other)), "{other:?} in a flood of {flood:?}");
                assert!(!slots.take(other));
            }
        }
    }

    #[test]
    fn a_higher_priority_is_served_first() {
        let mut slots = full_of(Priority::Read);
        for priority in Priority::ALL {
            while slots.take(priority) {}
        }
        let now = Instant::now();
        let turns = Priority::ALL.into_iter().rev().map(|it| slots.wait(it, now).unwrap());
        let turns: Vec<_> = turns.collect();
        assert_eq!(served(&mut slots, Priority::Read, now), Priority::ALL);
        drop(turns);
    }

    #[track_caller]
    fn check_order(after: Duration, expected: [usize; 3]) {
        let mut slots = full_of(Priority::Read);
        let now = Instant::now();
        let mut turns: Vec<_> = (0..3).map(|_| slots.wait(Priority::Read, now).unwrap()).collect();
        let mut order = Vec::new();
        for _ in 0..3 {
            slots.leave(Priority::Read, Duration::ZERO);
            drop(slots.next(now + after).unwrap());
            let next = (0..3).find(|it| !order.contains(it) && !waits(&mut turns[*it]));
            order.extend(next);
        }
        assert_eq!(order, expected);
    }

    #[test]
    fn a_short_queue_is_served_oldest_first_and_one_that_stands_newest_first() {
        check_order(Duration::ZERO, [0, 1, 2]);
        check_order(STANDS_AFTER, [2, 1, 0]);
    }

    #[test]
    fn a_queue_that_moves_on_is_served_oldest_first_however_long_it_is_there() {
        let mut slots = full_of(Priority::Read);
        let start = Instant::now();
        let step = STANDS_AFTER / 4;
        let mut turns: VecDeque<_> =
            (0..3).map(|_| slots.wait(Priority::Read, start).unwrap()).collect();
        for round in 1..100 {
            let now = start + step * round;
            turns.push_back(slots.wait(Priority::Read, now).unwrap());
            slots.leave(Priority::Read, Duration::ZERO);
            drop(slots.next(now).unwrap());
            assert!(!waits(&mut turns.pop_front().unwrap()), "round {round}");
        }
    }

    #[test]
    fn cancelled_requests_make_no_standing_queue() {
        let mut slots = full_of(Priority::Read);
        let start = Instant::now();
        drop(slots.wait(Priority::Read, start));
        let now = start + STANDS_AFTER;
        let [mut first, mut second] = [(); 2].map(|()| slots.wait(Priority::Read, now).unwrap());
        slots.leave(Priority::Read, Duration::ZERO);
        drop(slots.next(now).unwrap());
        assert!(!waits(&mut first) && waits(&mut second));
    }

    #[test]
    fn a_full_queue_drops_the_oldest_of_the_lowest_priority() {
        let mut slots = Slots::new(NUMBER, 2);
        let now = Instant::now();
        let mut read = slots.wait(Priority::Read, now).unwrap();
        let mut log_in = slots.wait(Priority::LogIn, now).unwrap();
        assert!(slots.wait(Priority::Register, now).is_none());
        let mut save = slots.wait(Priority::Save, now).unwrap();
        assert!(!waits(&mut log_in) && waits(&mut read));
        let _newer = slots.wait(Priority::Read, now).unwrap();
        assert!(!waits(&mut read) && waits(&mut save));
    }

    proptest! {
        #[test]
        fn slots_are_never_lent_twice_and_never_lost(
            number in 8_usize..40, steps in prop::collection::vec((0_usize..5, 0_u8..4), 0..200),
        ) {
            let mut slots = Slots::new(number, 10);
            let now = Instant::now();
            let mut turns = Vec::new();
            for (index, step) in steps {
                let priority = Priority::ALL[index];
                match step {
                    0 => { slots.take(priority); }
                    1 if slots.taken(priority) > 0 => slots.leave(priority, Duration::ZERO),
                    2 => turns.extend(slots.wait(priority, now)),
                    _ => { turns.pop(); }
                }
                while slots.next(now).is_some() {}
                let taken: usize = Priority::ALL.iter().map(|it| slots.taken(*it)).sum();
                prop_assert!(taken <= number);
                prop_assert!(slots.waiting_in_all() <= 10);
                let idle = turns.iter_mut().all(|turn| !waits(turn));
                prop_assert!(idle || taken > 0, "a request waits while no slot is taken");
            }
        }
    }
}
