//! The cards on the table, in a channel of cards.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Channel, State};
use crate::broadcast::NewBroadcast;
use crate::card_moves::{CARD_MOVED, CURRENT_GAME_STATE, CardMove, Tokens};
use crate::participant::is_owner;
use crate::presence::MemberId;
use crate::protocol::{Body, BroadcastFrame, Version};
use crate::queue::{ChannelEvent, QueuedEvent, WorkerQueue};
use crate::saved_cards::{SavedTable, UnsavedMove};
use crate::unsaved_moves::Unsaved;

/// A change of the table.
pub(super) enum CardChange {
    Move(CardMove),
    Tokens(Tokens),
}

impl Channel {
    /// When the moves of visitors are to be saved, if there are any.
    pub(crate) fn unsaved_due(&self) -> Option<Instant> {
        self.lock().unsaved.map(Unsaved::due)
    }

    /// The moves of visitors to be saved now; they count as saved from here on.
    pub(crate) fn take_unsaved(&self) -> Vec<UnsavedMove> {
        let mut state = self.lock();
        if state.unsaved.take().is_some() { state.moves.of_visitors() } else { Vec::new() }
    }

    /// The moves could not be saved. Returns when they are to be tried again.
    pub(crate) fn put_back_unsaved(&self, now: Instant) -> Instant {
        let mut state = self.lock();
        let unsaved = Unsaved::after_move(state.unsaved, now);
        state.unsaved = Some(unsaved);
        unsaved.due()
    }

    /// The change of the table that a broadcast announces.
    pub(super) fn card_change(&self, new: &NewBroadcast, now: DateTime<Utc>) -> Option<CardChange> {
        let Body::Json(payload) = &new.body else { return None };
        match &*new.event {
            _ if !self.has_cards => None,
            CARD_MOVED => CardMove::read(payload, is_owner(&new.sender), now).map(CardChange::Move),
            CURRENT_GAME_STATE if is_owner(&new.sender) != Some(false) => {
                Tokens::read(payload, now).map(CardChange::Tokens)
            }
            _ => None,
        }
    }

    /// The number of whole tables with tokens that pages have sent.
    pub(crate) fn tables_sent(&self) -> u64 {
        self.lock().tables_sent
    }

    /// Whether its members can be shown the table.
    pub(crate) fn has_cards(&self) -> bool {
        self.has_cards
    }

    /// Shows the table to one member, in one order with all other events: the saved table, and the moves since.
    pub(crate) fn show_table(
        &self,
        (member, version, queue): (MemberId, Version, &WorkerQueue),
        saved: &SavedTable,
    ) {
        let Some(game) = self.topic.game() else { return };
        let mut state = self.lock();
        let answers = state.moves.answers(game, saved, Utc::now()).into_iter();
        let encode = |(event, payload): (&str, Value)| {
            let body = Body::Json(payload.to_string().into());
            BroadcastFrame { topic: &self.name, event, meta: r#"{"role":"server"}"#, body: &body }
                .encode(version)
        };
        let frames: Arc<[Bytes]> = answers.filter_map(encode).collect();
        state.order += 1;
        queue.push(QueuedEvent {
            channel: self.id,
            order: state.order,
            queued_at: Instant::now(),
            event: ChannelEvent::Answer(frames, member),
        });
    }
}

impl State {
    /// Remembers a change of the table.
    pub(super) fn record(&mut self, change: Option<CardChange>) {
        match change {
            Some(CardChange::Move(moved)) => {
                if !moved.is_by_owner() {
                    self.unsaved = Some(Unsaved::after_move(self.unsaved, Instant::now()));
                }
                self.moves.record(moved);
            }
            Some(CardChange::Tokens(tokens)) => {
                self.tables_sent += 1;
                self.moves.record_tokens(tokens);
            }
            None => {}
        }
    }
}
