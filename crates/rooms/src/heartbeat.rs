//! Heartbeats, as they are committed in groups: a flood of them from one visitor is one write.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use database::fetch_in_place;
use database::group_commit::{GroupError, GroupWriter, Lanes};
use diesel::SqliteConnection;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::VisitorId;

use crate::store::{self as table, VisitorRow};
use crate::visitor::Visitor;

/// Where heartbeats are committed. Cloning shares it.
pub type Heartbeats = Lanes<Pulse>;

/// What carries heartbeats out. The answer to one is the visitor, unless there is none or the
/// visitor left.
#[derive(Clone, Copy, Debug)]
pub struct Pulse;

impl GroupWriter for Pulse {
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
        let rows: Vec<VisitorRow> = table::heartbeat_many(folded(group)).load(connection).await?;
        let seen = rows.into_iter().map(Visitor::from).map(|it| (it.id, it)).collect();
        Ok(answers(group, &seen))
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Self::Request],
    ) -> Result<Vec<Self::Answer>, GroupError> {
        let mut seen = HashMap::new();
        for (id, at) in folded(group) {
            let row: Option<VisitorRow> = fetch_in_place(connection, table::heartbeat(id, at))?;
            seen.extend(row.map(|row| (id, Visitor::from(row))));
        }
        Ok(answers(group, &seen))
    }
}

/// The last heartbeat of each visitor, in the order of their ids.
fn folded(group: &[(VisitorId, DateTime<Utc>)]) -> BTreeMap<VisitorId, DateTime<Utc>> {
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
    fn many_heartbeats_of_a_visitor_are_its_last_one() {
        let (a, b) = (VisitorId::well_known(1), VisitorId::well_known(2));
        let now = Utc::now();
        let later = now + TimeDelta::seconds(1);
        let folded: Vec<_> = folded(&[(b, now), (a, later), (a, now)]).into_iter().collect();
        assert_eq!(folded, [(a, later), (b, now)]);
    }
}
