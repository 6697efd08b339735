//! The realtime channels, over sockets as clients open them.

mod admission;
mod attack;
mod bounds;
mod broadcasts;
mod ended;
mod frames;
mod handover;
mod http;
mod origins;
mod presence;
mod raw;
mod restart;
mod server;
pub(crate) mod socket;
mod table;
mod unregistered;
mod visitor_moves;
