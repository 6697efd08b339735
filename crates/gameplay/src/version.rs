//! Versions of a state, their entity tags, and the conditions of requests.

use std::fmt;

use chrono::{DateTime, Utc};
use ids::{AuthorId, GameplayStateId};

use crate::author::AuthorKind;

/// A version of a state, without its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub number: i64,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// The author.
    pub author_id: AuthorId,
    /// The kind of the author.
    pub author: AuthorKind,
    /// Length of its document, in bytes.
    pub bytes: i32,
}

/// The entity tag of one version of one state (RFC 9110, section 8.8.3).
///
/// It contains the state's id, because a state that is deleted and saved again starts at version 1,
/// and a tag of the old state must not match the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The state.
    pub state: GameplayStateId,
    /// The version, from 1.
    pub version: i64,
}

impl fmt::Display for Tag {
    /// The opaque tag, without the quotes of an `ETag` header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.version, self.state.as_uuid().simple())
    }
}

/// The versions that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// `*`: any existing version.
    Any,
    /// The tags as the client wrote them.
    Tagged(Vec<String>),
    /// Any version of this state.
    State(GameplayStateId),
}

impl Versions {
    fn include(&self, current: Option<Tag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Tagged(tags), Some(current)) => tags.contains(&current.to_string()),
            (Self::State(state), Some(current)) => *state == current.state,
        }
    }
}

/// The condition of a request on the current version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// `If-Match`: the current version must be one of these.
    pub matches: Option<Versions>,
    /// `If-None-Match`: the current version must be none of these.
    pub matches_not: Option<Versions>,
}

impl Condition {
    /// Whether `If-Match`, which is evaluated first, holds for the current version.
    pub fn matches_hold(&self, current: Tag) -> bool {
        self.matches.as_ref().is_none_or(|it| it.include(Some(current)))
    }

    /// Whether both headers hold for the current version; `None` when there is no state.
    pub fn holds(&self, current: Option<Tag>) -> bool {
        self.matches.as_ref().is_none_or(|it| it.include(current))
            && !self.matches_not.as_ref().is_some_and(|it| it.include(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: GameplayStateId = GameplayStateId::from_u128(10);
    const TAG: &str = "3-0000000000000000000000000000000a";

    fn tagged(tag: &str) -> Versions {
        Versions::Tagged(vec!["1-x".into(), tag.into()])
    }

    #[test]
    fn a_tag_names_the_version_and_the_state() {
        assert_eq!(Tag { state: STATE, version: 3 }.to_string(), TAG);
    }

    #[test]
    fn a_condition_holds_of_the_versions_it_names() {
        let current = Some(Tag { state: STATE, version: 3 });
        let other = Some(Tag { state: GameplayStateId::from_u128(11), version: 3 });
        for (matches, of_none, of_current, of_other) in [
            (None, true, true, true),
            (Some(Versions::Any), false, true, true),
            (Some(tagged(TAG)), false, true, false),
            (Some(tagged("3")), false, false, false),
            (Some(Versions::State(STATE)), false, true, false),
        ] {
            let condition = Condition { matches, matches_not: None };
            let holds = [None, current, other].map(|it| condition.holds(it));
            assert_eq!(holds, [of_none, of_current, of_other], "{condition:?}");
            if let Some(matches_not) = condition.matches {
                let condition = Condition { matches: None, matches_not: Some(matches_not) };
                let holds = [None, current, other].map(|it| condition.holds(it));
                assert_eq!(holds, [!of_none, !of_current, !of_other], "{condition:?}");
            }
        }
    }
}
