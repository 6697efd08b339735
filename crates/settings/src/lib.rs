//! `config/` as types, checked once at start.
//!
//! A value comes from the highest layer that has it:
//!
//! 1. `config/base.toml`, which holds every key with a comment;
//! 2. `config/tuning/`, what `cargo xtask tune` computed for the profile;
//! 3. the file of the [`Profile`] that `CARDROOM_PROFILE` chooses, with what differs;
//! 4. the conventional variables `DATABASE_URL`, `DIRECT_DATABASE_URL`, `HOST`, `PORT`, `JWT_SECRET`;
//! 5. `CARDROOM__SECTION__KEY`, for any key.
//!
//! The files are embedded; one of the same name in `config/` beside the executable, or in the
//! folder that `CARDROOM_CONFIG_DIR` names, takes the place of the embedded one.
//!
//! [`load()`] reads all of it and gives either [`Loaded`], in which every value has its source, or
//! [`Problems`], which lists all problems at once: unknown keys, bad values, and values that are not allowed
//! in the profile. No type of this crate shows a secret.
//!
//! ```
//! let environment = settings::Environment::new([("PORT", "8080")]);
//! let loaded = settings::load(&environment)?;
//! assert_eq!(loaded.settings.server.port, 8080);
//! # Ok::<(), settings::Problems>(())
//! ```

mod environment;
mod profile;

mod database_url;
mod sections;

mod checks;
mod effective;
mod entries;
mod keys;
mod kinds;
mod layers;
mod load;
mod nearest;
mod problem;
mod secrets;
mod tuning;

#[cfg(test)]
mod tests;

pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use effective::Effective;
pub use environment::Environment;
pub use load::{Loaded, load};
pub use problem::{Problem, Problems};
pub use profile::{Profile, UnknownProfile};
pub use sections::{
    Admission, Auth, BCRYPT_COST_MAX, Clients, Cors, Database, Files, Hashing, History, Limits,
    Log, LogFormat, Mail, MailTransport, Notes, Period, Rate, Rates, Realtime, RealtimeAdmission,
    Rooms, Server, Settings,
};
