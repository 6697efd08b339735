//! A session: a log-in that lasts, and the rules by which its refresh tokens rotate.
//!
//! A session has one row and a generation that only grows. Its current refresh token takes it one
//! generation further. Whoever shows the token before that, within [`GRACE`], gets what was given the
//! first time: the answer was lost, or two tabs asked at once. Any older token was copied, so the
//! session ends for whoever has it.

use chrono::{DateTime, TimeDelta, Utc};
use ids::{AccountId, SessionId};

/// How long the token before the current one still leads to the current one. It ends earlier when
/// the current one is used. That the access token of its pair is used does not end it: one tab works
/// with the pair while another, that asked at the same time, still waits for it.
pub(crate) const GRACE: TimeDelta = TimeDelta::seconds(60);

/// A log-in that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// What its owner recognises it by: the program that logged in.
    pub device: String,
    /// And from where: a network.
    pub network: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it last got a token.
    pub rotated_at: DateTime<Utc>,
    /// How many tokens it has had.
    pub(crate) generation: i64,
    /// Whether it was ended, or its account began another epoch.
    pub(crate) is_ended: bool,
    /// When it ends unless it is used.
    pub(crate) idle_until: DateTime<Utc>,
    /// When it ends even if it is used.
    pub(crate) ends_at: DateTime<Utc>,
}

/// One generation of a session, which one pair of tokens belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The session.
    pub session: SessionId,
    /// The generation.
    pub generation: i64,
    /// When it began.
    pub at: DateTime<Utc>,
}

/// What a refresh token is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Its current token.
    Current,
    /// The token before that.
    Previous,
    /// A token that it had earlier.
    Older,
    /// None that it ever had.
    Foreign,
}

/// What becomes of a session when a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes one generation further.
    Rotate,
    /// It stays, and the current token is given again.
    Repeat,
    /// It ends, because a token was copied.
    End,
    /// It stays as it is, and nothing is given.
    Refuse,
}

impl Session {
    /// Whether it lasts at `now`.
    pub(crate) fn lasts(&self, now: DateTime<Utc>) -> bool {
        !self.is_ended && now < self.idle_until && now < self.ends_at
    }

    /// What becomes of the session when somebody shows such a token at `now`.
    pub(crate) fn judge(&self, shown: Relation, now: DateTime<Utc>) -> Verdict {
        let in_grace = now - self.rotated_at <= GRACE;
        match shown {
            Relation::Foreign => Verdict::Refuse,
            _ if !self.lasts(now) => Verdict::Refuse,
            Relation::Current => Verdict::Rotate,
            Relation::Previous if in_grace => Verdict::Repeat,
            Relation::Previous | Relation::Older => Verdict::End,
        }
    }

    /// The step that it has come to.
    pub(crate) fn step(&self) -> Step {
        Step { session: self.id, generation: self.generation, at: self.rotated_at }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn session(rotated: i64, idle_until: i64, ends: i64, is_ended: bool) -> Session {
        Session {
            id: SessionId::well_known(1),
            account: AccountId::well_known(1),
            device: String::new(),
            network: String::new(),
            created_at: moment(0),
            rotated_at: moment(rotated),
            generation: 7,
            is_ended,
            idle_until: moment(idle_until),
            ends_at: moment(ends),
        }
    }

    fn relation() -> impl Strategy<Value = Relation> {
        use Relation::{Current, Foreign, Older, Previous};
        prop::sample::select(vec![Current, Previous, Older, Foreign])
    }

    proptest! {
        #[test]
        fn a_session_that_is_over_gives_nothing_and_changes_no_more(
            shown in relation(), idle in 0_i64..200, ends in 0_i64..200, now in 0_i64..200, ended: bool,
        ) {
            let session = session(0, idle, ends, ended);
            if ended || now >= idle || now >= ends {
                prop_assert_eq!(session.judge(shown, moment(now)), Verdict::Refuse);
            }
        }

        #[test]
        fn a_session_that_lasts_judges_by_what_is_shown(shown in relation(), age in 0_i64..200) {
            let session = session(1000, 5000, 5000, false);
            let expected = match shown {
                Relation::Current => Verdict::Rotate,
                Relation::Previous if age <= 60 => Verdict::Repeat,
                Relation::Previous | Relation::Older => Verdict::End,
                Relation::Foreign => Verdict::Refuse,
            };
            prop_assert_eq!(session.judge(shown, moment(1000 + age)), expected);
        }

        /// Nobody who made a token up ends a session.
        #[test]
        fn what_was_never_given_never_changes_anything(rotated in 0_i64..99, now in 0_i64..99) {
            let session = session(rotated, 50, 70, false);
            prop_assert_eq!(session.judge(Relation::Foreign, moment(now)), Verdict::Refuse);
        }
    }
}
