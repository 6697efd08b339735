//! What everything that watches a running server from outside needs: the server, and a way to ask it.

pub mod http;
pub mod server;
