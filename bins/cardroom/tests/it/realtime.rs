//! What is live, over sockets as clients open them.

mod admission;
mod bounds;
mod http;
mod origins;
mod presence;
mod server;
mod socket;
mod talk;
