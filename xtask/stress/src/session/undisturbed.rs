//! A load that is repeated when the machine or the generator disturbed it.
//!
//! It is not repeated when the server stood still in it: that is a result. Every try stays in the record.

use std::time::Duration;

use anyhow::Result;

use super::{Part, Session};
use crate::finding::Check;
use crate::validity::{LAG, OTHERS};

/// The pause before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(500);

impl Session<'_> {
    /// Applies one load until nothing disturbs it, or the tries are used up; returns the index of its section.
    pub(super) async fn measure_undisturbed(&mut self, part: Part) -> Result<usize> {
        let mut tries = Vec::new();
        let mut pause = PAUSE;
        loop {
            let index = self.measure(part.clone()).await?;
            let section = &mut self.sections[index];
            let disturbs = |it: &Check| [OTHERS, LAG].contains(&&*it.name) && !it.ok;
            let is_disturbed = section.checks.iter().any(disturbs);
            let is_last = tries.len() + 1 == self.arguments.tries.get();
            if !is_disturbed || is_last || section.standstill.is_some() {
                section.tries = tries;
                return Ok(index);
            }
            tries.extend(self.sections.drain(index..));
            self.progress.say("this load was disturbed: it is repeated");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}
