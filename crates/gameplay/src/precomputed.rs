//! Changes of large documents, which are computed before they are queued.
//!
//! A lane does one thing at a time. To apply a patch to a document of a quarter of a megabyte, or to find
//! the step back to such a document, takes tens of milliseconds, and every save of the lane would wait. So
//! the lane answers an expensive change with the current version. The caller computes the change on that
//! version and queues it again; it is committed if the version is still current.

use documents::{Bounds, Json};

use crate::background;
use crate::before::Before;
use crate::change::{Change, ChangeError};
use crate::error::GameplayError;
use crate::version::Tag;

/// The size of a document that a lane computes with at most, in bytes, with the change to it.
const BYTES_MAX: usize = 16 << 10;

/// Operations of a patch that a lane carries out at most: each may visit the whole document.
const OPERATIONS_MAX: usize = 16;

/// The version on which an expensive change is to be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncomputed {
    base: Tag,
    current: Json,
    rules: StepRules,
}

/// A change that was computed on a version.
#[derive(Clone, Debug)]
pub struct Precomputed {
    base: Tag,
    step: Result<Step, ChangeError>,
}

/// The next document, and how to get back from it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) document: Json,
    pub(crate) before: Before,
}

/// What a step observes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StepRules {
    /// Bounds of a document.
    pub(crate) bounds: Bounds,
    /// Whether old versions are kept; otherwise there is no way back.
    pub(crate) stores_history: bool,
}

impl Step {
    /// Carries out a change.
    ///
    /// # Errors
    /// When it cannot be applied.
    pub(crate) fn of(
        change: &Change,
        current: &Json,
        rules: StepRules,
    ) -> Result<Self, ChangeError> {
        let document = change.apply(current, rules.bounds)?;
        let before =
            if rules.stores_history { Before::of(&document, current) } else { Before::Nothing };
        Ok(Self { document, before })
    }
}

impl Uncomputed {
    pub(crate) fn new(base: Tag, current: Json, rules: StepRules) -> Self {
        Self { base, current, rules }
    }

    /// Computes a change, outside of the lanes and of the HTTP workers.
    ///
    /// # Errors
    /// When too much is being computed.
    pub(crate) async fn compute(self, change: Change) -> Result<Precomputed, GameplayError> {
        background::run(async move {
            let Self { base, current, rules } = self;
            Ok(Precomputed { base, step: Step::of(&change, &current, rules) })
        })
        .await
    }
}

impl Precomputed {
    /// The outcome, if it was computed on this version.
    pub(crate) fn on(&self, current: Tag) -> Option<Result<Step, ChangeError>> {
        (self.base == current).then(|| self.step.clone())
    }

    /// The size of the document that it makes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.step.as_ref().map_or(0, |step| step.document.text().len())
    }
}

/// Whether a change to this document takes too long for a lane.
pub(crate) fn is_expensive(change: &Change, current: &Json) -> bool {
    current.text().len() + change.bytes() > BYTES_MAX || change.operations() > OPERATIONS_MAX
}

/// Whether a document is so large that others notice when it is written.
pub(crate) fn is_large(bytes: usize) -> bool {
    bytes > BYTES_MAX
}
