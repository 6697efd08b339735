//! A session, and the rules by which its refresh tokens rotate.
//!
//! A session is one row with a generation number that only grows. The current refresh token takes the
//! session to the next generation. The previous token, within [`GRACE`], gives the pair that was already
//! given: the answer was lost, or two tabs refreshed at once. Reuse of any older token means that it was
//! copied, so the session ends.

use chrono::{DateTime, TimeDelta, Utc};
use ids::{AccountId, SessionId};

/// How long the previous token is still accepted after a rotation. It ends earlier when the current
/// refresh token is used. Use of the current access token does not end it: one tab works with the new
/// pair while another, which refreshed at the same time, still waits for its answer.
pub(crate) const GRACE: TimeDelta = TimeDelta::seconds(60);

/// A log-in that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The account that it belongs to.
    pub account: AccountId,
    /// The user agent that logged in.
    pub device: String,
    /// The network of the address that logged in.
    pub network: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When its tokens were rotated last.
    pub rotated_at: DateTime<Utc>,
    /// The number of its current generation, from 1.
    pub(crate) generation: i64,
    /// Whether it was ended, or the account is in another epoch.
    pub(crate) is_ended: bool,
    /// When it expires unless it is refreshed.
    pub(crate) idle_until: DateTime<Utc>,
    /// When it expires even if it is refreshed.
    pub(crate) ends_at: DateTime<Utc>,
}

/// One generation of a session. Each has one pair of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    /// The session.
    pub session: SessionId,
    /// The number, from 1.
    pub number: i64,
    /// When it began.
    pub began_at: DateTime<Utc>,
}

/// The relation of a refresh token to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The current token.
    Current,
    /// The token of the generation before.
    Previous,
    /// A token of an earlier generation.
    Older,
    /// Never a token of this session.
    Foreign,
}

/// The outcome for a session when a refresh token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Go to the next generation.
    Rotate,
    /// Give the current pair again.
    Repeat,
    /// End the session, because a token was copied.
    End,
    /// Change nothing and give nothing.
    Refuse,
}

impl Session {
    /// Whether it is active at `now`.
    pub(crate) fn lasts(&self, now: DateTime<Utc>) -> bool {
        !self.is_ended && now < self.idle_until && now < self.ends_at
    }

    /// The outcome when a token of this relation is presented at `now`.
    pub(crate) fn decide(&self, shown: Relation, now: DateTime<Utc>) -> Decision {
        let in_grace = now - self.rotated_at <= GRACE;
        match shown {
            Relation::Foreign => Decision::Refuse,
            _ if !self.lasts(now) => Decision::Refuse,
            Relation::Current => Decision::Rotate,
            Relation::Previous if in_grace => Decision::Repeat,
            Relation::Previous | Relation::Older => Decision::End,
        }
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
            id: SessionId::from_u128(1),
            account: AccountId::from_u128(1),
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
        fn an_ended_session_refuses_every_token(
            shown in relation(), idle in 0_i64..200, ends in 0_i64..200, now in 0_i64..200, ended: bool,
        ) {
            let session = session(0, idle, ends, ended);
            if ended || now >= idle || now >= ends {
                prop_assert_eq!(session.decide(shown, moment(now)), Decision::Refuse);
            }
        }

        #[test]
        fn an_active_session_decides_by_the_relation_of_the_token(shown in relation(), age in 0_i64..200) {
            let session = session(1000, 5000, 5000, false);
            let expected = match shown {
                Relation::Current => Decision::Rotate,
                Relation::Previous if age <= 60 => Decision::Repeat,
                Relation::Previous | Relation::Older => Decision::End,
                Relation::Foreign => Decision::Refuse,
            };
            prop_assert_eq!(session.decide(shown, moment(1000 + age)), expected);
        }

        /// A forged token cannot end a session.
        #[test]
        fn a_token_that_was_never_issued_changes_nothing(rotated in 0_i64..99, now in 0_i64..99) {
            let session = session(rotated, 50, 70, false);
            prop_assert_eq!(session.decide(Relation::Foreign, moment(now)), Decision::Refuse);
        }
    }
}
