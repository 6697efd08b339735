//! The six profiles.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use thiserror::Error;

/// The kind of environment that the process runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A developer's machine.
    Development,
    /// Automated tests.
    Test,
    /// A copy of production for tests by people.
    Staging,
    /// A server of your own.
    Production,
    /// Google Cloud Run.
    CloudRun,
    /// One small machine that runs everything.
    Small,
}

/// The error for a name that is no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such profile; there are development, test, staging, production, cloud-run and small")]
pub struct UnknownProfile;

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::Development,
        Self::Test,
        Self::Staging,
        Self::Production,
        Self::CloudRun,
        Self::Small,
    ];

    /// The name, as in `CARDROOM_PROFILE` and `config/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
            Self::CloudRun => "cloud-run",
            Self::Small => "small",
        }
    }

    /// Whether published secrets and disabled limits are allowed: in development and test.
    pub fn is_relaxed(self) -> bool {
        matches!(self, Self::Development | Self::Test)
    }

    /// Whether data of real users is served: in production, on Cloud Run and on a small machine.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Production | Self::CloudRun | Self::Small)
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == name).ok_or(UnknownProfile)
    }
}

impl Display for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
