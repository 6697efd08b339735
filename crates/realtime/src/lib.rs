//! Every move live: the channels of rooms, for clients of Supabase Realtime as they are.
#![expect(dead_code, reason = "under construction")]

mod message;
mod outbox;
mod presence;
mod protocol;
mod ring;
mod topic;
