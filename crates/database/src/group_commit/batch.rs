//! The requests of one commit, with their callers.

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::writer::GroupWriter;
use crate::error::DatabaseError;

/// The answer to one request.
pub(super) type Answer<W> = Result<<W as GroupWriter>::Answer, DatabaseError>;

/// A request in the queue of a lane.
pub(super) struct Queued<W: GroupWriter> {
    pub(super) request: W::Request,
    /// A hash of its ordering key.
    pub(super) order: u64,
    pub(super) caller: oneshot::Sender<Answer<W>>,
}

/// A group of requests and the callers that wait for its answers.
pub(super) struct Batch<W: GroupWriter> {
    pub(super) group: Group<W>,
    callers: Vec<oneshot::Sender<Answer<W>>>,
}

impl<W: GroupWriter> Batch<W> {
    pub(super) fn of(queued: impl Iterator<Item = Queued<W>>) -> Self {
        let (requests, callers): (Vec<_>, _) = queued.map(|it| (it.request, it.caller)).unzip();
        Self { group: Group::of(requests), callers }
    }

    /// Answers all callers with the same error.
    pub(super) fn fail(self, error: &DatabaseError) {
        let answers = self.callers.iter().map(|_| Err(error.clone())).collect();
        self.answer(answers);
    }

    /// Answers each caller.
    pub(super) fn answer(self, answers: Vec<Answer<W>>) {
        let Self { group, callers } = self;
        // Before the answers: a request may hold a resource that the caller's next request needs, such
        // as an idempotency key.
        drop(group);
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A caller may have gone away; its write stands all the same.
            let _ = caller.send(answer);
        }
    }
}

/// Consecutive requests of a batch. Splitting copies nothing.
pub(super) struct Group<W: GroupWriter> {
    requests: Arc<[W::Request]>,
    range: Range<usize>,
}

impl<W: GroupWriter> Group<W> {
    fn of(requests: Vec<W::Request>) -> Self {
        Self { range: 0..requests.len(), requests: requests.into() }
    }

    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    pub(super) fn requests(&self) -> &[W::Request] {
        &self.requests[self.range.clone()]
    }

    pub(super) fn halves(&self) -> (Self, Self) {
        let Range { start, end } = self.range;
        let middle = start.midpoint(end);
        let part = |range| Self { requests: self.requests.clone(), range };
        (part(start..middle), part(middle..end))
    }
}

impl<W: GroupWriter> Clone for Group<W> {
    fn clone(&self) -> Self {
        Self { requests: self.requests.clone(), range: self.range.clone() }
    }
}
