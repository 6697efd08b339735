//! The settings, a module for every section of `base.toml`.

mod admission;
mod auth;
mod clients;
mod cors;
mod database;
mod files;
mod hashing;
mod history;
mod limits;
mod log;
mod mail;
mod notes;
mod rates;
mod realtime;
mod rooms;
mod server;

pub use admission::Admission;
pub use auth::{Auth, BCRYPT_COST_MAX};
pub use clients::Clients;
pub use cors::Cors;
pub use database::Database;
pub use files::Files;
pub use hashing::Hashing;
pub use history::History;
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use mail::{Mail, MailTransport};
pub use notes::Notes;
pub use rates::{Period, Rate, Rates};
pub use realtime::{Realtime, RealtimeAdmission};
pub use rooms::Rooms;
pub use server::Server;

use crate::Profile;
use crate::keys::Keys;

/// Every setting of Cardroom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The profile.
    pub profile: Profile,
    /// The HTTP server.
    pub server: Server,
    /// Sizes of requests and documents.
    pub limits: Limits,
    /// Concurrent requests.
    pub admission: Admission,
    /// Rate limits.
    pub rates: Rates,
    /// The database, its connections and timeouts.
    pub database: Database,
    /// Accounts, tokens and passwords.
    pub auth: Auth,
    /// The threads that hash passwords.
    pub hashing: Hashing,
    /// Bounds and retention of rooms and visitors.
    pub rooms: Rooms,
    /// Clients and their consultation records.
    pub clients: Clients,
    /// Files that people upload.
    pub files: Files,
    /// Sockets, channels and presence.
    pub realtime: Realtime,
    /// History of gameplay states.
    pub history: History,
    /// Earlier texts of the notes of rooms.
    pub notes: Notes,
    /// Web pages that may call the API.
    pub cors: Cors,
    /// Delivery of mail.
    pub mail: Mail,
    /// Logging.
    pub log: Log,
}

impl Settings {
    pub(crate) fn read(profile: Profile, keys: &mut Keys) -> Self {
        Self {
            profile,
            server: Server::read(keys),
            limits: Limits::read(keys),
            admission: Admission::read(keys),
            rates: Rates::read(keys),
            database: Database::read(keys),
            auth: Auth::read(keys),
            hashing: Hashing::read(keys),
            rooms: Rooms::read(keys),
            clients: Clients::read(keys),
            files: Files::read(keys),
            realtime: Realtime::read(keys),
            history: History::read(keys),
            notes: Notes::read(keys),
            cors: Cors::read(keys),
            mail: Mail::read(keys),
            log: Log::read(keys),
        }
    }
}
