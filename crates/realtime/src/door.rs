//! Who may enter the channels of a room.

use std::sync::Arc;

use auth::{Auth, AuthError, Pass};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ids::{AccountId, VisitorId};
use rooms::{Directory, RoomError};
use serde::Deserialize;
use settings::RealtimeAdmission;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::message::Sender;
use crate::topic::Topic;

/// The word that only the owner's connection may show as its role.
pub(crate) const OWNER: &str = "owner";

/// Decides who may open a socket, and who may enter the channels of a room.
pub struct Door {
    auth: Auth,
    directory: Directory,
    admission: RealtimeAdmission,
    anonymous_key: String,
    origins: Vec<String>,
}

/// Somebody who may be in a channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guest {
    /// Who it is.
    pub(crate) who: Who,
    /// Until when; nothing: as long as the room is open.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether only the owner may act as the owner.
    pub(crate) is_strict: bool,
}

/// Who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The counsellor whose room it is.
    Owner(AccountId),
    /// A visitor of the room.
    Visitor(VisitorId),
    /// Somebody who knows the room's id.
    Anyone,
}

/// Why somebody may not enter. Programs look at what stands before the colon.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("Unauthorized: join with a token of the room's owner or of a visitor of the room")]
    NoToken,
    #[error("InvalidJWTToken: the token is not valid, or its time is over")]
    BadToken,
    #[error("Unauthorized: the token is for another room")]
    OtherRoom,
    #[error("Unauthorized: the visitor left this room")]
    VisitorLeft,
    #[error("RoomNotFound: there is no such room")]
    NoSuchRoom,
    #[error("RoomClosed: this room is closed or over")]
    RoomClosed,
    #[error("Unavailable: the service is busy, please try again")]
    Busy,
}

impl Door {
    /// The door that the settings describe.
    pub(crate) fn new(
        settings: &settings::Realtime,
        origins: &[String],
        auth: Auth,
        directory: Directory,
    ) -> Self {
        Self {
            auth,
            directory,
            admission: settings.admission,
            anonymous_key: settings.anon_key.clone(),
            origins: origins.to_vec(),
        }
    }

    /// Whether a page of this origin may open a socket.
    pub(crate) fn takes_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|it| it == "*" || it == origin)
    }

    /// Whether this key lets somebody talk to the server at all: the anonymous one, or a token.
    pub(crate) fn takes_key(&self, key: &str) -> bool {
        self.anonymous_key.is_empty() || self.is_anonymous(key) || self.takes_as_token(key)
    }

    fn is_anonymous(&self, key: &str) -> bool {
        key.as_bytes().ct_eq(self.anonymous_key.as_bytes()).into()
    }

    /// What counts of the token that a client shows and the key that it came with.
    ///
    /// Some clients show their key as a token, and newer keys are no tokens.
    pub(crate) fn credential<'a>(&self, shown: Option<&'a str>, key: &'a str) -> Option<&'a str> {
        let shown = shown.filter(|it| !it.is_empty() && *it != key && !it.starts_with("sb_"));
        let credential = shown.unwrap_or(key);
        // A key that is no token of ours says nothing about who it is.
        let says_something = shown.is_some() || self.takes_as_token(key);
        (says_something && !self.is_anonymous(credential)).then_some(credential)
    }

    fn takes_as_token(&self, key: &str) -> bool {
        self.auth.passes.read(key).is_some() || self.auth.tokens.read(key).is_ok()
    }

    /// Lets somebody into a channel. Where tokens are asked for, the database is asked nothing for who
    /// has none that is good for this room.
    ///
    /// # Errors
    /// When the room is not open, or the token does not fit.
    pub(crate) async fn admit(&self, topic: &Topic, token: Option<&str>) -> Result<Guest, Refusal> {
        match self.admission {
            RealtimeAdmission::Token => {
                let (who, until) = self.identify(topic, token.ok_or(Refusal::NoToken)?).await?;
                // That a visitor is in a room says that it is open.
                if who.visitor().is_none() {
                    self.directory.expect_open(topic.room()).await?;
                }
                Ok(Guest { who, until, is_strict: true })
            }
            RealtimeAdmission::RoomId => {
                self.directory.expect_open(topic.room()).await?;
                let who = match token {
                    Some(token) => self.identify(topic, token).await.map(|(who, _)| who),
                    None => Err(Refusal::NoToken),
                };
                match who {
                    Err(Refusal::Busy) => Err(Refusal::Busy),
                    who => {
                        Ok(Guest { who: who.unwrap_or(Who::Anyone), until: None, is_strict: false })
                    }
                }
            }
        }
    }

    async fn identify(
        &self,
        topic: &Topic,
        token: &str,
    ) -> Result<(Who, Option<DateTime<Utc>>), Refusal> {
        let until = end_of(token);
        if let Some(pass) = self.auth.passes.read(token) {
            return Ok((self.visitor(topic, pass).await?, until));
        }
        let account = self.auth.identify(token).await?.account;
        if !account.is_active || account.must_change_password {
            return Err(Refusal::BadToken);
        }
        if self.directory.is_owner(&account, topic.room()).await? {
            Ok((Who::Owner(account.id), until))
        } else {
            Err(Refusal::OtherRoom)
        }
    }

    async fn visitor(&self, topic: &Topic, pass: Pass) -> Result<Who, Refusal> {
        if pass.room != topic.room() {
            return Err(Refusal::OtherRoom);
        }
        self.directory.expect_in(pass.visitor, pass.room).await?;
        Ok(Who::Visitor(pass.visitor))
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        if matches!(error, AuthError::Store(_)) { Self::Busy } else { Self::BadToken }
    }
}

impl From<RoomError> for Refusal {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::NoSuchRoom => Self::NoSuchRoom,
            RoomError::Closed(_) => Self::RoomClosed,
            RoomError::NotInRoom | RoomError::NoSuchVisitor => Self::VisitorLeft,
            _ => Self::Busy,
        }
    }
}

impl Refusal {
    /// What figures call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::BadToken => "bad_token",
            Self::OtherRoom => "other_room",
            Self::VisitorLeft => "visitor_left",
            Self::NoSuchRoom => "no_such_room",
            Self::RoomClosed => "room_closed",
            Self::Busy => "busy",
        }
    }
}

impl Guest {
    /// Whether the guest may act as the owner of the room.
    pub(crate) fn may_act_as_owner(&self) -> bool {
        !self.is_strict || matches!(self.who, Who::Owner(_))
    }

    /// The token by which the guest is judged again. One that says nothing is not kept: it may be as
    /// large as a frame.
    pub(crate) fn keeps(&self, token: Option<String>) -> Option<String> {
        token.filter(|_| self.who != Who::Anyone)
    }

    /// The name under which the guest has to be shown, if it is not free to choose.
    pub(crate) fn pinned_key(&self) -> Option<Arc<str>> {
        if self.is_strict { self.who.name() } else { None }
    }

    /// How the guest's messages are stamped.
    pub(crate) fn sender(&self) -> Sender {
        let role = match self.who {
            Who::Owner(_) => OWNER,
            Who::Visitor(_) => "visitor",
            Who::Anyone => "anyone",
        };
        Sender { name: self.who.name(), role }
    }
}

impl Who {
    /// What others call somebody. Whoever knows a visitor's id may speak for the visitor, so it is
    /// not told.
    pub(crate) fn name(self) -> Option<Arc<str>> {
        match self {
            Self::Owner(id) => Some(id.to_string().into()),
            Self::Visitor(id) => Some(pseudonym(id)),
            Self::Anyone => None,
        }
    }

    /// The visitor, if it is one.
    pub(crate) fn visitor(self) -> Option<VisitorId> {
        match self {
            Self::Visitor(id) => Some(id),
            Self::Owner(_) | Self::Anyone => None,
        }
    }
}

/// What others in the room call a visitor: the beginning of a hash, from which the id cannot be found.
fn pseudonym(id: VisitorId) -> Arc<str> {
    let hash = format!("{:x}", Sha256::digest(id.to_string()));
    format!("visitor-{}", &hash[..16]).into()
}

/// When the time of a token is over that was found good.
fn end_of(token: &str) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    DateTime::from_timestamp_secs(exp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(who: Who, is_strict: bool) -> Guest {
        Guest { who, until: None, is_strict }
    }

    #[test]
    fn only_the_owner_acts_as_owner_where_tokens_are_asked_for() {
        let (owner, visitor) = (Who::Owner(AccountId::new()), Who::Visitor(VisitorId::new()));
        assert!(guest(owner, true).may_act_as_owner());
        assert!(!guest(visitor, true).may_act_as_owner());
        assert!(guest(Who::Anyone, false).may_act_as_owner());
    }

    #[test]
    fn a_token_is_kept_if_it_says_who_the_guest_is() {
        let kept = |who| guest(who, false).keeps(Some("token".into()));
        assert_eq!(kept(Who::Anyone), None);
        assert_eq!(kept(Who::Visitor(VisitorId::new())).as_deref(), Some("token"));
    }

    #[test]
    fn a_visitors_name_is_not_the_id_and_always_the_same() {
        let id = VisitorId::well_known(7);
        let name = Who::Visitor(id).name().unwrap();
        assert_eq!(Some(name.clone()), Who::Visitor(id).name());
        assert!(!name.contains(&id.to_string()[..8]) && name.len() == 24, "{name}");
        assert_eq!(guest(Who::Visitor(id), true).pinned_key(), Some(name));
        assert_eq!(guest(Who::Visitor(id), false).pinned_key(), None);
    }

    #[test]
    fn the_end_of_a_token_is_read() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"x","exp":4102444800}"#);
        let end = end_of(&format!("head.{claims}.signature"));
        assert_eq!(end.map(|it| it.timestamp()), Some(4_102_444_800));
        assert_eq!(end_of("no token"), None);
    }
}
