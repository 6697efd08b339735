//! A load that is brought again when others used the machine meanwhile, or it went out late.
//!
//! What it showed then says nothing of the server, and waiting for a quieter moment, each time twice as
//! long, costs little. How often that happened is part of the record.

use std::time::Duration;

use anyhow::Result;

use super::{Part, Session};
use crate::validity::{Check, LAG, OTHERS};

/// How long to wait before a load is brought for the second time.
const PAUSE: Duration = Duration::from_millis(500);

impl Session<'_> {
    /// Brings one load, until nobody disturbs it or it was tried often enough; gives the place of its
    /// section.
    pub(super) async fn measure_undisturbed(&mut self, part: Part) -> Result<usize> {
        let (tries, mut disturbed) = (self.arguments.tries.get(), 0);
        let mut pause = PAUSE;
        loop {
            let place = self.measure(part.clone()).await?;
            self.sections[place].disturbed = disturbed;
            let disturbs = |it: &Check| [OTHERS, LAG].contains(&&*it.name) && !it.ok;
            let is_disturbed = self.sections[place].checks.iter().any(disturbs);
            if !is_disturbed || disturbed + 1 == tries {
                return Ok(place);
            }
            disturbed += 1;
            self.sections.truncate(place);
            self.progress.say("something disturbed this load: once more");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}
