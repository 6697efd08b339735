//! What a save does to the document that is there.

use documents::{Bounds, Json, Refusal, merge_patch};
use json_patch::{Patch, PatchErrorKind, PatchOperation};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

/// What a save does to the document that is there.
#[derive(Clone, Debug)]
pub enum Change {
    /// Takes its place.
    Replace(Json),
    /// Merges into it (RFC 7396).
    Merge(Json),
    /// Is carried out on it, operation by operation, all or nothing (RFC 6902).
    Patch(Patch),
}

/// Why a change does not fit the document that is there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// A `test` operation found something else.
    #[error("The test in operation {0} of the patch failed")]
    TestFailed(usize),
    /// An operation names a place that there is not.
    #[error("Operation {0} of the patch names a place that does not exist")]
    NoSuchPlace(usize),
    /// The outcome is a list, a text or a number.
    #[error("The patch would make the state something other than an object")]
    NoObject,
    /// The outcome is too large, or cannot be kept.
    #[error("The patch would make a state that cannot be kept: {0}")]
    Refused(#[from] Refusal),
}

impl Change {
    /// The document after the change.
    ///
    /// # Errors
    /// When the change does not fit, or its outcome exceeds `bounds`.
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

fn patched(current: &Json, patch: &Patch, bounds: Bounds) -> Result<String, ChangeError> {
    let mut tree: Value =
        serde_json::from_str(current.text()).map_err(|_| ChangeError::NoObject)?;
    let mut copied = 0;
    for (index, operation) in patch.iter().enumerate() {
        copied += copied_bytes(&tree, operation);
        if copied > bounds.bytes {
            return Err(Refusal::TooLarge(bounds.bytes).into());
        }
        if reach(&tree, operation) > bounds.depth {
            return Err(Refusal::TooDeep(bounds.depth).into());
        }
        json_patch::patch(&mut tree, std::slice::from_ref(operation)).map_err(
            |error| match error.kind {
                PatchErrorKind::TestFailed => ChangeError::TestFailed(index),
                _ => ChangeError::NoSuchPlace(index),
            },
        )?;
    }
    Ok(tree.to_string())
}

/// What an operation adds that the patch does not itself contain. Forty copies of the whole would
/// otherwise fill the memory of any machine.
fn copied_bytes(tree: &Value, operation: &PatchOperation) -> usize {
    match operation {
        PatchOperation::Copy(copy) => {
            tree.pointer(copy.from.as_str()).map_or(0, |it| it.to_string().len())
        }
        _ => 0,
    }
}

/// How deep the tree is, after the operation, at the place that it changes. Moves that dig deeper and
/// deeper would otherwise overflow the stack of whatever walks over the outcome, be it to drop it.
fn reach(tree: &Value, operation: &PatchOperation) -> usize {
    let at = |path: &str, value| path.matches('/').count() + depth(value);
    let found = |from: &str| tree.pointer(from).unwrap_or(&Value::Null);
    match operation {
        PatchOperation::Add(it) => at(it.path.as_str(), &it.value),
        PatchOperation::Replace(it) => at(it.path.as_str(), &it.value),
        PatchOperation::Move(it) => at(it.path.as_str(), found(it.from.as_str())),
        PatchOperation::Copy(it) => at(it.path.as_str(), found(it.from.as_str())),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => 0,
    }
}

/// Arrays and objects inside one another; `[]` has depth 1.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
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
            Ok(patch) => Change::Patch(patch),
            Err(_) => Change::Merge(json(patch)),
        };
        let current = json(r#"{"n":1.50,"cards":{"a":1,"b":[1,2]}}"#);
        let made = change.apply(&current, BOUNDS).map(|it| it.text().to_owned());
        assert_eq!(&made.as_deref().map_err(Clone::clone), outcome, "{patch}");
    }

    #[test]
    fn patches_change_what_they_name() {
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
        check(r#"[{"op":"remove","path":"/x"}]"#, &Err(ChangeError::NoSuchPlace(0)));
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
}
