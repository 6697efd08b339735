//! The PostgreSQL server that a task may use.

use std::env;

use anyhow::Result;
use testkit::SERVER;
use testkit::cluster::Cluster;

/// A server on which a task may create and drop databases.
pub(crate) enum Server {
    /// The one that `TEST_DATABASE_URL` names.
    Given(String),
    /// A throw-away one, which ends when this is dropped.
    Started(Cluster),
}

impl Server {
    /// The server that `TEST_DATABASE_URL` names, or else a throw-away one.
    pub(crate) fn given_or_started() -> Result<Self> {
        match env::var(SERVER) {
            Ok(url) => Ok(Self::Given(url)),
            Err(_) => Ok(Self::Started(Cluster::start()?)),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Started(cluster) => cluster.url(),
        }
    }
}
