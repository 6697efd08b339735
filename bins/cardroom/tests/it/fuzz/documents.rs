//! Documents and patches: the canonical form is stable and means the same, and every diff applied to the old
//! document gives the new one.

use documents::{Bounds, Json, merge_patch};
use rand::seq::IndexedRandom as _;
use serde_json::Value;

use super::Inputs;

/// The bounds in `limits` of the settings.
const BOUNDS: Bounds = Bounds { bytes: 262_144, depth: 64, nodes: 10_000 };

/// Documents that later ones are compared with.
const KEPT: usize = 64;

fn corpus() -> Vec<Vec<u8>> {
    [
        r#"{"cards":["a",{"n":1.50},null,true],"name":"\u00e4","b":{"":-0,"a":1e2}}"#,
        r#"{"placements":{"like":["riasec-social"],"dislike":[]},"n":123456789012345678901234567890}"#,
        r#"{"a":{"b":{"c":{"d":[[[]]]}}},"a/b":"~","text":"\"\\\n\ud83c\udccf"}"#,
        "{}",
    ]
    .map(|it| it.as_bytes().to_vec())
    .to_vec()
}

#[test]
fn every_accepted_document_is_canonical_and_every_difference_leads_there() {
    let mut inputs = Inputs::from("documents", corpus());
    let mut kept: Vec<String> = vec!["{}".to_owned()];
    while let Some(input) = inputs.next() {
        let Ok(text) = String::from_utf8(input.clone()) else { continue };
        // Invalid JSON is refused earlier; `accept` takes valid JSON only.
        if serde_json::from_str::<Value>(&text).is_err() {
            continue;
        }
        let Ok(accepted) = Json::accept(&text, BOUNDS) else { continue };
        let new = accepted.text().to_owned();
        if Json::accept(&new, BOUNDS).ok().map(|it| it.text().to_owned()) != Some(new.clone()) {
            inputs.fail(&input, format!("not stable: {new}"));
        }
        if serde_json::from_str::<Value>(&new).is_err() {
            inputs.fail(&input, format!("no JSON: {new}"));
        }
        let old = kept.choose(&mut inputs.random).unwrap();
        if let Some(patch) = merge_patch::diff(old, &new)
            && merge_patch::apply(old, &patch) != new
        {
            inputs.fail(&input, format!("{old} with {patch} is not {new}"));
        }
        if kept.len() < KEPT {
            kept.push(new);
        } else {
            let at = usize::try_from(inputs.count).unwrap_or_default() % KEPT;
            kept[at] = new;
        }
    }
}
