//! Heartbeats are committed in groups: many heartbeats of one visitor become one write.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use database::fetch_in_place;
use database::group_commit::{GroupError, GroupWriter, Lanes};
use diesel::SqliteConnection;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::VisitorId;

use crate::store::{self, VisitorRow};
use crate::visitor::Visitor;

/// The lanes that commit heartbeats. Clones share them.
pub type Heartbeats = Lanes<HeartbeatWriter>;

/// Writes groups of heartbeats. Each is answered with the visitor, or with `None` when there is no such
/// visitor or the visitor left.
#[derive(Clone, Copy, Debug)]
pub struct HeartbeatWriter;

impl GroupWriter for HeartbeatWriter {
    const NAME: &'static str = "heartbeat";
    type Request = (VisitorId, DateTime<Utc>);
    type Answer = Option<Visitor>;

    fn order((id, _): &Self::Request) -> impl Hash {
        *id
    }

    async fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Self::Request],
    ) -> Result<Vec<Self::Answer>, GroupError> {
        let rows: Vec<VisitorRow> = store::heartbeats(latest(group)).load(connection).await?;
        let seen = rows.into_iter().map(Visitor::from).map(|it| (it.id, it)).collect();
        Ok(answers(group, &seen))
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Self::Request],
    ) -> Result<Vec<Self::Answer>, GroupError> {
        let mut seen = HashMap::new();
        for (id, at) in latest(group) {
            let row: Option<VisitorRow> = fetch_in_place(connection, store::heartbeat(id, at))?;
            seen.extend(row.map(|row| (id, Visitor::from(row))));
        }
        Ok(answers(group, &seen))
    }
}

/// The latest heartbeat of each visitor, by id.
fn latest(group: &[(VisitorId, DateTime<Utc>)]) -> BTreeMap<VisitorId, DateTime<Utc>> {
    let mut last = BTreeMap::new();
    for (id, at) in group {
        let seen = last.entry(*id).or_insert(*at);
        *seen = (*seen).max(*at);
    }
    last
}

fn answers(
    group: &[(VisitorId, DateTime<Utc>)],
    seen: &HashMap<VisitorId, Visitor>,
) -> Vec<Option<Visitor>> {
    group.iter().map(|(id, _)| seen.get(id).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn many_heartbeats_of_a_visitor_become_the_latest() {
        let (a, b) = (VisitorId::from_u128(1), VisitorId::from_u128(2));
        let now = Utc::now();
        let later = now + TimeDelta::seconds(1);
        let latest: Vec<_> = latest(&[(b, now), (a, later), (a, now)]).into_iter().collect();
        assert_eq!(latest, [(a, later), (b, now)]);
    }
}
