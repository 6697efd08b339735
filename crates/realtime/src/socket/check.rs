//! Periodic checks of a socket: silence, expired authorizations, revoked tokens.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use chrono::Utc;

use super::Socket;
use super::membership::{Departure, JoinState, Membership};
use crate::authorizer::AuthorizationError;
use crate::metrics::refused;
use crate::participant::Participant;
use crate::presence::MemberId;
use crate::protocol::{CloseCode, Ref, quoted};

/// How long a client may take to answer the close frame.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

impl Socket {
    /// Ends what has expired, and starts the token checks that are due.
    pub(crate) fn check(self: &Rc<Self>, now: Instant) {
        let is_over = |since: Instant| now.saturating_duration_since(since) > CLOSE_TIMEOUT;
        if self.closing_since.get().is_some_and(is_over) {
            return self.outbox.abort();
        }
        if self.outbox.is_closed() {
            return self.leave_all();
        }
        if now.saturating_duration_since(self.last_received.get()) > self.local.hub.limits.idle {
            return self.close(CloseCode::Normal, "nothing was heard for too long");
        }
        self.end_expired();
        self.check_tokens(now);
    }

    /// Ends a channel so that the client does not rejoin.
    pub(crate) fn end_for_good(&self, topic: &str, reason: &str) {
        self.end(topic, reason, "phx_close", Departure::Left);
    }

    /// Ends a channel so that the client rejoins by itself, perhaps with another token.
    fn end_softly(&self, topic: &str, reason: &str, departure: Departure) {
        self.end(topic, reason, "phx_error", departure);
    }

    fn end(&self, topic: &str, reason: &str, event: &str, departure: Departure) {
        let Some(state) = self.channels.borrow_mut().remove(topic) else { return };
        if let JoinState::Joined(membership) = &state {
            let short = membership.channel.topic.short();
            let (reason, short) = (quoted(reason), quoted(short));
            let system = format!(
                r#"{{"extension":"system","status":"error","message":{reason},"channel":{short}}}"#
            );
            self.push(&Ref::NONE, topic, "system", &system);
            let payload = format!(r#"{{"reason":{reason}}}"#);
            self.push(&membership.join_ref, topic, event, &payload);
        }
        self.end_membership(state, departure);
    }

    fn end_expired(&self) {
        let now = Utc::now();
        let expired = self.topics(|it| it.participant.until.is_some_and(|end| end <= now));
        for topic in expired {
            refused("token_expired");
            let reason = "InvalidJWTToken: the time of the token is over";
            self.end_softly(&topic, reason, Departure::Lost);
        }
    }

    /// Authorizes members again whose token may have been revoked since. A pending check comes first: it
    /// may be of a newer token.
    fn check_tokens(self: &Rc<Self>, now: Instant) {
        let interval = self.local.hub.limits.recheck;
        let due = self.topics(|it| {
            let is_due = now.saturating_duration_since(it.checked) > interval;
            it.participant.is_strict && is_due && !it.checks.is_pending()
        });
        for topic in due {
            if let Some(JoinState::Joined(membership)) = self.channels.borrow_mut().get_mut(&topic)
            {
                membership.checked = now;
                let token = membership.token.clone();
                self.authorize_again(&topic, membership, token);
            }
        }
    }

    fn topics(&self, matches: impl Fn(&Membership) -> bool) -> Vec<Rc<str>> {
        let channels = self.channels.borrow();
        let found = channels.iter().filter(|(_, state)| match state {
            JoinState::Joined(membership) => matches(membership),
            JoinState::Pending { .. } => false,
        });
        found.map(|(topic, _)| topic.clone()).collect()
    }

    /// Authorizes a member by a token, in a task of its own. A rejoin in the meantime is another member,
    /// and of several checks the one that was started last counts.
    pub(super) fn authorize_again(
        self: &Rc<Self>,
        topic: &Rc<str>,
        membership: &mut Membership,
        token: Option<String>,
    ) {
        let (socket, topic, member) = (self.clone(), topic.clone(), membership.member);
        let parsed = membership.channel.topic.clone();
        let number = membership.checks.start();
        rt::spawn(async move {
            let outcome = socket.local.authorizer.authorize(&parsed, token.as_deref()).await;
            if !socket.finish_check(&topic, member, number) {
                return;
            }
            match outcome {
                Ok(participant) => socket.apply_authorization(&topic, participant, token),
                // The next check decides.
                Err(AuthorizationError::Busy) => {}
                Err(error) => {
                    refused(error.name());
                    socket.end_unauthorized(&topic, &error);
                }
            }
        });
    }

    fn end_unauthorized(&self, topic: &str, error: &AuthorizationError) {
        let reason = error.to_string();
        if error.is_permanent() {
            self.end_for_good(topic, &reason);
        } else if error.excludes_identity() {
            self.end_softly(topic, &reason, Departure::Left);
        } else {
            self.end_softly(topic, &reason, Departure::Lost);
        }
    }

    fn finish_check(&self, topic: &str, member: MemberId, number: u64) -> bool {
        match self.channels.borrow_mut().get_mut(topic) {
            Some(JoinState::Joined(it)) => it.member == member && it.checks.finish(number),
            _ => false,
        }
    }

    /// Applies a newer authorization. The presence key and the presence belong to the identity of the
    /// join; another identity has to rejoin.
    fn apply_authorization(&self, topic: &str, participant: Participant, token: Option<String>) {
        let is_another = match self.channels.borrow_mut().get_mut(topic) {
            Some(JoinState::Joined(membership)) => {
                let earlier = membership.participant.identity;
                let is_another = participant.is_strict && participant.identity != earlier;
                if !is_another {
                    membership.token = participant.token_to_keep(token);
                    membership.checked = Instant::now();
                    membership.sender = participant.sender();
                    membership.participant = participant;
                }
                is_another
            }
            _ => false,
        };
        if is_another {
            refused("another_person");
            let reason = "Unauthorized: the token is somebody else's, join anew";
            self.end_softly(topic, reason, Departure::Left);
        }
    }
}
