//! The diffs of joining, changing and leaving members.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const GRACE: Duration = Duration::from_secs(2);

fn presence() -> Presence {
    Presence::new("e".into(), 10_000)
}

fn track(
    presence: &mut Presence,
    member: MemberId,
    key: &str,
    object: &'static str,
) -> Vec<String> {
    presence.track((member, member), &key.into(), object.into(), Utc::now()).unwrap()
}

#[test]
fn an_update_is_a_leave_and_then_a_join() {
    let mut presence = presence();
    assert_eq!(
        track(&mut presence, 1, "a", r#"{"n":1}"#),
        [r#"{"joins":{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}},"leaves":{}}"#]
    );
    assert!(track(&mut presence, 1, "a", r#"{"n":1}"#).is_empty());
    assert_eq!(
        track(&mut presence, 1, "a", r#"{"n":2}"#),
        [
            r#"{"joins":{},"leaves":{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}}}"#,
            r#"{"joins":{"a":{"metas":[{"n":2,"phx_ref":"e-3"}]}},"leaves":{}}"#,
        ]
    );
    assert_eq!(presence.state(), r#"{"a":{"metas":[{"n":2,"phx_ref":"e-3"}]}}"#);
    assert_eq!(presence.untrack(1, &"a".into()).len(), 1);
    assert!(presence.untrack(1, &"a".into()).is_empty());
    assert_eq!(presence.state(), "{}");
    assert_eq!(presence.bytes, 0);
}

#[test]
fn two_tabs_share_a_key_and_empty_objects_are_valid() {
    let mut presence = presence();
    track(&mut presence, 1, "a", "{}");
    track(&mut presence, 2, "a", "{ }");
    assert_eq!(presence.state(), r#"{"a":{"metas":[{"phx_ref":"e-1"},{ "phx_ref":"e-2"}]}}"#);
}

#[test]
fn a_member_that_rejoins_within_the_grace_period_never_left() {
    let mut presence = presence();
    let now = Instant::now();
    track(&mut presence, 1, "a", r#"{"n":1}"#);
    assert!(presence.depart(1, &"a".into(), now + GRACE));
    assert!(presence.expire(now + GRACE / 2).is_empty());
    presence.inherit((2, 7), &"a".into());
    assert!(!presence.has_departed() && presence.expire(now + 2 * GRACE).is_empty());
    assert_eq!(presence.state(), r#"{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}}"#);
    // The new object replaces the old one under the same reference.
    assert_eq!(
        track(&mut presence, 2, "a", r#"{"n":2}"#),
        [r#"{"joins":{"a":{"metas":[{"n":2,"phx_ref":"e-1"}]}},"leaves":{}}"#]
    );
    assert_eq!(track(&mut presence, 2, "a", r#"{"n":3}"#).len(), 2);
}

#[test]
fn of_several_ended_memberships_that_of_the_same_socket_is_inherited() {
    let mut presence = presence();
    let now = Instant::now();
    for (member, object) in [(1, r#"{"n":1}"#), (2, r#"{"n":2}"#), (3, r#"{"n":3}"#)] {
        track(&mut presence, member, "a", object);
        presence.depart(member, &"a".into(), now + GRACE * u32::try_from(member).unwrap());
    }
    let left = |presence: &mut Presence, member| presence.untrack(member, &"a".into()).concat();
    presence.inherit((7, 1), &"a".into());
    assert!(left(&mut presence, 7).contains(r#"{"n":1,"#));
    // No membership of this socket has ended, so the last one is taken over.
    presence.inherit((8, 9), &"a".into());
    assert!(left(&mut presence, 8).contains(r#"{"n":3,"#));
    presence.inherit((9, 9), &"b".into());
    assert!(left(&mut presence, 9).is_empty());
}

#[test]
fn a_member_that_does_not_rejoin_leaves_after_the_grace_period() {
    let mut presence = presence();
    let now = Instant::now();
    track(&mut presence, 1, "a", "{}");
    track(&mut presence, 2, "b", "{}");
    presence.depart(1, &"a".into(), now + GRACE);
    assert_eq!(presence.departed_key(1), Some("a".into()));
    assert_eq!(presence.departed_key(2), None);
    assert_eq!(
        presence.expire(now + GRACE),
        [r#"{"joins":{},"leaves":{"a":{"metas":[{"phx_ref":"e-1"}]}}}"#]
    );
    assert_eq!(presence.entries().len(), 1);
}

#[test]
fn a_key_that_another_member_holds_with_the_same_role_is_not_announced_as_left() {
    let mut presence = presence();
    let now = Instant::now();
    for member in 1..=3 {
        track(&mut presence, member, "a", r#"{"role":"owner"}"#);
    }
    track(&mut presence, 4, "a", r#"{"role":"visitor"}"#);
    assert!(presence.untrack(1, &"a".into()).is_empty());
    presence.depart(2, &"a".into(), now + GRACE);
    assert!(presence.expire(now + GRACE).is_empty());
    assert_eq!(
        presence.state(),
        r#"{"a":{"metas":[{"role":"owner","phx_ref":"e-3"},{"role":"visitor","phx_ref":"e-4"}]}}"#
    );
    assert_eq!(presence.entries().len(), 2);
    // The last one leaves together with the hidden ones.
    assert_eq!(
        presence.untrack(3, &"a".into()),
        [
            r#"{"joins":{},"leaves":{"a":{"metas":[{"role":"owner","phx_ref":"e-3"},{"role":"owner","phx_ref":"e-1"},{"role":"owner","phx_ref":"e-2"}]}}}"#
        ]
    );
    assert_eq!(presence.untrack(4, &"a".into()).len(), 1);
    assert_eq!((presence.state().as_str(), presence.bytes), ("{}", 0));
}

#[test]
fn a_member_in_its_grace_period_does_not_stand_for_another() {
    let mut presence = presence();
    track(&mut presence, 1, "a", r#"{"role":"owner"}"#);
    track(&mut presence, 2, "a", r#"{"role":"owner"}"#);
    presence.depart(1, &"a".into(), Instant::now() + GRACE);
    assert_eq!(presence.untrack(2, &"a".into()).len(), 1);
}

#[test]
fn the_number_of_members_that_left_unannounced_is_bounded() {
    let mut presence = Presence::new("e".into(), 100_000);
    track(&mut presence, 1, "a", r#"{"role":"owner"}"#);
    let mut announced = 0;
    for member in 2..100 {
        track(&mut presence, member, "a", r#"{"role":"owner"}"#);
        announced += presence.untrack(member, &"a".into()).len();
    }
    assert_eq!(announced, 98 - HIDDEN_MAX);
    presence.untrack(1, &"a".into());
    assert_eq!(presence.bytes, 0);
}

#[test]
fn presence_is_bounded() {
    let mut presence = Presence::new("e".into(), 200);
    track(&mut presence, 1, "a", "{}");
    track(&mut presence, 2, "b", "{}");
    let refused = presence.track((3, 3), &"c".into(), "{}".into(), Utc::now());
    assert_eq!(refused, Err(PresenceFull));
    presence.untrack(1, &"a".into());
    track(&mut presence, 3, "c", "{}");
}

/// Applies a diff as the client of Phoenix does.
fn apply(state: &mut Value, diff: &str) {
    let diff: Value = serde_json::from_str(diff).unwrap();
    let state = state.as_object_mut().unwrap();
    for (key, joined) in diff["joins"].as_object().unwrap() {
        let metas = state.entry(key).or_insert_with(|| serde_json::json!({ "metas": [] }));
        let metas = metas["metas"].as_array_mut().unwrap();
        for meta in joined["metas"].as_array().unwrap() {
            metas.retain(|it| it["phx_ref"] != meta["phx_ref"]);
            metas.push(meta.clone());
        }
    }
    for (key, left) in diff["leaves"].as_object().unwrap() {
        let metas = state[key]["metas"].as_array_mut().unwrap();
        let gone = left["metas"].as_array().unwrap();
        metas.retain(|it| !gone.iter().any(|gone| gone["phx_ref"] == it["phx_ref"]));
        if metas.is_empty() {
            state.remove(key);
        }
    }
}

/// Sorts the metas of each key.
fn sorted(mut state: Value) -> Value {
    for entry in state.as_object_mut().unwrap().values_mut() {
        let metas = entry["metas"].as_array_mut().unwrap();
        metas.sort_by_key(|it| it["phx_ref"].to_string());
    }
    state
}

/// The state of a client, without the metas that left unannounced.
fn without_hidden(mut seen: Value, presence: &Presence) -> Value {
    let hidden = presence.entries.values().flatten().filter(|it| it.is_hidden);
    let hidden: Vec<_> = hidden.map(|it| it.reference.clone()).collect();
    for entry in seen.as_object_mut().unwrap().values_mut() {
        let metas = entry["metas"].as_array_mut().unwrap();
        metas.retain(|it| !hidden.iter().any(|hidden| it["phx_ref"] == **hidden));
    }
    seen
}

proptest! {
    #[test]
    fn diffs_lead_to_the_state_that_a_new_member_gets(
        actions in prop::collection::vec((0..6_u8, 0..4_u64, 0..3_usize, 0..3_u64), 0..60),
    ) {
        let objects = [r#"{"n":0,"role":"o"}"#, r#"{"n":1}"#, r#"{"role":"o"}"#];
        let (mut presence, mut seen) = (presence(), serde_json::json!({}));
        let mut now = Instant::now();
        for (action, member, object, key) in actions {
            let name: Arc<str> = format!("k{key}").into();
            let member = member * 3 + key;
            let diffs = match action {
                0 | 1 => presence.track((member, member), &name, objects[object].into(), Utc::now()).unwrap(),
                2 => presence.untrack(member, &name),
                3 => { presence.depart(member, &name, now + GRACE); Vec::new() }
                4 => { now += GRACE / 2; presence.expire(now) }
                _ => {
                    // Only a member that has no entry yet inherits one.
                    if presence.position(&name, member).is_none() {
                        let ended = |it: &Presence| it.entries.get(&name).map_or(0, |metas| {
                            metas.iter().filter(|it| it.expires.is_some()).count()
                        });
                        let before = ended(&presence);
                        presence.inherit((member, member), &name);
                        prop_assert_eq!(ended(&presence), before.saturating_sub(1));
                        prop_assert_eq!(presence.position(&name, member).is_some(), before > 0);
                    }
                    Vec::new()
                }
            };
            for diff in &diffs {
                apply(&mut seen, diff);
            }
            let state: Value = serde_json::from_str(&presence.state()).unwrap();
            prop_assert_eq!(sorted(without_hidden(seen.clone(), &presence)), sorted(state));
        }
        for key in 0..3 {
            for member in 0..4 {
                for diff in presence.untrack(member * 3 + key, &format!("k{key}").into()) {
                    apply(&mut seen, &diff);
                }
            }
        }
        prop_assert_eq!((seen, presence.bytes), (serde_json::json!({}), 0));
    }
}
