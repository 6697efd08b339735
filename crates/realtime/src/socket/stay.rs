//! Whether a client may stay: it has to say something now and then, and its token has to hold.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use chrono::Utc;

use super::{Seat, Slot, Socket};
use crate::door::{Guest, Refusal};
use crate::figures::refused;
use crate::presence::MemberId;
use crate::protocol::{Ref, quoted};
use crate::topic::Topic;

/// How long a client may take to answer the last frame.
const FAREWELL: Duration = Duration::from_secs(1);

const NORMAL_CLOSURE: u16 = 1000;

impl Socket {
    /// Ends what is over, and asks anew about what may have changed.
    pub(crate) fn look_after(self: &Rc<Self>, now: Instant) {
        if self.closing_since.get().is_some_and(|since| now.duration_since(since) > FAREWELL) {
            return self.outbox.finish();
        }
        if self.outbox.is_closed() {
            return self.part();
        }
        if now.saturating_duration_since(self.heard.get()) > self.worker.hub().limits.idle {
            return self.close(NORMAL_CLOSURE, "nothing was heard for too long");
        }
        self.end_expired();
        self.recheck(now);
    }

    /// Ends a channel so that the client does not come back.
    pub(crate) fn end_for_good(&self, topic: &str, reason: &str) {
        self.end(topic, reason, "phx_close");
    }

    /// Ends a channel so that the client comes back by itself, perhaps with a better token.
    fn end_softly(&self, topic: &str, reason: &str) {
        self.end(topic, reason, "phx_error");
    }

    fn end(&self, topic: &str, reason: &str, event: &str) {
        let Some(slot) = self.slots.borrow_mut().remove(topic) else { return };
        if let Slot::Seated(seat) = &slot {
            let short = seat.channel.topic.short();
            let (reason, short) = (quoted(reason), quoted(short));
            let system = format!(
                r#"{{"extension":"system","status":"error","message":{reason},"channel":{short}}}"#
            );
            self.push(&Ref::NONE, topic, "system", &system);
            self.push(&seat.join_ref, topic, event, &format!(r#"{{"reason":{reason}}}"#));
        }
        self.vacate(slot);
    }

    fn end_expired(&self) {
        let now = Utc::now();
        let over = self.topics(|seat| seat.guest.until.is_some_and(|end| end <= now));
        for topic in over {
            refused("token_expired");
            self.end_softly(&topic, "InvalidJWTToken: the time of the token is over");
        }
    }

    /// Judges members anew who showed a token: it may be revoked by now. Who showed another one is
    /// judged by that first.
    fn recheck(self: &Rc<Self>, now: Instant) {
        let every = self.worker.hub().limits.recheck;
        let due = self.topics(|seat| {
            let is_due = now.saturating_duration_since(seat.checked) > every;
            seat.guest.is_strict && is_due && !seat.verdicts.is_awaited()
        });
        for topic in due {
            if let Some(Slot::Seated(seat)) = self.slots.borrow_mut().get_mut(&topic) {
                seat.checked = now;
                let token = seat.token.clone();
                self.judge(&topic, seat, token);
            }
        }
    }

    fn topics(&self, is_meant: impl Fn(&Seat) -> bool) -> Vec<Rc<str>> {
        let slots = self.slots.borrow();
        let meant = slots.iter().filter(|(_, slot)| match slot {
            Slot::Seated(seat) => is_meant(seat),
            Slot::Knocking { .. } => false,
        });
        meant.map(|(topic, _)| topic.clone()).collect()
    }

    /// Judges a member by a token, without anybody waiting for it. Who meanwhile left and joined again
    /// is another member, and what is asked for last is what counts.
    pub(super) fn judge(self: &Rc<Self>, topic: &Rc<str>, seat: &mut Seat, token: Option<String>) {
        let (socket, topic, member) = (self.clone(), topic.clone(), seat.member);
        let Ok(name) = Topic::parse(&topic) else { return };
        let number = seat.verdicts.ask();
        rt::spawn(async move {
            let verdict = socket.worker.door().admit(&name, token.as_deref()).await;
            if !socket.awaits(&topic, member, number) {
                return;
            }
            match verdict {
                Ok(guest) => socket.know_better(&topic, guest, token),
                // Who cannot be judged at the moment is judged the next time.
                Err(Refusal::Busy) => {}
                Err(refusal) => {
                    refused(refusal.name());
                    let end = match refusal {
                        // No token helps.
                        Refusal::RoomClosed | Refusal::NoSuchRoom => Self::end_for_good,
                        _ => Self::end_softly,
                    };
                    end(&socket, &topic, &refusal.to_string());
                }
            }
        });
    }

    fn awaits(&self, topic: &str, member: MemberId, number: u64) -> bool {
        match self.slots.borrow_mut().get_mut(topic) {
            Some(Slot::Seated(seat)) => seat.member == member && seat.verdicts.take_in(number),
            _ => false,
        }
    }

    /// Goes by a newer verdict. The name of a member, and what it shows, are those of the person who
    /// came in; another one has to come in as well.
    fn know_better(&self, topic: &str, guest: Guest, token: Option<String>) {
        let is_another = match self.slots.borrow_mut().get_mut(topic) {
            Some(Slot::Seated(seat)) if guest.is_strict && guest.who != seat.guest.who => true,
            Some(Slot::Seated(seat)) => {
                (seat.token, seat.checked) = (guest.keeps(token), Instant::now());
                seat.guest = guest;
                false
            }
            _ => false,
        };
        if is_another {
            refused("another_person");
            self.end_softly(topic, "Unauthorized: the token is somebody else's, join anew");
        }
    }
}
