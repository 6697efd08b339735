//! Joining a channel.

use std::rc::Rc;
use std::time::Instant;

use actix_web::rt;
use tokio::time::sleep_until;

use super::Socket;
use super::membership::{Departure, JoinState, Membership};
use super::token_checks::TokenChecks;
use crate::authorizer::AuthorizationError;
use crate::broadcast::Sender;
use crate::channel::{InitialPresence, JoinSnapshot, NewMember};
use crate::event::ServerEvent;
use crate::hub::SERVER;
use crate::limits::NAME_BYTES_MAX;
use crate::local::LocalMember;
use crate::metrics::{METRICS, refused};
use crate::participant::Participant;
use crate::presence::MemberId;
use crate::protocol::{Body, BroadcastFrame, ClientMessage, JoinRequest, Ref, Request};
use crate::replay::ReplayResult;
use crate::topic::Topic;

impl Socket {
    /// Starts the authorization of a join. Other channels of the socket do not wait for it.
    pub(super) fn request_join(self: &Rc<Self>, message: ClientMessage) {
        let ClientMessage { request: Request::Join(request), .. } = &message else { return };
        let topic = match self.check_join(&message.topic, request) {
            Ok(topic) => topic,
            Err(reason) => {
                refused("bad_join");
                return self.refuse(&message, &reason);
            }
        };
        let join = self.local.hub.next_id();
        let name: Rc<str> = message.topic.as_str().into();
        let join_ref = message.own_join_ref().clone();
        let state = JoinState::Pending { join, join_ref, messages: Vec::new() };
        let earlier = self.channels.borrow_mut().insert(name.clone(), state);
        // A second join replaces the membership.
        if let Some(earlier) = earlier {
            self.end_membership(earlier, Departure::Lost);
        }
        let token = request.access_token.as_deref();
        let token = self.local.authorizer.credential(token, &self.key).map(str::to_owned);
        let socket = self.clone();
        rt::spawn(async move {
            let authorizer = &socket.local.authorizer;
            let outcome = authorizer.authorize(&topic, token.as_deref()).await;
            if outcome.is_ok() && topic.is_registered() {
                socket.local.handovers.take(&socket.local.hub, topic.room()).await;
            }
            socket.finish_join(&name, join, (message, topic, token), outcome);
        });
    }

    fn check_join(&self, topic: &str, request: &JoinRequest) -> Result<Topic, String> {
        let limits = &self.local.hub.limits;
        let channels = self.channels.borrow();
        if channels.len() >= limits.channels_per_socket && !channels.contains_key(topic) {
            return Err("ChannelRateLimitReached: Too many channels".into());
        }
        if request.wants_table_changes {
            return Err("Unsupported: changes of tables (postgres_changes) are not served".into());
        }
        if request.presence_key.len() > NAME_BYTES_MAX {
            return Err("InvalidPresenceKey: a key has at most 255 bytes".into());
        }
        let topic = self.local.authorizer.parse_topic(topic);
        topic.map_err(|error| error.to_string())
    }

    fn finish_join(
        self: &Rc<Self>,
        name: &Rc<str>,
        join: u64,
        (message, topic, token): (ClientMessage, Topic, Option<String>),
        outcome: Result<Participant, AuthorizationError>,
    ) {
        let is_current = match self.channels.borrow().get(name) {
            Some(JoinState::Pending { join: last, .. }) => *last == join,
            _ => false,
        };
        if !is_current || self.outbox.is_closed() {
            return;
        }
        let Some(JoinState::Pending { messages, .. }) = self.channels.borrow_mut().remove(name)
        else {
            return;
        };
        let joined = match outcome {
            Ok(participant) => self.join(name, &message, &topic, participant, token),
            Err(error) => {
                refused(error.name());
                Err(error.to_string())
            }
        };
        if let Err(reason) = joined {
            return self.refuse(&message, &reason);
        }
        for message in messages {
            self.receive_in_channel(message);
        }
    }

    fn join(
        self: &Rc<Self>,
        name: &Rc<str>,
        message: &ClientMessage,
        topic: &Topic,
        participant: Participant,
        token: Option<String>,
    ) -> Result<(), String> {
        let ClientMessage { request: Request::Join(request), .. } = message else { return Ok(()) };
        let hub = &self.local.hub;
        let member = hub.next_id();
        let pinned = participant.pinned_key();
        let new = NewMember {
            member,
            socket: self.id,
            queue: &self.local.queue,
            key: pinned.as_deref().unwrap_or(&request.presence_key),
            visitor: participant.identity.visitor(),
            has_presence: request.has_presence,
            replay: request.replay.as_ref(),
        };
        let joined = hub.with_channel(topic, request.is_private, |channel| {
            (channel.clone(), channel.join(&new))
        });
        let (channel, snapshot) =
            joined.map_err(|_| "RoomFull: this room has as many channels as it may".to_owned())?;
        let local_member = LocalMember {
            member,
            order: snapshot.order,
            has_presence: request.has_presence,
            socket: self.id,
            version: self.version,
            outbox: self.outbox.clone(),
            topic: name.clone(),
        };
        self.local.add(channel.id, local_member);
        let join_ref = message.own_join_ref();
        let membership = Membership {
            channel,
            member,
            key: snapshot.key.clone(),
            join_ref: join_ref.clone(),
            receives_own: request.receives_own,
            wants_ack: request.wants_ack,
            token: participant.token_to_keep(token),
            sender: participant.sender(),
            participant,
            checked: Instant::now(),
            checks: TokenChecks::default(),
            shown: None,
        };
        let state = JoinState::Joined(Box::new(membership));
        self.channels.borrow_mut().insert(name.clone(), state);
        self.confirm_join(message, (member, join_ref), snapshot);
        Ok(())
    }

    /// Sends the reply, the presence and the replay.
    fn confirm_join(
        self: &Rc<Self>,
        message: &ClientMessage,
        (member, join_ref): (MemberId, &Ref),
        snapshot: JoinSnapshot,
    ) {
        let response = format!(r#"{{"postgres_changes":[],"latest":"{}"}}"#, snapshot.latest);
        self.reply(message, Ok(&response));
        match snapshot.presence {
            InitialPresence::State(presence) => {
                self.push(join_ref, &message.topic, "presence_state", &presence);
            }
            InitialPresence::Later(at) => self.push_presence_later(&message.topic, member, at),
            InitialPresence::None => {}
        }
        if let Some(replay) = snapshot.replay {
            self.send_replay(&replay, &message.topic, &snapshot.latest);
        }
    }

    /// Sends the presence once the members of a restarted process had time to come back.
    fn push_presence_later(self: &Rc<Self>, topic: &str, member: MemberId, at: Instant) {
        let (socket, topic) = (self.clone(), topic.to_owned());
        rt::spawn(async move {
            sleep_until(at.into()).await;
            let channels = socket.channels.borrow();
            if let Some(JoinState::Joined(membership)) = channels.get(&*topic)
                && membership.member == member
            {
                let presence = membership.channel.presence_state();
                socket.push(&membership.join_ref, &topic, "presence_state", &presence);
            }
        });
    }

    /// Sends earlier broadcasts; `replay_incomplete` comes first when some are missing.
    fn send_replay(&self, replay: &ReplayResult, topic: &str, latest: &str) {
        if !replay.is_complete {
            let body = Body::Json(format!(r#"{{"latest":"{latest}"}}"#).into());
            let sender = Sender { name: None, role: SERVER };
            let meta = format!(r#"{{"id":"{latest}","role":"{}","replayed":true}}"#, sender.role);
            let event = ServerEvent::ReplayIncomplete.as_str();
            let parts = BroadcastFrame { topic, event, meta: &meta, body: &body };
            parts.encode(self.version).map(|frame| self.outbox.send(frame));
        }
        for frame in replay.broadcasts.iter().filter_map(|it| it.replayed(self.version)) {
            METRICS.replayed.increment(1);
            self.outbox.send(frame);
        }
    }
}
