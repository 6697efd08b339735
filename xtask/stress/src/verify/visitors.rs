//! Visitors: each session has one, which every join of that session returned, and there are no others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::client::Client;
use crate::evidence::{Evidence, Room};
use crate::finding::Finding;

/// Rooms whose lists are read back at most.
const ROOMS_MAX: usize = 200;

pub(super) async fn verify(client: &Client, evidence: &Evidence) -> Result<Vec<Finding>> {
    let mut rooms: HashMap<&str, (&Arc<Room>, HashMap<&str, &str>)> = HashMap::new();
    let mut same = Finding::about("joins, each session always the same visitor");
    for joined in &evidence.joins {
        let (_, sessions) =
            rooms.entry(&joined.room.id).or_insert_with(|| (&joined.room, HashMap::new()));
        let first = sessions.entry(&joined.session).or_insert(&joined.visitor);
        let fault = || format!("{} is {first} and {}", joined.session, joined.visitor);
        same.check((*first != joined.visitor).then(fault));
    }
    let unsure: HashSet<&str> = evidence.unsure_joins.iter().map(|it| it.id.as_str()).collect();
    let mut listed = Finding::about("visitors listed, distinct and complete");
    for (room, joined) in rooms.into_values().take(ROOMS_MAX) {
        listed.checked += joined.len() as u64;
        let found = list(client, room).await?;
        for fault in differences(&joined, &found, unsure.contains(room.id.as_str())) {
            listed.fault(format!("room {}: {fault}", room.id));
        }
    }
    Ok(vec![same, listed])
}

/// Visitors in one page of a room's list.
const PAGE: usize = 1_000;

/// Sessions and visitors of a room, as its owner sees them.
async fn list(client: &Client, room: &Room) -> Result<Vec<(String, String)>> {
    let mut path = format!("/api/visitors/room/{}", room.id);
    let mut found: Vec<(String, String)> = Vec::new();
    loop {
        let answer = client.get(&path, &room.token).await?.context("a room is gone")?;
        let page = read(&answer)?;
        // A server without pages answers with all visitors, again and again.
        let is_repeated = !found.is_empty() && page.first() == found.first();
        let last =
            page.last().filter(|_| page.len() == PAGE && !is_repeated).map(|it| it.1.clone());
        if !is_repeated {
            found.extend(page);
        }
        let Some(last) = last else { return Ok(found) };
        path = format!("/api/visitors/room/{}?limit={PAGE}&after={last}", room.id);
    }
}

fn read(page: &Value) -> Result<Vec<(String, String)>> {
    let visitors = page.as_array().context("visitors are not listed")?;
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    Ok(visitors.iter().map(|it| (text(it, "session_id"), text(it, "id"))).collect())
}

fn differences(
    joined: &HashMap<&str, &str>,
    listed: &[(String, String)],
    others_may_be_there: bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    let sessions: HashMap<&str, &str> =
        listed.iter().map(|(session, visitor)| (&**session, &**visitor)).collect();
    let visitors: HashSet<&String> = listed.iter().map(|(_, visitor)| visitor).collect();
    if sessions.len() != listed.len() || visitors.len() != listed.len() {
        faults.push(format!("{} listed, not all distinct", listed.len()));
    }
    for (session, visitor) in joined {
        match sessions.get(session) {
            Some(found) if found == visitor => {}
            Some(found) => faults.push(format!("{session} joined as {visitor}, is {found}")),
            None => faults.push(format!("{session} joined and is not listed")),
        }
    }
    if sessions.len() > joined.len() && !others_may_be_there {
        faults.push(format!("{} joined, {} are listed", joined.len(), sessions.len()));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn faults(listed: &[(&str, &str)], others: bool) -> usize {
        let joined = HashMap::from([("a", "1"), ("b", "2")]);
        let listed: Vec<_> =
            listed.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect();
        differences(&joined, &listed, others).len()
    }

    #[test]
    fn whoever_joined_is_listed_once() {
        assert_eq!(faults(&[("b", "2"), ("a", "1")], false), 0);
        assert_eq!(faults(&[("a", "1")], false), 1, "one is missing");
        assert_eq!(faults(&[("a", "1"), ("b", "3")], false), 1, "another one");
        assert_eq!(faults(&[("a", "1"), ("b", "2"), ("b", "4")], false), 2, "twice");
        assert_eq!(faults(&[("a", "1"), ("b", "2"), ("c", "3")], false), 1, "a stranger");
        assert_eq!(faults(&[("a", "1"), ("b", "2"), ("c", "3")], true), 0, "a join unanswered");
    }
}
