//! Clients that take all that they can get.

mod chunks;
mod connections;
mod pipelining;
mod resets;
