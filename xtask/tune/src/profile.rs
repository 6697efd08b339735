//! A profile: its settings, and its file in `config/tuning`.

mod file;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use settings::{Environment, Profile as Env, Settings};
use stress::machine::Machine;
use toml::Table;

use crate::calibration::{Calibration, whole};
use crate::solve::{Given, Solution, solve};
use crate::target::{Database, Target};

pub(crate) use file::{File, as_written};

/// The folder of the settings, from the root of the repository.
pub(crate) const CONFIG: &str = "config";

/// Placeholders for the secrets without which settings cannot be read.
const SECRET: &str = "a-placeholder-of-the-length-that-a-secret-must-have";
const DATABASE: &str = "postgres://cardroom@db.invalid/cardroom";

/// A profile by name.
pub(crate) struct Profile {
    pub(crate) env: Env,
    /// As written in `config/tuning`.
    pub(crate) file: File,
}

impl Profile {
    pub(crate) fn read(env: Env) -> Result<Self> {
        let path = Self::path(env);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let file = File::parse(text).with_context(|| path.display().to_string())?;
        Ok(Self { env, file })
    }

    pub(crate) fn path(env: Env) -> PathBuf {
        Path::new(CONFIG).join(format!("tuning/{env}.toml"))
    }

    /// The target in its file, or else the default of its name.
    pub(crate) fn target(&self) -> Result<Target> {
        if let Some(target) = &self.file.data.target {
            return Ok(target.clone());
        }
        let Machine { cores, memory_mib, .. } = Machine::here();
        Target::of(self.env.as_str(), cores, memory_mib)
    }

    /// The settings in effect on the target.
    pub(crate) fn settings(&self, target: &Target) -> Result<Settings> {
        let url = match target.database {
            Database::Sqlite => "sqlite://data/cardroom.db",
            Database::Postgres(_) => DATABASE,
        };
        let variables = [
            ("CARDROOM_PROFILE", self.env.as_str()),
            ("CARDROOM_CONFIG_DIR", CONFIG),
            ("DATABASE_URL", url),
            ("JWT_SECRET", SECRET),
            ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org"),
        ];
        let environment = Environment::new(variables).with_cores(whole(target.cores.ceil()));
        Ok(settings::load(&environment)?.settings)
    }

    /// Solves for every number with what was measured.
    pub(crate) fn solve(&self, target: &Target, calibration: &Calibration) -> Result<Solution> {
        Ok(solve(target, self.given(target)?, calibration))
    }

    /// The lanes in which writes are committed.
    pub(crate) fn lanes(&self, target: &Target) -> Result<usize> {
        match target.database {
            Database::Sqlite => Ok(1),
            Database::Postgres(_) => Ok(self.given(target)?.write_lanes),
        }
    }

    /// Inputs that its settings give.
    fn given(&self, target: &Target) -> Result<Given> {
        let settings = self.settings(target)?;
        Ok(Given {
            bcrypt_cost: settings.auth.bcrypt_cost,
            hash_wait_max_ms: settings.hashing.wait_max_ms,
            write_lanes: settings.database.write_lanes,
        })
    }

    /// The text of the file for this solution, with the part that was written by hand.
    pub(crate) fn text(
        &self,
        target: &Target,
        calibration: &Calibration,
        solution: &Solution,
    ) -> Result<String> {
        let base: Table = fs::read_to_string(Path::new(CONFIG).join("base.toml"))?.parse()?;
        file::text(self, target, calibration, solution, &base)
    }
}
