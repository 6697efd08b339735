//! How a request type reads itself from JSON, naming every fault and not only the first.
//!
//! The faults are worded and structured as the earlier backend worded them (Pydantic 2).

mod values;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use values::{Integer, Nested, choice};

/// One thing that is wrong with the input.
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

/// What is wrong with a value, before it is known where the value stood.
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

    pub(crate) fn at(self, loc: Vec<Value>, input: Value) -> Issue {
        let Self { kind, msg, ctx } = self;
        Issue { kind, loc, msg: msg.into_owned(), input, ctx }
    }
}

/// A value that can be read from JSON.
pub trait Field: Sized {
    /// Reads the value, or notes at `location` what is wrong with it.
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self>;

    /// What it means when the field is not there; `None` makes the field required.
    fn absent() -> Option<Self> {
        None
    }
}

/// A request type that reads itself from the fields of an object.
pub trait FromFields: Sized {
    /// Reads all fields before giving up, so that all faults are found.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// Issues that are named at most: each repeats a part of the input, and nobody reads more.
const ISSUES_MAX: usize = 100;

/// A place in the input, and the list of what was found wrong.
pub struct Location<'a> {
    loc: Vec<Value>,
    issues: &'a mut Vec<Issue>,
}

impl<'a> Location<'a> {
    pub(crate) fn new(loc: Vec<Value>, issues: &'a mut Vec<Issue>) -> Self {
        Self { loc, issues }
    }

    /// Notes a fault of the value that stands here, unless as many are noted as are ever named.
    pub fn reject<T>(&mut self, input: &Value, fault: Fault) -> Option<T> {
        if !self.is_full() {
            self.issues.push(fault.at(self.loc.clone(), input.clone()));
        }
        None
    }

    /// Whether nothing more is noted, so that nothing more need be read.
    pub(crate) fn is_full(&self) -> bool {
        self.issues.len() >= ISSUES_MAX
    }

    /// Passes a good value on and notes the fault of a bad one.
    pub fn check<T>(&mut self, input: &Value, verdict: Result<T, Fault>) -> Option<T> {
        verdict.map_or_else(|fault| self.reject(input, fault), Some)
    }

    /// The place one step further in.
    pub fn inside(&mut self, step: impl Into<Value>) -> Location<'_> {
        let mut loc = self.loc.clone();
        loc.push(step.into());
        Location { loc, issues: self.issues }
    }
}

/// The fields of an object.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    location: Location<'a>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, location: Location<'a>) -> Self {
        Self { object, location }
    }

    /// Reads a field; one that is not there has its type's [`Field::absent`] meaning.
    pub fn field<T: Field>(&mut self, name: &str) -> Option<T> {
        match (self.object.get(name), T::absent()) {
            (Some(value), _) => T::read(value, &mut self.location.inside(name)),
            (None, Some(meaning)) => Some(meaning),
            (None, None) => {
                let whole = Value::Object(self.object.clone());
                self.location.inside(name).reject(&whole, Fault::new("missing", "Field required"))
            }
        }
    }

    /// Reads a field; one that is not there means `default`.
    pub fn field_or<T: Field>(&mut self, name: &str, default: T) -> Option<T> {
        match self.object.get(name) {
            Some(value) => T::read(value, &mut self.location.inside(name)),
            None => Some(default),
        }
    }
}

/// Reads a request type from a whole value.
pub(crate) fn read_object<T: FromFields>(value: &Value, mut location: Location<'_>) -> Option<T> {
    match value {
        Value::Object(object) => T::from_fields(&mut Fields::new(object, location)),
        other => location.reject(
            other,
            Fault::new(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            ),
        ),
    }
}
