//! The requests of members.

use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;

use super::Socket;
use super::membership::Membership;
use crate::broadcast::{NewBroadcast, superseding_key};
use crate::card_moves::REQUEST_GAME_STATE;
use crate::event::{check_client_event, reads_as};
use crate::metrics::dropped;
use crate::participant::OWNER;
use crate::protocol::{Body, ClientMessage, Request, Track};

/// The refusal of a payload that is too large.
const TOO_LARGE: &str = "PayloadTooLarge: the payload is larger than it may be";

impl Socket {
    /// Handles the request of a member.
    pub(super) fn handle(self: &Rc<Self>, membership: &mut Membership, message: &ClientMessage) {
        match &message.request {
            Request::Broadcast { event, body } => {
                let outcome = self.broadcast(membership, event, body);
                if outcome.is_err() {
                    dropped("refused");
                } else if event == REQUEST_GAME_STATE {
                    self.show_table(membership, Instant::now());
                }
                match outcome {
                    _ if !membership.wants_ack => {}
                    Ok(()) => self.reply(message, Ok("{}")),
                    Err(reason) => self.refuse(message, reason),
                }
            }
            Request::Track(track) => match self.track(membership, track) {
                Ok(()) => self.reply(message, Ok("{}")),
                Err(reason) => self.refuse(message, reason),
            },
            Request::Untrack => {
                membership.channel.untrack(membership.member, &membership.key);
                self.reply(message, Ok("{}"));
            }
            Request::AccessToken(token) => {
                self.replace_token(membership, message, token.as_deref());
            }
            Request::Oversized { is_broadcast: true } if !membership.wants_ack => {
                dropped("too_large");
            }
            Request::Oversized { .. } => {
                dropped("too_large");
                self.refuse(message, TOO_LARGE);
            }
            _ => self.reply(message, Err(r#"{"reason":"unknown event"}"#)),
        }
    }

    /// Authorizes the member by another token. An API key in the place of the token changes nothing.
    fn replace_token(
        self: &Rc<Self>,
        membership: &mut Membership,
        message: &ClientMessage,
        token: Option<&str>,
    ) {
        let credential = self.local.authorizer.credential(token, &self.key);
        let is_new = credential.is_some() && credential == token;
        if !is_new || credential == membership.token.as_deref() {
            return;
        }
        if !self.permit.may_request_join() {
            return self.refuse_excess(message);
        }
        let topic = Rc::from(message.topic.as_str());
        self.authorize_again(&topic, membership, credential.map(str::to_owned));
    }

    fn broadcast(
        &self,
        membership: &Membership,
        event: &str,
        body: &Body,
    ) -> Result<(), &'static str> {
        let limits = &self.local.hub.limits;
        if body.len() > limits.payload_bytes {
            return Err(TOO_LARGE);
        }
        check_client_event(event, &membership.participant)?;
        let supersedes = if limits.is_volatile(event) {
            superseding_key(membership.member, event, body)
        } else {
            None
        };
        let sender = membership.sender.clone();
        let new = NewBroadcast { event: event.into(), body: body.clone(), sender, supersedes };
        let except = (!membership.receives_own).then_some(membership.member);
        let outcome = membership.channel.broadcast(new, except);
        let due = outcome
            .map_err(|_| "RoomRateLimitReached: too many messages per second in this room")?;
        if let Some(due) = due {
            self.local.hub.schedule_save(&membership.channel, due);
        }
        Ok(())
    }

    fn track(&self, membership: &Membership, track: &Track) -> Result<(), &'static str> {
        let Track::Object(object) = track else {
            return Err("Presence track payload must be a map");
        };
        if object.len() > self.local.hub.limits.presence_bytes {
            return Err("Track message size exceeded");
        }
        if !membership.participant.may_act_as_owner() && claims_to_own(object) {
            return Err("Unauthorized: only the room's owner is shown as owner");
        }
        let member = (membership.member, self.id);
        let channel = &membership.channel;
        let outcome = channel.track(member, &membership.key, object.clone(), Utc::now());
        outcome.map_err(|_| "ChannelFull: too many people show too much in this channel")
    }
}

/// Whether a tracked object claims the role of the owner.
fn claims_to_own(object: &Bytes) -> bool {
    #[derive(Deserialize)]
    struct Claim {
        role: Option<Value>,
    }
    // Of two fields with one name clients take the last; serde refuses them, which counts as a claim.
    let claim: Result<Claim, _> = serde_json::from_slice(object);
    let role = claim.map(|it| it.role);
    role.map_or(true, |it| {
        it.as_ref().and_then(Value::as_str).is_some_and(|it| reads_as(it, OWNER))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_to_own_the_room_is_found_in_all_spellings() {
        for (object, claims) in [
            (r#"{"role":"owner"}"#, true),
            (r#"{"role":"\u006fwner"}"#, true),
            (r#"{"role":"visitor","role":"owner"}"#, true),
            (r#"{"role":"OWNER"}"#, true),
            (r#"{"role":"visitor"}"#, false),
            (r#"{"role":"owners"}"#, false),
            (r#"{"name":"owner"}"#, false),
            (r#"{"role":null}"#, false),
        ] {
            assert_eq!(claims_to_own(&Bytes::from_static(object.as_bytes())), claims, "{object}");
        }
    }
}
