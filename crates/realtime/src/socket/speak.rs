//! What a member says, and whether a member may say it.

use std::rc::Rc;

use bytes::Bytes;
use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;

use super::{Seat, Socket};
use crate::door::OWNER;
use crate::event::{check_client_event, reads_as};
use crate::figures::dropped;
use crate::message::{Utterance, superseding_key};
use crate::protocol::{Body, Deed, Incoming, Track};

impl Socket {
    /// Does what a member asks for.
    pub(super) fn act(self: &Rc<Self>, seat: &mut Seat, message: &Incoming) {
        match &message.deed {
            Deed::Broadcast { event, body } => {
                let said = self.say(seat, event, body);
                if let Err(reason) = said {
                    dropped("refused");
                    if seat.wants_answers {
                        self.refuse(message, reason);
                    }
                } else if seat.wants_answers {
                    self.reply(message, Ok("{}"));
                }
            }
            Deed::Track(track) => match self.track(seat, track) {
                Ok(()) => self.reply(message, Ok("{}")),
                Err(reason) => self.refuse(message, reason),
            },
            Deed::Untrack => {
                seat.channel.untrack(seat.member, &seat.key);
                self.reply(message, Ok("{}"));
            }
            Deed::AccessToken(shown) => {
                // A key that is shown as a token takes nothing away from the token that is known.
                let token = self.worker.door().credential(shown.as_deref(), &self.key);
                let is_new = token.is_some() && token == shown.as_deref();
                if is_new && token != seat.token.as_deref() {
                    if !self.counted.may_knock() {
                        return self.refuse_excess(message);
                    }
                    let topic = Rc::from(message.topic.as_str());
                    self.judge(&topic, seat, token.map(str::to_owned));
                }
            }
            _ => self.reply(message, Err(r#"{"reason":"unknown event"}"#)),
        }
    }

    fn say(&self, seat: &Seat, event: &str, body: &Body) -> Result<(), &'static str> {
        let limits = &self.worker.hub().limits;
        if body.len() > limits.payload_bytes {
            return Err("PayloadTooLarge: the payload is larger than it may be");
        }
        check_client_event(event, &seat.guest)?;
        let supersedes = if limits.is_volatile(event) {
            superseding_key(seat.member, event, body)
        } else {
            None
        };
        let (event, body, sender) = (event.into(), body.clone(), seat.guest.sender());
        let said = Utterance { event, body, sender, supersedes };
        let except = (!seat.hears_itself).then_some(seat.member);
        let outcome = seat.channel.say(said, except);
        outcome.map_err(|_| "RoomRateLimitReached: too many messages per second in this room")
    }

    fn track(&self, seat: &Seat, track: &Track) -> Result<(), &'static str> {
        let Track::Object(object) = track else {
            return Err("Presence track payload must be a map");
        };
        if object.len() > self.worker.hub().limits.presence_bytes {
            return Err("Track message size exceeded");
        }
        if !seat.guest.may_act_as_owner() && claims_to_own(object) {
            return Err("Unauthorized: only the room's owner is shown as owner");
        }
        let member = (seat.member, self.id);
        let outcome = seat.channel.track(member, &seat.key, object.clone(), Utc::now());
        outcome.map_err(|_| "ChannelFull: too many people show too much in this channel")
    }
}

/// Whether somebody wants to be shown as the owner of the room.
fn claims_to_own(object: &Bytes) -> bool {
    #[derive(Deserialize)]
    struct Claim {
        role: Option<Value>,
    }
    // Of two fields with one name the last counts for clients; serde refuses them.
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
    fn a_claim_to_own_the_room_is_seen_through_all_spellings() {
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
