//! Saves, as they are committed in groups.
//!
//! A lane plans a group on what it remembers of the documents. Those that it does not remember are
//! read first, and on PostgreSQL locked. The write names the versions that it was planned for; when
//! another instance was faster, nothing of it is done, the lane forgets what it remembered, and tries
//! again with everything locked. A save that is refused writes nothing that could find out, so a
//! document is read before a save of it is refused.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use database::group_commit::{GroupError, GroupWriter, Lanes, Prepared};
use database::idempotency::{self, AnswerRow, retry_unless_stored};
use database::{fetch_all_in_place, fetch_in_place};
use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use documents::Bounds;
use ids::AuthorId;

use crate::audience::{Audience, Nobody};
use crate::memory::Memory;
use crate::plan::{self, Current, Key, Plan, Rules, plans};
use crate::repeat::{answers, attempts, outcomes_before};
use crate::save::{Outcome, Save};
use crate::store::{CurrentRow, lock_many, read_current, save_many, save_one};

/// Where saves are committed. Cloning shares it.
pub type Saves = Lanes<Saver>;

/// What carries saves out, and remembers what it wrote.
#[derive(Clone)]
pub struct Saver {
    rules: Rules,
    memory: Memory,
    audience: Arc<dyn Audience>,
}

impl Saver {
    /// A saver that keeps documents within `bounds`, a journal within `segment` versions and the
    /// whole past of a document within about `versions`, or keeps none of it when that is 0.
    pub fn new(bounds: Bounds, segment: usize, versions: i64) -> Self {
        Self {
            rules: Rules { bounds, segment, versions },
            memory: Memory::default(),
            audience: Arc::new(Nobody),
        }
    }

    /// Lets somebody hear of every save that is committed.
    #[must_use]
    pub fn heard_by(self, audience: Arc<dyn Audience>) -> Self {
        Self { audience, ..self }
    }

    /// Ends a group that was written.
    fn finish(&mut self, plans: Vec<Plan>) -> Vec<Outcome> {
        let (outcomes, current) = plan::outcomes(plans);
        for (key, current) in current {
            self.memory.keep(key, current);
        }
        outcomes
    }

    async fn write(
        &mut self,
        connection: &mut AsyncPgConnection,
        plans: Vec<Plan>,
    ) -> Result<Vec<Outcome>, GroupError> {
        if plans.iter().any(|plan| plan.written().is_some()) {
            save_many(&plans, self.rules.versions).execute(connection).await?;
        }
        Ok(self.finish(plans))
    }

    /// Reads and locks what is not remembered, or would be refused, and looks for what was done
    /// before.
    async fn write_with_care(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Save],
        mut known: HashMap<Key, Current>,
        unknown: &[Key],
    ) -> Result<Vec<Outcome>, GroupError> {
        lock(connection, unknown, &mut known).await?;
        let mut rows: Vec<AnswerRow> = Vec::new();
        if attempts(group).next().is_some() {
            rows = idempotency::find_answers(attempts(group)).load(connection).await?;
        }
        let before = outcomes_before(group, &rows)?;
        let mut plans = plans(group, &known, &before, self.rules);
        let doubtful = doubtful(&plans, unknown);
        if !doubtful.is_empty() {
            lock(connection, &doubtful, &mut known).await?;
            plans = plan::plans(group, &known, &before, self.rules);
        }
        let outcomes = self.write(connection, plans).await?;
        let answers: Vec<_> = answers(group, &before, &outcomes).collect();
        if !answers.is_empty() {
            let kept = idempotency::store_answers(&answers).execute(connection).await?;
            retry_unless_stored(kept == answers.len())?;
        }
        Ok(outcomes)
    }
}

/// Reads these documents and locks their rows.
async fn lock(
    connection: &mut AsyncPgConnection,
    keys: &[Key],
    known: &mut HashMap<Key, Current>,
) -> Result<(), GroupError> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows: Vec<CurrentRow> = lock_many(keys).load(connection).await?;
    known.retain(|key, _| !keys.contains(key));
    known.extend(rows.into_iter().map(CurrentRow::current));
    Ok(())
}

/// The documents of which a save would be refused by what is remembered of them, and not `read`.
fn doubtful(plans: &[Plan], read: &[Key]) -> Vec<Key> {
    let refusing = plans.iter().filter(|plan| plan.refuses()).map(|plan| &plan.key);
    refusing.filter(|key| !read.contains(key)).cloned().collect()
}

impl GroupWriter for Saver {
    const NAME: &'static str = "save";
    type Request = Save;
    type Answer = Outcome;

    fn order(save: &Save) -> impl Hash {
        save.room_id
    }

    fn committed(&self, group: &[Save], outcomes: &[Outcome]) {
        for (save, outcome) in group.iter().zip(outcomes) {
            match outcome {
                // What was saved before, and is asked for again, was heard of before.
                Outcome::Saved(state) if state.updated_at == save.at => {
                    self.audience.saved(save, state);
                }
                _ => {}
            }
        }
    }

    fn prepare_ahead(&mut self, group: &[Save]) -> Option<Prepared<Outcome>> {
        let (known, unknown) = self.memory.recall(plan::keys(group));
        if !unknown.is_empty() || attempts(group).next().is_some() {
            return None;
        }
        let plans = plans(group, &known, &HashMap::new(), self.rules);
        if plans.iter().any(Plan::refuses) {
            return None;
        }
        for plan in &plans {
            if let Some(next) = &plan.next {
                self.memory.keep(plan.key.clone(), next.clone());
            }
        }
        let versions_max = self.rules.versions;
        Some(Box::new(move |connection, link| {
            Box::pin(async move {
                let statement = save_many(&plans, versions_max).linked(&link);
                statement.execute(&mut &*connection).await?;
                Ok(plan::outcomes(plans).0)
            })
        }))
    }

    async fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Save],
    ) -> Result<Vec<Outcome>, GroupError> {
        let (known, unknown) = self.memory.recall(plan::keys(group));
        connection
            .transaction(async |connection| {
                self.write_with_care(connection, group, known, &unknown).await
            })
            .await
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Save],
    ) -> Result<Vec<Outcome>, GroupError> {
        let (mut known, unknown) = self.memory.recall(plan::keys(group));
        for key in &unknown {
            known.extend(read_current(connection, key.clone())?);
        }
        let rows = match attempts(group).next() {
            Some(_) => fetch_all_in_place(connection, idempotency::find_answers(attempts(group)))?,
            None => Vec::new(),
        };
        let before = outcomes_before(group, &rows)?;
        let mut plans = plans(group, &known, &before, self.rules);
        let doubtful = doubtful(&plans, &unknown);
        if !doubtful.is_empty() {
            for key in doubtful {
                known.remove(&key);
                known.extend(read_current(connection, key)?);
            }
            plans = plan::plans(group, &known, &before, self.rules);
        }
        for plan in &plans {
            if !save_one(connection, plan, self.rules.versions)? {
                return Err(GroupError::Retry);
            }
        }
        let outcomes = self.finish(plans);
        for answer in answers(group, &before, &outcomes) {
            let kept: Option<AuthorId> =
                fetch_in_place(connection, idempotency::store_answer(&answer))?;
            retry_unless_stored(kept.is_some())?;
        }
        Ok(outcomes)
    }
}
