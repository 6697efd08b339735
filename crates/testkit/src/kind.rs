//! The kind of database that the running test uses.

use std::env;
use std::fmt;
use std::str::FromStr;

use tokio::runtime::Builder;
use tokio::task_local;

/// The variable that names the PostgreSQL server on which tests may create and drop databases.
pub const SERVER: &str = "TEST_DATABASE_URL";

/// Threads of a test's runtime: two, so that races of production can happen in a test.
const WORKERS: usize = 2;

task_local! {
    static KIND: Kind;
}

/// One of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bundled SQLite.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Kind {
    /// Its name in options and URLs, which [`FromStr`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl fmt::Display for Kind {
    /// Its name in sentences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Sqlite, Self::Postgres].into_iter().find(|kind| kind.name() == text).ok_or_else(
            || {
                let [sqlite, postgres] = [Self::Sqlite, Self::Postgres].map(Self::name);
                format!("`{text}` is neither `{sqlite}` nor `{postgres}`")
            },
        )
    }
}

/// The kind of database that the running test uses. It is not set in tasks that the test spawns.
///
/// # Panics
/// Outside [`run`].
pub fn kind() -> Kind {
    KIND.try_with(|kind| *kind).unwrap_or_else(|_| {
        panic!("put `#[testkit::on_both_databases]` on the test, and call this in the test itself")
    })
}

/// Runs a test to its end, with [`kind`] set.
///
/// # Panics
/// When the test needs PostgreSQL and `TEST_DATABASE_URL` names no server.
pub fn run<T>(kind: Kind, test: impl Future<Output = T>) -> T {
    assert!(
        kind == Kind::Sqlite || env::var_os(SERVER).is_some(),
        "{SERVER} is not set: run `cargo xtask test`, which starts a PostgreSQL for the tests"
    );
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap_or_else(|e| panic!("no runtime for the test: {e}"));
    runtime.block_on(KIND.scope(kind, test))
}
