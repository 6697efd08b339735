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

    /// The fault as an entry of a 422.
    pub fn at(self, loc: Vec<Value>, input: Value) -> Issue {
        let Self { kind, msg, ctx } = self;
        Issue { kind, loc, msg: msg.into_owned(), input, ctx }
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
