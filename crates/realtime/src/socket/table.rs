//! Showing the cards on the table to a page that asks for them.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt;
use tokio::time::sleep;

use super::Socket;
use super::membership::Membership;
use crate::channel::Channel;
use crate::presence::MemberId;
use crate::saved_cards::SavedTable;

/// How often the table is shown to one member at most: every time is a query.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long the page of the owner may take to answer as well.
const OWNER_ANSWERS: Duration = Duration::from_secs(2);

impl Socket {
    /// Shows the table to a member that asks for it. The owner's page may answer too, from its own memory, which
    /// may lack moves of visitors; so the table is shown once more after that.
    pub(super) fn show_table(self: &Rc<Self>, membership: &mut Membership, now: Instant) {
        let is_early = membership.shown.is_some_and(|it| now.duration_since(it) < INTERVAL);
        let shows = self.local.hub.limits.shows_table;
        if !shows || !membership.channel.has_cards() || is_early {
            return;
        }
        membership.shown = Some(now);
        let (socket, channel, member) =
            (self.clone(), membership.channel.clone(), membership.member);
        rt::spawn(async move {
            let before = channel.tables_sent();
            socket.show_table_now(&channel, member).await;
            sleep(OWNER_ANSWERS).await;
            if channel.tables_sent() != before && !socket.outbox.is_closed() {
                socket.show_table_now(&channel, member).await;
            }
        });
    }

    async fn show_table_now(&self, channel: &Channel, member: MemberId) {
        let topic = &channel.topic;
        let saved = match topic.game() {
            Some(game) if topic.is_registered() => self.local.tables.load(topic.room(), game).await,
            _ => Some(SavedTable::default()),
        };
        // Moves alone would show a part of the table; the page asks again when it is opened anew.
        let Some(saved) = saved else { return };
        channel.show_table((member, self.version, &self.local.queue), &saved);
    }
}
