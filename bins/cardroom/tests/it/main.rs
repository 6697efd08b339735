//! The service from outside: the real server on a free port, a real database for each test.
//!
//! Every fact marked `on_both_databases` is two tests. Both compare their answers with the same
//! snapshot, so the databases are also compared with each other.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod admin;
mod app;
mod attack;
mod auth;
mod behind;
mod client;
mod clients;
mod crowds;
mod database_errors;
mod documents;
mod errors;
mod fuzz;
mod game_rules;
mod gameplay;
mod growth;
mod health;
mod housekeeping;
mod idempotency;
mod interop;
mod lanes;
mod notes;
mod outages;
mod pooler;
mod process;
mod queries;
mod races;
mod rates;
mod raw;
mod realtime;
mod rooms;
mod saves;
mod smoke;
mod transcript;
mod uploads;
mod visitors;
mod watching;
