//! Versions of a state, and the conditions that a client sets on them.

use std::fmt;

use ids::GameplayStateId;

/// Names one version of one state: its entity tag (RFC 9110, section 8.8.3).
///
/// It carries the state's id, because a state that was deleted and saved anew begins at version 1
/// again, and a tag of the old one must not fit the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Which state.
    pub state: GameplayStateId,
    /// Which of its versions, from 1.
    pub version: i64,
}

impl fmt::Display for Tag {
    /// The tag as it stands between the quotes of an `ETag`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.version, self.state.as_uuid().simple())
    }
}

/// Which versions a client means: any, or those with these tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// `*`: whichever there is.
    Any,
    /// The tags as the client wrote them.
    Tagged(Vec<String>),
}

impl Versions {
    fn include(&self, current: Option<Tag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Tagged(tags), Some(current)) => tags.contains(&current.to_string()),
        }
    }
}

/// What must hold of the current version for a request to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// `If-Match`: the current version must be one of these.
    pub matches: Option<Versions>,
    /// `If-None-Match`: the current version must be none of these.
    pub matches_not: Option<Versions>,
}

impl Condition {
    /// Whether `If-Match`, which is judged first, holds of what there is.
    pub fn matches_hold(&self, current: Tag) -> bool {
        self.matches.as_ref().is_none_or(|it| it.include(Some(current)))
    }

    /// Whether it holds when `current` is what there is.
    pub fn holds(&self, current: Option<Tag>) -> bool {
        self.matches.as_ref().is_none_or(|it| it.include(current))
            && !self.matches_not.as_ref().is_some_and(|it| it.include(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: GameplayStateId = GameplayStateId::well_known(10);
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
        let other = Some(Tag { state: GameplayStateId::well_known(11), version: 3 });
        for (matches, of_none, of_current, of_other) in [
            (None, true, true, true),
            (Some(Versions::Any), false, true, true),
            (Some(tagged(TAG)), false, true, false),
            (Some(tagged("3")), false, false, false),
        ] {
            let condition = Condition { matches, matches_not: None };
            let verdict = [None, current, other].map(|it| condition.holds(it));
            assert_eq!(verdict, [of_none, of_current, of_other], "{condition:?}");
            if let Some(matches_not) = condition.matches {
                let condition = Condition { matches: None, matches_not: Some(matches_not) };
                let verdict = [None, current, other].map(|it| condition.holds(it));
                assert_eq!(verdict, [!of_none, !of_current, !of_other], "{condition:?}");
            }
        }
    }
}
