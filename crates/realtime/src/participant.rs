//! Participants: authorized members of channels, and the names under which others know them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ids::{AccountId, VisitorId};
use sha2::{Digest as _, Sha256};

use crate::broadcast::Sender;

/// The role that only the room's owner may claim in its presence.
pub(crate) const OWNER: &str = "owner";

/// The role of clients that prove no identity.
pub(crate) const ANYONE: &str = "anyone";

/// Length of the hash in a visitor's public name, in hexadecimal digits: 64 bits.
const PSEUDONYM_DIGITS: usize = 16;

/// A client that is authorized for the channels of a room.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Participant {
    /// The identity.
    pub(crate) identity: Identity,
    /// The end of the authorization; none: as long as the room is open.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether only the owner may act as the owner: tokens are required.
    pub(crate) is_strict: bool,
}

/// The identity of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The counsellor that owns the room.
    Owner(AccountId),
    /// A visitor of the room.
    Visitor(VisitorId),
    /// A client that knows the id of the room.
    Anonymous,
}

impl Participant {
    /// A client that proves no identity, of a room that asks for none.
    pub(crate) fn anonymous() -> Self {
        Self { identity: Identity::Anonymous, until: None, is_strict: false }
    }

    /// Whether the participant may act as the owner of the room.
    pub(crate) fn may_act_as_owner(&self) -> bool {
        !self.is_strict || matches!(self.identity, Identity::Owner(_))
    }

    /// The token for later checks. One that proves no identity is not kept: it may be as large as a
    /// frame.
    pub(crate) fn token_to_keep(&self, token: Option<String>) -> Option<String> {
        token.filter(|_| self.identity != Identity::Anonymous)
    }

    /// The presence key, if the participant may not choose it.
    pub(crate) fn pinned_key(&self) -> Option<Arc<str>> {
        if self.is_strict { self.identity.name() } else { None }
    }

    /// The sender of the participant's broadcasts.
    pub(crate) fn sender(&self) -> Sender {
        let role = match self.identity {
            Identity::Owner(_) => OWNER,
            Identity::Visitor(_) => "visitor",
            Identity::Anonymous => ANYONE,
        };
        Sender { name: self.identity.name(), role }
    }
}

/// Whether the sender of a broadcast is the owner of the room, where that is known.
pub(crate) fn is_owner(sender: &Sender) -> Option<bool> {
    match sender.role {
        OWNER => Some(true),
        ANYONE => None,
        _ => Some(false),
    }
}

impl Identity {
    /// The name under which other participants know this one. The id of a visitor is a credential, so
    /// it is not revealed.
    pub(crate) fn name(self) -> Option<Arc<str>> {
        match self {
            Self::Owner(id) => Some(id.to_string().into()),
            Self::Visitor(id) => Some(pseudonym(id)),
            Self::Anonymous => None,
        }
    }

    /// The visitor, if it is one.
    pub(crate) fn visitor(self) -> Option<VisitorId> {
        match self {
            Self::Visitor(id) => Some(id),
            Self::Owner(_) | Self::Anonymous => None,
        }
    }
}

/// The public name of a visitor: the beginning of a hash, which does not reveal the random id.
fn pseudonym(id: VisitorId) -> Arc<str> {
    let hash = format!("{:x}", Sha256::digest(id.to_string()));
    format!("visitor-{}", &hash[..PSEUDONYM_DIGITS]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn participant(identity: Identity, is_strict: bool) -> Participant {
        Participant { identity, until: None, is_strict }
    }

    #[test]
    fn only_the_owner_acts_as_owner_where_tokens_are_required() {
        let owner = Identity::Owner(AccountId::new());
        let visitor = Identity::Visitor(VisitorId::new());
        assert!(participant(owner, true).may_act_as_owner());
        assert!(!participant(visitor, true).may_act_as_owner());
        assert!(participant(Identity::Anonymous, false).may_act_as_owner());
    }

    #[test]
    fn a_token_is_kept_if_it_proves_an_identity() {
        let kept = |identity| participant(identity, false).token_to_keep(Some("token".into()));
        assert_eq!(kept(Identity::Anonymous), None);
        assert_eq!(kept(Identity::Visitor(VisitorId::new())).as_deref(), Some("token"));
    }

    #[test]
    fn the_name_of_a_visitor_is_stable_and_not_the_id() {
        let id = VisitorId::from_u128(7);
        let name = Identity::Visitor(id).name().unwrap();
        assert_eq!(Some(name.clone()), Identity::Visitor(id).name());
        assert!(!name.contains(&id.to_string()[..8]) && name.len() == 24, "{name}");
        assert_eq!(participant(Identity::Visitor(id), true).pinned_key(), Some(name));
        assert_eq!(participant(Identity::Visitor(id), false).pinned_key(), None);
    }
}
