//! Who is seen coming, changing and going.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const GRACE: Duration = Duration::from_secs(2);

fn presence() -> Presence {
    Presence::new("e".into(), 10_000)
}

fn show(presence: &mut Presence, member: MemberId, key: &str, object: &'static str) -> Vec<String> {
    presence.track((member, member), &key.into(), object.into(), Utc::now()).unwrap()
}

#[test]
fn who_shows_something_new_leaves_before_joining() {
    let mut presence = presence();
    assert_eq!(
        show(&mut presence, 1, "a", r#"{"n":1}"#),
        [r#"{"joins":{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}},"leaves":{}}"#]
    );
    assert!(show(&mut presence, 1, "a", r#"{"n":1}"#).is_empty());
    assert_eq!(
        show(&mut presence, 1, "a", r#"{"n":2}"#),
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
fn two_tabs_share_a_name_and_empty_objects_are_shown() {
    let mut presence = presence();
    show(&mut presence, 1, "a", "{}");
    show(&mut presence, 2, "a", "{ }");
    assert_eq!(presence.state(), r#"{"a":{"metas":[{"phx_ref":"e-1"},{ "phx_ref":"e-2"}]}}"#);
}

#[test]
fn who_comes_back_within_the_grace_never_left() {
    let mut presence = presence();
    let now = Instant::now();
    show(&mut presence, 1, "a", r#"{"n":1}"#);
    assert!(presence.depart(1, &"a".into(), now + GRACE));
    assert!(presence.expire(now + GRACE / 2).is_empty());
    presence.inherit((2, 7), &"a".into());
    assert!(!presence.has_gone() && presence.expire(now + 2 * GRACE).is_empty());
    assert_eq!(presence.state(), r#"{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}}"#);
    // What is shown anew takes the place of the old, under its reference.
    assert_eq!(
        show(&mut presence, 2, "a", r#"{"n":2}"#),
        [r#"{"joins":{"a":{"metas":[{"n":2,"phx_ref":"e-1"}]}},"leaves":{}}"#]
    );
    assert_eq!(show(&mut presence, 2, "a", r#"{"n":3}"#).len(), 2);
}

#[test]
fn who_does_not_come_back_leaves_when_the_grace_is_over() {
    let mut presence = presence();
    let now = Instant::now();
    show(&mut presence, 1, "a", "{}");
    show(&mut presence, 2, "b", "{}");
    presence.depart(1, &"a".into(), now + GRACE);
    assert_eq!(presence.name_of_gone(1), Some("a".into()));
    assert_eq!(presence.name_of_gone(2), None);
    assert_eq!(
        presence.expire(now + GRACE),
        [r#"{"joins":{},"leaves":{"a":{"metas":[{"phx_ref":"e-1"}]}}}"#]
    );
    assert_eq!(presence.people().len(), 1);
}

#[test]
fn there_is_an_end_to_what_is_shown() {
    let mut presence = Presence::new("e".into(), 200);
    show(&mut presence, 1, "a", "{}");
    show(&mut presence, 2, "b", "{}");
    let refused = presence.track((3, 3), &"c".into(), "{}".into(), Utc::now());
    assert_eq!(refused, Err(Full));
    presence.untrack(1, &"a".into());
    show(&mut presence, 3, "c", "{}");
}

/// A client that follows what it is told, as Phoenix's own does.
fn follow(state: &mut Value, difference: &str) {
    let difference: Value = serde_json::from_str(difference).unwrap();
    let state = state.as_object_mut().unwrap();
    for (key, joined) in difference["joins"].as_object().unwrap() {
        let metas = state.entry(key).or_insert_with(|| serde_json::json!({ "metas": [] }));
        let metas = metas["metas"].as_array_mut().unwrap();
        for meta in joined["metas"].as_array().unwrap() {
            metas.retain(|it| it["phx_ref"] != meta["phx_ref"]);
            metas.push(meta.clone());
        }
    }
    for (key, left) in difference["leaves"].as_object().unwrap() {
        let metas = state[key]["metas"].as_array_mut().unwrap();
        let gone = left["metas"].as_array().unwrap();
        metas.retain(|it| !gone.iter().any(|gone| gone["phx_ref"] == it["phx_ref"]));
        if metas.is_empty() {
            state.remove(key);
        }
    }
}

/// The same whatever the order of somebody's tabs.
fn sorted(mut state: Value) -> Value {
    for entry in state.as_object_mut().unwrap().values_mut() {
        let metas = entry["metas"].as_array_mut().unwrap();
        metas.sort_by_key(|it| it["phx_ref"].to_string());
    }
    state
}

proptest! {
    #[test]
    fn who_follows_the_differences_sees_what_who_joins_is_told(
        deeds in prop::collection::vec((0..5_u8, 0..4_u64, 0..3_usize, 0..3_u64), 0..60),
    ) {
        let objects = [r#"{"n":0}"#, r#"{"n":1}"#, "{}"];
        let (mut presence, mut seen) = (presence(), serde_json::json!({}));
        let mut now = Instant::now();
        for (deed, member, object, key) in deeds {
            let name: Arc<str> = format!("k{key}").into();
            let member = member * 3 + key;
            let told = match deed {
                0 | 1 => presence.track((member, member), &name, objects[object].into(), Utc::now()).unwrap(),
                2 => presence.untrack(member, &name),
                3 => { presence.depart(member, &name, now + GRACE); Vec::new() }
                _ => { now += GRACE / 2; presence.expire(now) }
            };
            for difference in &told {
                follow(&mut seen, difference);
            }
            let state: Value = serde_json::from_str(&presence.state()).unwrap();
            prop_assert_eq!(sorted(seen.clone()), sorted(state));
        }
    }
}
