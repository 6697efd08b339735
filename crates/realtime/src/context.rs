//! The parts of realtime that the whole process shares.

use std::sync::Arc;

use auth::Auth;
use rooms::Directory;

use crate::authorizer::Authorizer;
use crate::hub::Hub;
use crate::worker::Worker;

/// The parts of realtime that the whole process shares. Cloning shares them.
#[derive(Clone)]
pub struct Realtime {
    /// The channels.
    pub hub: Arc<Hub>,
    /// Authorizes their use.
    pub authorizer: Arc<Authorizer>,
}

impl Realtime {
    /// No channels yet.
    pub fn new(settings: &settings::Settings, auth: Auth, directory: Directory) -> Self {
        let hub = Arc::new(Hub::new(&settings.realtime));
        let origins = &settings.cors.origins;
        let authorizer = Authorizer::new(&settings.realtime, origins, auth, directory);
        Self { hub, authorizer: Arc::new(authorizer) }
    }

    /// The worker of the current thread of the server; to be called once on each.
    pub fn worker(&self) -> Worker {
        Worker::start(self.hub.clone(), self.authorizer.clone())
    }
}
