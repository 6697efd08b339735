//! The target: a machine or a platform, a database with its limits, and the load.

use anyhow::{Result, bail};
use capacity::connections::Limits;
use serde::{Deserialize, Serialize};

/// The place of the server, and its load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) platform: Platform,
    /// Cores of one instance.
    pub(crate) cores: f64,
    /// Memory of one instance.
    pub(crate) memory_mib: usize,
    pub(crate) instances_max: usize,
    /// Generations of instances that live at the same time, while a deployment replaces them.
    pub(crate) overlap: usize,
    /// Sockets that are open at once, on one instance.
    pub(crate) sockets: usize,
    /// Requests a second in steady traffic, of all instances.
    pub(crate) rate: f64,
    /// Users at once.
    pub(crate) people: usize,
    /// Longest wait of 95 of 100 of them for anything but a log-in.
    pub(crate) objective_ms: f64,
    /// Users that log in at once, and the longest wait of 95 of 100 of them.
    pub(crate) log_ins: usize,
    pub(crate) log_in_objective_ms: f64,
    pub(crate) database: Database,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Platform {
    /// A dedicated machine: one process, which is stopped before the next one starts.
    Machine,
    CloudRun,
}

/// The database, and its limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub(crate) enum Database {
    Sqlite,
    Postgres(Postgres),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Postgres {
    /// Source of the numbers: a name of [`PLANS`], or `measured`.
    pub(crate) plan: String,
    /// `max_connections`.
    pub(crate) connections: usize,
    pub(crate) reserved: usize,
    /// Connections of others.
    pub(crate) others: usize,
    /// Cores of its machine.
    pub(crate) cores: usize,
    /// Whether it has a machine of its own; otherwise it shares the server's.
    pub(crate) apart: bool,
    /// Time of one round trip.
    pub(crate) round_trip_ms: f64,
    /// Clients that the transaction-mode pooler accepts; 0: there is no pooler.
    pub(crate) pooler_clients: usize,
    /// Connections that the pooler itself has to the database.
    pub(crate) pooler_size: usize,
}

impl Postgres {
    /// The limit of connections: the clients of the pooler, or the connections of the database.
    pub(crate) fn limits(&self) -> Limits {
        let Self { connections, reserved, others, pooler_clients, .. } = *self;
        match pooler_clients {
            0 => Limits { connections, reserved, others },
            clients => Limits { connections: clients, reserved: 0, others: 0 },
        }
    }

    pub(crate) fn pooler(&self) -> Option<usize> {
        (self.pooler_clients > 0).then_some(self.pooler_size)
    }
}

/// A database by name: connections, reserved ones, those of its own services, cores, clients of its pooler,
/// and connections of the pooler.
///
/// Supabase: its pages on compute and on connecting; Neon: its page on connection pooling. Others is
/// what Supabase's own services were seen to hold.
const PLANS: [(&str, [usize; 6]); 6] = [
    ("supabase-micro", [60, 3, 14, 2, 200, 15]),
    ("supabase-small", [90, 3, 14, 2, 400, 15]),
    ("supabase-medium", [120, 3, 14, 2, 600, 15]),
    ("supabase-large", [160, 3, 14, 2, 800, 20]),
    ("neon-0.25", [104, 7, 0, 1, 0, 0]),
    ("postgres", [100, 3, 0, 2, 0, 0]),
];

/// Milliseconds to a managed database in the same region and back.
const REGION_ROUND_TRIP_MS: f64 = 1.0;

impl Database {
    /// The database of that name: `sqlite`, or one of [`PLANS`].
    pub(crate) fn named(name: &str) -> Result<Self> {
        if name == "sqlite" {
            return Ok(Self::Sqlite);
        }
        let Some((plan, numbers)) = PLANS.iter().find(|(plan, _)| *plan == name) else {
            let names = PLANS.map(|(plan, _)| plan).join(", ");
            bail!("no database `{name}`: there are sqlite, {names}, and postgres:// URLs");
        };
        let [connections, reserved, others, cores, pooler_clients, pooler_size] = *numbers;
        let apart = *plan != "postgres";
        Ok(Self::Postgres(Postgres {
            plan: (*plan).to_owned(),
            connections,
            reserved,
            others,
            cores,
            apart,
            round_trip_ms: if apart { REGION_ROUND_TRIP_MS } else { 0.0 },
            pooler_clients,
            pooler_size,
        }))
    }

    /// Its name in the options of `stress`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl Target {
    /// The default target of a profile: this machine.
    pub(crate) fn of(env: &str, cores: usize, memory_mib: usize) -> Result<Self> {
        let here = Self {
            platform: Platform::Machine,
            cores: f64::from(u32::try_from(cores)?),
            memory_mib,
            instances_max: 1,
            overlap: 1,
            sockets: 300,
            rate: 500.0,
            people: 50,
            objective_ms: 500.0,
            log_ins: 50,
            log_in_objective_ms: 3000.0,
            database: Database::Sqlite,
        };
        Ok(match env {
            // Any machine, which may be busy with other things.
            "development" => Self { objective_ms: 2_500.0, ..here },
            // Tests run in parallel and on any machine; they take the sizes of base.toml.
            "test" => Self { objective_ms: 120_000.0, ..here },
            "staging" => Self { database: Database::named("postgres")?, ..here },
            // Its hashes cost four times as much.
            "production" => Self {
                cores: 4.0,
                memory_mib: 4096,
                log_in_objective_ms: 5000.0,
                database: Database::named("postgres")?,
                ..here
            },
            "cloud-run" => Self {
                platform: Platform::CloudRun,
                cores: 2.0,
                memory_mib: 1024,
                instances_max: 3,
                overlap: 2,
                database: Database::named("supabase-micro")?,
                ..here
            },
            "small" => Self { cores: 1.0, memory_mib: 512, rate: 100.0, log_ins: 25, ..here },
            _ => here,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooler_bounds_what_the_database_would() {
        let Database::Postgres(mut micro) = Database::named("supabase-micro").unwrap() else {
            panic!("micro is PostgreSQL")
        };
        assert_eq!((micro.limits().budget(), micro.pooler()), (196, Some(15)));
        micro.pooler_clients = 0;
        assert_eq!((micro.limits().budget(), micro.pooler()), (39, None));
        assert!(Database::named("oracle").is_err());
    }
}
