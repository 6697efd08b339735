//! Entering a channel.

use std::rc::Rc;
use std::time::Instant;

use actix_web::rt;

use super::{Seat, Slot, Socket, Verdicts};
use crate::channel::{Entrance, Newcomer};
use crate::door::{Guest, Refusal};
use crate::event::ServerEvent;
use crate::figures::{FIGURES, refused};
use crate::limits::NAME_BYTES_MAX;
use crate::message::Sender;
use crate::protocol::{Body, Deed, Incoming, JoinRequest, Ref, Shout};
use crate::ring::Past;
use crate::topic::Topic;
use crate::worker::Listener;

impl Socket {
    /// Asks whether the client may enter, without anything else of the socket waiting for it.
    pub(super) fn knock(self: &Rc<Self>, message: Incoming) {
        let Incoming { deed: Deed::Join(request), .. } = &message else { return };
        let topic = match self.check(&message.topic, request) {
            Ok(topic) => topic,
            Err(reason) => {
                refused("bad_join");
                return self.refuse(&message, &reason);
            }
        };
        let knock = self.worker.hub().next_id();
        let name: Rc<str> = message.topic.as_str().into();
        let slot = Slot::Knocking { knock, waiting: Vec::new() };
        let before = self.slots.borrow_mut().insert(name.clone(), slot);
        // Who joins again without leaving begins anew.
        if let Some(before) = before {
            self.vacate(before);
        }
        let token = self.worker.door().credential(request.access_token.as_deref(), &self.key);
        let token = token.map(str::to_owned);
        let socket = self.clone();
        rt::spawn(async move {
            let verdict = socket.worker.door().admit(&topic, token.as_deref()).await;
            socket.open_the_door(&name, knock, (message, topic, token), verdict);
        });
    }

    fn check(&self, topic: &str, request: &JoinRequest) -> Result<Topic, String> {
        let limits = &self.worker.hub().limits;
        let slots = self.slots.borrow();
        if slots.len() >= limits.channels_per_socket && !slots.contains_key(topic) {
            return Err("ChannelRateLimitReached: Too many channels".into());
        }
        if request.wants_tables {
            return Err("Unsupported: changes of tables (postgres_changes) are not served".into());
        }
        if request.presence_key.len() > NAME_BYTES_MAX {
            return Err("InvalidPresenceKey: a key has at most 255 bytes".into());
        }
        Topic::parse(topic).map_err(|error| error.to_string())
    }

    fn open_the_door(
        self: &Rc<Self>,
        name: &Rc<str>,
        knock: u64,
        (message, topic, token): (Incoming, Topic, Option<String>),
        verdict: Result<Guest, Refusal>,
    ) {
        let is_awaited = match self.slots.borrow().get(name) {
            Some(Slot::Knocking { knock: last, .. }) => *last == knock,
            _ => false,
        };
        if !is_awaited || self.outbox.is_closed() {
            return;
        }
        let Some(Slot::Knocking { waiting, .. }) = self.slots.borrow_mut().remove(name) else {
            return;
        };
        let entered = match verdict {
            Ok(guest) => self.enter(name, &message, &topic, guest, token),
            Err(refusal) => {
                refused(refusal.name());
                Err(refusal.to_string())
            }
        };
        if let Err(reason) = entered {
            return self.refuse(&message, &reason);
        }
        for message in waiting {
            self.hear_in_channel(message);
        }
    }

    fn enter(
        self: &Rc<Self>,
        name: &Rc<str>,
        message: &Incoming,
        topic: &Topic,
        guest: Guest,
        token: Option<String>,
    ) -> Result<(), String> {
        let Incoming { deed: Deed::Join(request), .. } = message else { return Ok(()) };
        let hub = self.worker.hub();
        let member = hub.next_id();
        let pinned = guest.pinned_key();
        let newcomer = Newcomer {
            member,
            socket: self.id,
            port: self.worker.port(),
            key: pinned.as_deref().unwrap_or(&request.presence_key),
            visitor: guest.who.visitor(),
            sees_people: request.sees_people,
            replay: request.replay.as_ref(),
        };
        let entered = hub.within(topic, request.is_private, |channel| {
            (channel.clone(), channel.enter(&newcomer))
        });
        let (channel, entrance) =
            entered.map_err(|_| "RoomFull: this room has as many channels as it may".to_owned())?;
        let listener = Listener {
            member,
            from: entrance.from,
            sees_people: request.sees_people,
            socket: self.clone(),
            topic: name.clone(),
        };
        self.worker.seat(channel.id, listener);
        let join_ref = match &message.join_ref {
            // Clients that name no join go by the name of the message.
            none if *none == Ref::NONE => message.reference.clone(),
            join_ref => join_ref.clone(),
        };
        let seat = Seat {
            channel,
            member,
            key: entrance.key.clone(),
            join_ref: join_ref.clone(),
            hears_itself: request.hears_itself,
            wants_answers: request.wants_answers,
            token: guest.keeps(token),
            guest,
            checked: Instant::now(),
            verdicts: Verdicts::default(),
        };
        self.slots.borrow_mut().insert(name.clone(), Slot::Seated(Box::new(seat)));
        self.welcome(message, &join_ref, entrance);
        Ok(())
    }

    fn welcome(&self, message: &Incoming, join_ref: &Ref, entrance: Entrance) {
        let response = format!(r#"{{"postgres_changes":[],"latest":"{}"}}"#, entrance.latest);
        self.reply(message, Ok(&response));
        if let Some(people) = &entrance.people {
            self.push(join_ref, &message.topic, "presence_state", people);
        }
        if let Some(past) = entrance.past {
            self.tell_of(&past, &message.topic, &entrance.latest);
        }
    }

    /// Tells what was said before, and when that is not all, says so.
    fn tell_of(&self, past: &Past, topic: &str, latest: &str) {
        if !past.is_whole {
            let event = ServerEvent::ReplayIncomplete.as_str();
            let body = Body::Json(format!(r#"{{"latest":"{latest}"}}"#).into());
            let sender = Sender { name: None, role: crate::hub::SERVER };
            let meta = format!(r#"{{"id":"{latest}","role":"{}","replayed":true}}"#, sender.role);
            let shout = Shout { topic, event, meta: &meta, body: &body };
            shout.encode(self.version).map(|frame| self.outbox.send(frame));
        }
        for frame in past.broadcasts.iter().filter_map(|it| it.replayed(self.version)) {
            FIGURES.replayed.increment(1);
            self.outbox.send(frame);
        }
    }
}
