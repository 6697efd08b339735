//! What the use cases need.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use database::Db;
use settings::Settings;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::link::Links;
use crate::objects::Objects;
use crate::open_error::OpenError;

/// Files that are held in memory at the same time; others wait in their temporary files.
const IN_MEMORY_MAX: usize = 2;

/// Pieces of uploads that are written at the same time. A thread takes more memory than what it writes.
const WRITING_MAX: usize = 4;

/// The dependencies of the use cases of this crate. A clone shares them.
#[derive(Clone)]
pub struct Files {
    pub(crate) db: Db,
    /// `None` when `files.store` is empty.
    pub(crate) objects: Option<Objects>,
    pub(crate) links: Arc<Links>,
    pub(crate) rules: Arc<settings::Files>,
    /// The longest text of a form, in bytes: a gameplay state.
    pub(crate) text_bytes: usize,
    /// The uploads that may be received or wait.
    pub(crate) uploads: Arc<Semaphore>,
    /// Pieces of uploads that are written to temporary files, each on a thread of its own.
    pub(crate) writing: Arc<Semaphore>,
    /// The files that may be held in memory.
    pub(crate) in_memory: Arc<Semaphore>,
    /// The pictures that may be decoded.
    pub(crate) pictures: Arc<Semaphore>,
    /// Where an upload is finished whose client has gone.
    pub(crate) runtime: Handle,
}

impl Files {
    /// Opens the store of the settings. `keys` sign links, the first one, and verify them, all; uploads are
    /// finished on `runtime`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn open(
        db: Db,
        settings: &Settings,
        keys: Vec<[u8; 32]>,
        runtime: &Handle,
    ) -> Result<Self, OpenError> {
        let rules = settings.files.clone();
        let limit = Duration::from_millis(rules.store_timeout_ms);
        let objects = rules.store.as_deref().map(|it| Objects::open(it, limit)).transpose()?;
        let links = Links::new(keys, TimeDelta::days(rules.link_days), rules.public_url.clone());
        Ok(Self {
            db,
            objects,
            links: Arc::new(links),
            text_bytes: settings.limits.state_bytes,
            uploads: Arc::new(Semaphore::new(rules.uploads_at_once)),
            writing: Arc::new(Semaphore::new(WRITING_MAX)),
            in_memory: Arc::new(Semaphore::new(IN_MEMORY_MAX)),
            pictures: Arc::new(Semaphore::new(rules.pictures_at_once)),
            rules: Arc::new(rules),
            runtime: runtime.clone(),
        })
    }
}
