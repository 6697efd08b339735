//! Faults of the input, worded and structured as the earlier backend worded them (Pydantic 2).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Issues in one answer at most: each repeats a part of the input.
const ISSUES_MAX: usize = 100;

/// One fault of the input, as an entry of a 422.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Issue {
    /// What kind of fault, such as `missing` or `string_too_long`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where: `body`, `query` or `path`, then the way to the value.
    #[schema(value_type = Vec<Value>)]
    pub loc: Vec<Value>,
    /// What is wrong, for a person.
    pub msg: String,
    /// The value that was sent.
    #[schema(value_type = Value)]
    pub input: Value,
    /// The limit or the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub ctx: Option<Value>,
}

/// A fault of a value, before its location is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    kind: &'static str,
    msg: Cow<'static, str>,
    ctx: Option<Value>,
}

impl Fault {
    /// A fault of this kind, in words for a person.
    pub fn new(kind: &'static str, msg: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, msg: msg.into(), ctx: None }
    }

    /// Adds the limit or the reason, for programs.
    #[must_use]
    pub fn context(self, ctx: Value) -> Self {
        Self { ctx: Some(ctx), ..self }
    }

    /// The fault as an entry of a 422. A secret in the input is masked.
    pub fn at(self, loc: Vec<Value>, input: Value) -> Issue {
        let Self { kind, msg, ctx } = self;
        let input = masked(kind, &loc, input);
        Issue { kind, loc, msg: msg.into_owned(), input, ctx }
    }
}

/// The fields whose values are secrets, in bodies and queries of every route.
const SECRETS: [&str; 7] = [
    "access_token",
    "new_password",
    "old_password",
    "password",
    "refresh_token",
    "token",
    "visitor_token",
];

/// What stands in the place of a secret.
const MASK: &str = "***";

/// The input at this location without the values of secret fields, on the way to it or inside. Of a field that
/// is missing the input is the object around it.
fn masked(kind: &str, loc: &[Value], input: Value) -> Value {
    let is_secret = |step: &Value| step.as_str().is_some_and(|it| SECRETS.contains(&it));
    if kind != "missing" && !input.is_null() && loc.iter().any(is_secret) {
        return MASK.into();
    }
    masked_inside(input)
}

fn masked_inside(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let masked = fields.into_iter().map(|(name, value)| match value {
                value if value.is_null() || !SECRETS.contains(&name.as_str()) => {
                    (name, masked_inside(value))
                }
                _ => (name, MASK.into()),
            });
            Value::Object(masked.collect())
        }
        Value::Array(values) => values.into_iter().map(masked_inside).collect(),
        other => other,
    }
}

/// A location in the input, and the list of all issues so far.
pub struct Location<'a> {
    loc: Vec<Value>,
    issues: &'a mut Vec<Issue>,
}

impl<'a> Location<'a> {
    /// A location, given as the steps to it.
    pub fn new(loc: Vec<Value>, issues: &'a mut Vec<Issue>) -> Self {
        Self { loc, issues }
    }

    /// Records a fault of the value at this location, unless the list of issues is full.
    pub fn reject<T>(&mut self, input: &Value, fault: Fault) -> Option<T> {
        if !self.is_full() {
            self.issues.push(fault.at(self.loc.clone(), input.clone()));
        }
        None
    }

    /// Whether no further issue is recorded, so that nothing more need be read.
    pub fn is_full(&self) -> bool {
        self.issues.len() >= ISSUES_MAX
    }

    /// Passes a valid value on and records the fault of an invalid one.
    pub fn check<T>(&mut self, input: &Value, checked: Result<T, Fault>) -> Option<T> {
        checked.map_or_else(|fault| self.reject(input, fault), Some)
    }

    /// The location one step further in.
    pub fn inside(&mut self, step: impl Into<Value>) -> Location<'_> {
        let mut loc = self.loc.clone();
        loc.push(step.into());
        Location { loc, issues: self.issues }
    }

    /// The same location, for another reader.
    pub fn reborrow(&mut self) -> Location<'_> {
        Location { loc: self.loc.clone(), issues: self.issues }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_at_a_location_and_inside_of_values() {
        #[track_caller]
        fn check(kind: &'static str, loc: &[&str], input: &Value, shown: &Value) {
            let loc = loc.iter().map(|step| Value::from(*step)).collect();
            assert_eq!(Fault::new(kind, "").at(loc, input.clone()).input, *shown);
        }
        let (wrong, missing) = ("string_type", "missing");
        check(wrong, &["body", "email"], &json!("no"), &json!("no"));
        check(wrong, &["body", "password"], &json!(12_345), &json!("***"));
        check(wrong, &["body", "new_password"], &json!({ "x": "s3cret" }), &json!("***"));
        check(wrong, &["query", "token"], &json!(null), &json!(null));
        let body = json!({ "email": "a", "old_password": "s3cret" });
        let shown = json!({ "email": "a", "old_password": "***" });
        check(missing, &["body", "new_password"], &body, &shown);
        let users = json!([{ "email": "a", "password": "s3cret", "token": null }]);
        let shown = json!([{ "email": "a", "password": "***", "token": null }]);
        check(wrong, &["body", "users"], &users, &shown);
    }
}
