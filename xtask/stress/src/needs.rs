//! What a command needs before it can run: `cargo xtask` asks the program with `needs WORDS…`, builds and
//! starts that, and calls it again with the words alone.

use serde::Serialize;

/// The preparations of a command, printed as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// A build of the server, whose path is in `CARDROOM_SERVER`.
    pub server: bool,
    /// The build has to be the one that is deployed, since figures are taken of it.
    pub dist: bool,
    /// A database of each of these kinds, for a call of its own with `--db KIND` and `DATABASE_URL`.
    pub databases: Vec<String>,
    /// PostgreSQL's own benchmark, in `CARDROOM_PGBENCH`, with a database in `CARDROOM_PGBENCH_URL`.
    pub pgbench: bool,
    /// A server of another revision, whose path is in `CARDROOM_BASE`.
    pub base: Option<String>,
}

impl Needs {
    /// A server on one kind of database.
    pub fn server_on(kind: &str) -> Self {
        Self { server: true, databases: vec![kind.to_owned()], ..Self::default() }
    }

    /// The same of the build that is deployed.
    #[must_use]
    pub fn of_dist(self) -> Self {
        Self { dist: true, ..self }
    }

    /// Prints them for `cargo xtask`.
    pub fn print(&self) {
        println!("{}", serde_json::to_string(self).unwrap_or_default());
    }
}
