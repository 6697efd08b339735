//! Changes to the current document.

use std::sync::Arc;

use documents::{Bounds, Json, Refusal, merge_patch};
use json_patch::{Patch, PatchErrorKind, PatchOperation};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

/// A change to the current document.
#[derive(Clone, Debug)]
pub enum Change {
    /// Replaces it as a whole.
    Replace(Json),
    /// A merge patch (RFC 7396).
    Merge(Json),
    /// A JSON patch (RFC 6902), applied as a whole or not at all.
    Patch(Arc<Patch>),
}

/// Why a change cannot be applied to the current document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// The value of a `test` operation differs from the document's.
    #[error("The test in operation {0} of the patch failed")]
    TestFailed(usize),
    /// An operation's path does not exist.
    #[error("Operation {0} of the patch names a place that does not exist")]
    PathNotFound(usize),
    /// An operation removes the whole document, or moves a value into itself.
    #[error("Operation {0} of the patch cannot be applied to any document")]
    NeverApplicable(usize),
    /// The operations visit more values than this.
    #[error("The patch would visit more than {0} values")]
    TooExpensive(usize),
    /// The outcome is not an object.
    #[error("The patch would make the state something other than an object")]
    NoObject,
    /// The outcome exceeds the bounds, or cannot be stored.
    #[error("The patch would make a state that cannot be kept: {0}")]
    Refused(#[from] Refusal),
}

impl Change {
    /// The size of the document or merge patch in it, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Replace(document) | Self::Merge(document) => document.text().len(),
            Self::Patch(_) => 0,
        }
    }

    /// The number of operations of a JSON patch.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Self::Replace(_) | Self::Merge(_) => 0,
            Self::Patch(patch) => patch.len(),
        }
    }

    /// The document after the change.
    ///
    /// # Errors
    /// When the change cannot be applied, or its outcome exceeds `bounds`.
    pub fn apply(&self, current: &Json, bounds: Bounds) -> Result<Json, ChangeError> {
        let outcome = match self {
            Self::Replace(document) => return Ok(document.clone()),
            Self::Merge(patch) => merge_patch::apply(current.text(), patch.text()),
            Self::Patch(patch) => patched(current, patch, bounds)?,
        };
        if !outcome.starts_with('{') {
            return Err(ChangeError::NoObject);
        }
        let outcome = RawValue::from_string(outcome).map_err(|_| ChangeError::NoObject)?;
        Ok(Json::accept(outcome.get(), bounds)?)
    }
}

/// How often a patch may visit each value of the largest document: some ten milliseconds.
const VISITS_MAX: usize = 8;

/// Elements of an array that are moved in the time of a visit, to make or close a gap.
const MOVED_PER_VISIT: usize = 16;

fn patched(current: &Json, patch: &Patch, bounds: Bounds) -> Result<String, ChangeError> {
    let mut tree: Value =
        serde_json::from_str(current.text()).map_err(|_| ChangeError::NoObject)?;
    let visits_max = VISITS_MAX * bounds.nodes;
    let (mut copied, mut visits) = (0, 0);
    for (index, operation) in patch.iter().enumerate() {
        let reach = reach(&tree, operation, &mut visits);
        visits += gap(&tree, operation) / MOVED_PER_VISIT;
        if visits > visits_max {
            return Err(ChangeError::TooExpensive(visits_max));
        }
        copied += copied_bytes(&tree, operation);
        if copied > bounds.bytes {
            return Err(Refusal::TooLarge(bounds.bytes).into());
        }
        if reach > bounds.depth {
            return Err(Refusal::TooDeep(bounds.depth).into());
        }
        json_patch::patch(&mut tree, std::slice::from_ref(operation)).map_err(
            |error| match error.kind {
                PatchErrorKind::TestFailed => ChangeError::TestFailed(index),
                PatchErrorKind::CannotMoveInsideItself => ChangeError::NeverApplicable(index),
                _ if removes_all(operation) => ChangeError::NeverApplicable(index),
                _ => ChangeError::PathNotFound(index),
            },
        )?;
    }
    Ok(tree.to_string())
}

fn removes_all(operation: &PatchOperation) -> bool {
    matches!(operation, PatchOperation::Remove(it) if it.path.as_str().is_empty())
}

/// Bytes that an operation adds to the document and that the patch itself does not contain. Forty
/// copies of the whole document would otherwise exhaust the memory.
fn copied_bytes(tree: &Value, operation: &PatchOperation) -> usize {
    match operation {
        PatchOperation::Copy(copy) => {
            tree.pointer(copy.from.as_str()).map_or(0, |it| it.to_string().len())
        }
        _ => 0,
    }
}

/// The depth of the tree at the operation's path, after the operation; `visits` grows by the values
/// visited. Nested moves would otherwise overflow the stack of everything that recurses into the
/// outcome, its destructor included.
fn reach(tree: &Value, operation: &PatchOperation, visits: &mut usize) -> usize {
    let mut at = |path: &str, value| path.matches('/').count() + depth(value, visits);
    let found = |from: &str| tree.pointer(from).unwrap_or(&Value::Null);
    match operation {
        PatchOperation::Add(it) => at(it.path.as_str(), &it.value),
        PatchOperation::Replace(it) => at(it.path.as_str(), &it.value),
        PatchOperation::Move(it) => at(it.path.as_str(), found(it.from.as_str())),
        PatchOperation::Copy(it) => at(it.path.as_str(), found(it.from.as_str())),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => 0,
    }
}

/// Elements of the arrays in which the operation inserts or removes one.
fn gap(tree: &Value, operation: &PatchOperation) -> usize {
    let length = |path: &str| {
        let array = path.rsplit_once('/').and_then(|(parent, _)| tree.pointer(parent)?.as_array());
        array.map_or(0, Vec::len)
    };
    match operation {
        PatchOperation::Add(it) => length(it.path.as_str()),
        PatchOperation::Copy(it) => length(it.path.as_str()),
        PatchOperation::Move(it) => length(it.from.as_str()) + length(it.path.as_str()),
        PatchOperation::Remove(it) => length(it.path.as_str()),
        PatchOperation::Replace(_) | PatchOperation::Test(_) => 0,
    }
}

/// Arrays and objects inside one another; `[]` has depth 1.
fn depth(value: &Value, visits: &mut usize) -> usize {
    *visits += 1;
    match value {
        Value::Array(items) => 1 + items.iter().map(|it| depth(it, visits)).max().unwrap_or(0),
        Value::Object(members) => {
            1 + members.values().map(|it| depth(it, visits)).max().unwrap_or(0)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { bytes: 60, depth: 4, nodes: 20 };

    fn json(text: &str) -> Json {
        Json::accept(text, BOUNDS).unwrap()
    }

    #[track_caller]
    fn check(patch: &str, outcome: &Result<&str, ChangeError>) {
        let change = match serde_json::from_str(patch) {
            Ok(patch) => Change::Patch(Arc::new(patch)),
            Err(_) => Change::Merge(json(patch)),
        };
        let current = json(r#"{"n":1.50,"cards":{"a":1,"b":[1,2]}}"#);
        let made = change.apply(&current, BOUNDS).map(|it| it.text().to_owned());
        assert_eq!(&made.as_deref().map_err(Clone::clone), outcome, "{patch}");
    }

    #[test]
    fn patches_change_the_members_they_name() {
        check(r#"{"cards":{"a":null}}"#, &Ok(r#"{"n":1.50,"cards":{"b":[1,2]}}"#));
        check(
            r#"[{"op":"test","path":"/cards/a","value":1},{"op":"move","from":"/cards/a","path":"/m"}]"#,
            &Ok(r#"{"m":1,"n":1.50,"cards":{"b":[1,2]}}"#),
        );
        check(
            r#"[{"op":"add","path":"/cards/b/-","value":3}]"#,
            &Ok(r#"{"n":1.50,"cards":{"a":1,"b":[1,2,3]}}"#),
        );
    }

    #[test]
    fn a_patch_that_does_not_fit_says_why() {
        let test = r#"[{"op":"remove","path":"/n"},{"op":"test","path":"/cards/a","value":2}]"#;
        check(test, &Err(ChangeError::TestFailed(1)));
        check(r#"[{"op":"remove","path":"/x"}]"#, &Err(ChangeError::PathNotFound(0)));
        check(r#"[{"op":"replace","path":"","value":[]}]"#, &Err(ChangeError::NoObject));
        check("[1]", &Err(ChangeError::NoObject));
        let doubling = r#"{"op":"copy","from":"","path":"/x"}"#;
        let bomb = format!("[{}]", [doubling; 64].join(","));
        check(&bomb, &Err(ChangeError::Refused(Refusal::TooLarge(60))));
        let digging = r#"{"op":"add","path":"/b","value":[[0]]},
            {"op":"move","from":"/n","path":"/b/0/0"},{"op":"move","from":"/b","path":"/n"}"#;
        let digging = format!("[{}]", [digging; 64].join(","));
        check(&digging, &Err(ChangeError::Refused(Refusal::TooDeep(4))));
        let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(40));
        check(&long, &Err(ChangeError::Refused(Refusal::TooLarge(60))));
    }

    #[test]
    fn a_patch_visits_each_value_a_few_times_at_most() {
        let large = Bounds { bytes: 250_000, depth: 8, nodes: 10_000 };
        let members: Vec<String> = (0..9_900).map(|n| format!(r#""m{n}":{n}"#)).collect();
        let items: Vec<String> = (0..9_900).map(|n| n.to_string()).collect();
        let object = format!(r#"{{"a":{{{}}}}}"#, members.join(","));
        let array = format!(r#"{{"a":[{}],"b":0}}"#, items.join(","));
        let to_and_fro =
            r#"{"op":"move","from":"/a","path":"/b"},{"op":"move","from":"/b","path":"/a"}"#;
        let at_the_front = r#"{"op":"add","path":"/a/0","value":0},{"op":"remove","path":"/a/0"}"#;
        let single =
            r#"{"op":"move","from":"/a/m1","path":"/b"},{"op":"move","from":"/b","path":"/a/m1"}"#;
        let too_expensive = Err(ChangeError::TooExpensive(80_000));
        for (document, operations, expected) in [
            (&object, to_and_fro, too_expensive.clone()),
            (&array, at_the_front, too_expensive),
            (&object, single, Ok(())),
        ] {
            let current = Json::accept(document, large).unwrap();
            let patch = format!("[{}]", [operations; 500].join(","));
            let change = Change::Patch(Arc::new(serde_json::from_str(&patch).unwrap()));
            assert_eq!(change.apply(&current, large).map(drop), expected, "{operations}");
        }
    }
}
