//! Authorization: which clients may open a socket, and which may use the channels of a room.

mod api_key;
mod error;

use auth::{Auth, SignedIn, VisitorClaims};
use chrono::{DateTime, Utc};
use rooms::Directory;
use settings::RealtimeAdmission;

use crate::participant::{Identity, Participant};
use crate::topic::{Topic, UnmatchedTopic};
use api_key::ApiKeys;
pub(crate) use error::AuthorizationError;

/// Authorizes handshakes, joins and broadcasts over HTTP.
pub struct Authorizer {
    auth: Auth,
    directory: Directory,
    admission: RealtimeAdmission,
    unregistered_rooms: bool,
    keys: ApiKeys,
    origins: Vec<String>,
}

impl Authorizer {
    /// An authorizer as the settings have it.
    pub(crate) fn new(
        settings: &settings::Realtime,
        origins: &[String],
        auth: Auth,
        directory: Directory,
    ) -> Self {
        let keys = ApiKeys::new(auth.clone(), settings.anon_key.clone());
        Self {
            auth,
            directory,
            admission: settings.admission,
            unregistered_rooms: settings.unregistered_rooms,
            keys,
            origins: origins.to_vec(),
        }
    }

    /// Whether pages of this origin may open sockets.
    pub(crate) fn accepts_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|it| it == "*" || it == origin)
    }

    /// Whether a client with this API key may use the server: the anonymous key, or a token.
    pub(crate) fn accepts_key(&self, key: &str) -> bool {
        self.keys.accepts(key)
    }

    /// The token that counts, of the access token and the API key of a client; `None` when the client
    /// is anonymous.
    pub(crate) fn credential<'a>(&self, token: Option<&'a str>, key: &'a str) -> Option<&'a str> {
        self.keys.credential(token, key)
    }

    /// Parses a topic. Unregistered rooms exist only where the settings allow them.
    ///
    /// # Errors
    /// When it names no room.
    pub(crate) fn parse_topic(&self, name: &str) -> Result<Topic, UnmatchedTopic> {
        let topic = Topic::parse(name)?;
        let exists = topic.is_registered() || self.unregistered_rooms;
        if exists { Ok(topic) } else { Err(UnmatchedTopic) }
    }

    /// Authorizes a client for a channel. Where tokens are required, the database is only asked for a
    /// token that is valid for this room.
    ///
    /// # Errors
    /// When the room is not open, or the token does not fit.
    pub(crate) async fn authorize(
        &self,
        topic: &Topic,
        token: Option<&str>,
    ) -> Result<Participant, AuthorizationError> {
        if !topic.is_registered() {
            return Ok(Participant::anonymous());
        }
        match self.admission {
            RealtimeAdmission::Token => {
                let token = token.ok_or(AuthorizationError::NoToken)?;
                let (identity, until) = self.identify(topic, token).await?;
                // A visitor that is in a room proves that the room is open.
                if identity.visitor().is_none() {
                    self.directory.expect_open(topic.room()).await?;
                }
                Ok(Participant { identity, until, is_strict: true })
            }
            RealtimeAdmission::RoomId => {
                self.directory.expect_open(topic.room()).await?;
                let identity = match token {
                    Some(token) => self.identify(topic, token).await.map(|(it, _)| it),
                    None => Ok(Identity::Anonymous),
                };
                match identity {
                    Err(AuthorizationError::Busy) => Err(AuthorizationError::Busy),
                    identity => {
                        let identity = identity.unwrap_or(Identity::Anonymous);
                        Ok(Participant { identity, until: None, is_strict: false })
                    }
                }
            }
        }
    }

    /// The identity that a token proves, and the moment from which the token is refused.
    async fn identify(
        &self,
        topic: &Topic,
        token: &str,
    ) -> Result<(Identity, Option<DateTime<Utc>>), AuthorizationError> {
        if let Some(claims) = self.auth.visitor_tokens.read(token) {
            return Ok((self.visitor(topic, claims).await?, Some(claims.until)));
        }
        let SignedIn { account, until, .. } = self.auth.identify(token).await?;
        if !account.is_active || account.must_change_password {
            return Err(AuthorizationError::BadToken);
        }
        if self.directory.is_owner(&account, topic.room()).await? {
            Ok((Identity::Owner(account.id), Some(until)))
        } else {
            Err(AuthorizationError::OtherRoom)
        }
    }

    async fn visitor(
        &self,
        topic: &Topic,
        claims: VisitorClaims,
    ) -> Result<Identity, AuthorizationError> {
        if claims.room != topic.room() {
            return Err(AuthorizationError::OtherRoom);
        }
        self.directory.expect_in(claims.visitor, claims.room).await?;
        Ok(Identity::Visitor(claims.visitor))
    }
}
