//! The state of a socket in one channel.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::token_checks::TokenChecks;
use crate::broadcast::Sender;
use crate::channel::Channel;
use crate::participant::Participant;
use crate::presence::MemberId;
use crate::protocol::{ClientMessage, Ref};

/// The state of a socket in one channel.
pub(super) enum JoinState {
    /// The join is being authorized; later messages for the channel wait.
    Pending { join: u64, join_ref: Ref, messages: Vec<ClientMessage> },
    /// The socket is a member.
    Joined(Box<Membership>),
}

impl JoinState {
    /// The reference of the join, which messages for the channel repeat.
    pub(super) fn join_ref(&self) -> &Ref {
        match self {
            Self::Pending { join_ref, .. } => join_ref,
            Self::Joined(membership) => &membership.join_ref,
        }
    }
}

/// The end of a membership, which decides how long its presence stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// The client left, or may not come back.
    Left,
    /// The connection was lost, or the client is expected to rejoin.
    Lost,
}

/// A membership of a channel.
pub(super) struct Membership {
    pub(super) channel: Arc<Channel>,
    pub(super) member: MemberId,
    /// The presence key.
    pub(super) key: Arc<str>,
    pub(super) join_ref: Ref,
    pub(super) receives_own: bool,
    pub(super) wants_ack: bool,
    pub(super) participant: Participant,
    /// The sender of the participant's broadcasts.
    pub(super) sender: Sender,
    /// The token that proves the identity of the participant.
    pub(super) token: Option<String>,
    /// When the token was checked.
    pub(super) checked: Instant,
    pub(super) checks: TokenChecks,
    /// When the table was shown to it.
    pub(super) shown: Option<Instant>,
}

/// The channels of a socket, by topic.
pub(super) type Channels = std::collections::HashMap<Rc<str>, JoinState>;
