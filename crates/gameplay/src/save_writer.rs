//! The writer of saves, which commits them in groups.
//!
//! A group is planned on the documents that the lane has cached. When one of them is not cached, all
//! of the group are read and locked. The write names the versions that it was planned on; when another
//! instance has written one of them in the meantime, the transaction is rolled back, the lane clears
//! its cache, and the group is tried again. A refusal writes nothing that could detect a stale cache,
//! so a save is refused only by what the database holds once its rows are locked, the answers stored
//! under idempotency keys included.
//!
//! Two instances never deadlock: every transaction takes the locks of existing
//! states in the order of their ids, then those of deleted states that it restores in the order of
//! their ids, then those of new states in the order of their keys, then those of idempotency keys in
//! their order.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use database::group_commit::{GroupError, GroupWriter, Lanes, Prepared};
use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use documents::Bounds;
use futures::executor::block_on;
use ids::RoomId;

use crate::cache::DocumentCache;
use crate::listener::{NoListener, StateListener};
use crate::plan::{self, Known, Plan, Rules, keys, plans};
use crate::replay::{self, attempts};
use crate::save::{Outcome, Save};
use crate::state::StateKey;
use crate::store::{GroupTransaction, save_many};

/// The lanes that commit saves. Cloning shares them.
pub type Saves = Lanes<SaveWriter>;

/// Commits groups of saves, and caches the documents that it wrote.
#[derive(Clone)]
pub struct SaveWriter {
    rules: Rules,
    cache: DocumentCache,
    listener: Arc<dyn StateListener>,
}

impl SaveWriter {
    /// A writer of documents within `bounds`, at most `room_games` of them per room, with a journal of
    /// up to `segment_versions` versions and a history of about `history_versions`; 0 keeps no history.
    pub fn new(
        bounds: Bounds,
        room_games: usize,
        segment_versions: usize,
        history_versions: i64,
    ) -> Self {
        Self {
            rules: Rules { bounds, segment_versions, history_versions, room_games },
            cache: DocumentCache::default(),
            listener: Arc::new(NoListener),
        }
    }

    /// Notifies `listener` of every committed save.
    #[must_use]
    pub fn with_listener(self, listener: Arc<dyn StateListener>) -> Self {
        Self { listener, ..self }
    }

    async fn write_group(
        &mut self,
        transaction: &mut impl GroupTransaction,
        group: &[Save],
    ) -> Result<Vec<Outcome>, GroupError> {
        let Planned { replayed, plans, .. } = self.plan(transaction, group).await?;
        transaction.write(&plans, self.rules.history_versions).await?;
        let (outcomes, written) = plan::outcomes(plans);
        let answers = replay::answers(group, &replayed, &outcomes)?;
        if !answers.is_empty() {
            transaction.store_answers(&answers).await?;
        }
        for (key, current) in written {
            self.cache.insert(key, current);
        }
        Ok(outcomes)
    }

    /// Plans a group on the cached documents; on those of the database when one is not cached or a save
    /// would be refused.
    async fn plan(
        &mut self,
        transaction: &mut impl GroupTransaction,
        group: &[Save],
    ) -> Result<Planned, GroupError> {
        let keys = keys(group);
        let mut cached = None;
        if let Some(current) = self.cache.get_all(&keys) {
            let known = Known { current, ..Known::default() };
            let replayed = replayed(transaction, group).await?;
            let planned = Planned::of(group, known, replayed, self.rules);
            if !planned.refuses() {
                return Ok(planned);
            }
            cached = Some(planned);
        }
        let known = read(transaction, group, &keys).await?;
        // After the locks: another instance may have carried a save out while this one waited for them.
        let replayed = replayed(transaction, group).await?;
        Ok(match cached {
            Some(planned) if planned.is_of(&known, &replayed) => planned,
            _ => Planned::of(group, known, replayed, self.rules),
        })
    }
}

/// The plans of a group, and what they were made of.
struct Planned {
    known: Known,
    /// The outcomes of saves that were carried out earlier, by their index in the group.
    replayed: HashMap<usize, Outcome>,
    plans: Vec<Plan>,
}

impl Planned {
    fn of(group: &[Save], known: Known, replayed: HashMap<usize, Outcome>, rules: Rules) -> Self {
        let plans = plans(group, &known, &replayed, rules);
        Self { known, replayed, plans }
    }

    /// Whether a save is refused because of the current document.
    fn refuses(&self) -> bool {
        self.plans.iter().any(Plan::refuses)
    }

    /// Whether these versions and outcomes would make the same plans, which need not be made twice: a
    /// patch may be expensive.
    fn is_of(&self, known: &Known, replayed: &HashMap<usize, Outcome>) -> bool {
        self.known.has_versions_of(known) && self.replayed == *replayed
    }
}

/// Reads and locks the documents with these keys and the deleted states that the group restores, and
/// counts the games of the rooms that get new ones.
async fn read(
    transaction: &mut impl GroupTransaction,
    group: &[Save],
    keys: &[StateKey],
) -> Result<Known, GroupError> {
    let mut known = Known { current: transaction.lock(keys).await?, ..Known::default() };
    let restored = known.restored(group);
    if !restored.is_empty() {
        known.deleted = transaction.lock_deleted(&restored).await?;
    }
    let created = keys.iter().filter(|key| !known.current.contains_key(key));
    let mut rooms: Vec<RoomId> = created.map(|(room, _)| *room).collect();
    rooms.dedup();
    if !rooms.is_empty() {
        known.games = transaction.count_games(&rooms).await?;
    }
    Ok(known)
}

/// The outcomes of saves that were carried out earlier under the same idempotency key.
async fn replayed(
    transaction: &mut impl GroupTransaction,
    group: &[Save],
) -> Result<HashMap<usize, Outcome>, GroupError> {
    let stored = match attempts(group).next() {
        Some(_) => transaction.answers(group).await?,
        None => Vec::new(),
    };
    replay::outcomes(group, &stored)
}

impl GroupWriter for SaveWriter {
    const NAME: &'static str = "save";
    type Request = Save;
    type Answer = Outcome;

    fn order(save: &Save) -> impl Hash {
        save.room_id
    }

    fn is_large(save: &Save) -> bool {
        save.is_large()
    }

    fn committed(&self, group: &[Save], outcomes: &[Outcome]) {
        for (save, outcome) in group.iter().zip(outcomes) {
            if let Outcome::Saved(state) = outcome {
                self.listener.on_saved(save, state);
            }
        }
    }

    fn prepare_ahead(&mut self, group: &[Save]) -> Option<Prepared<Outcome>> {
        if attempts(group).next().is_some() {
            return None;
        }
        let known = Known { current: self.cache.get_all(&keys(group))?, ..Known::default() };
        let plans = plans(group, &known, &HashMap::new(), self.rules);
        // A group that writes nothing has no statement.
        if plans.iter().any(Plan::refuses) || plans.iter().all(|plan| plan.written().is_none()) {
            return None;
        }
        for plan in &plans {
            if let Some(next) = &plan.next {
                self.cache.insert(plan.key.clone(), next.clone());
            }
        }
        let history_versions = self.rules.history_versions;
        Some(Box::new(move |connection, link| {
            Box::pin(async move {
                let statement = save_many(&plans, history_versions).linked(&link);
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
        connection.transaction(async |connection| self.write_group(connection, group).await).await
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Save],
    ) -> Result<Vec<Outcome>, GroupError> {
        // Nothing in it waits: SQLite's statements run in place.
        block_on(self.write_group(connection, group))
    }
}
