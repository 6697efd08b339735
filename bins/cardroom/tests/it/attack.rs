//! Clients that try to exhaust the server's resources.

mod chunks;
mod connections;
mod pipelining;
mod resets;
