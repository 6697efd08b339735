//! The environment of the process.

use std::collections::BTreeMap;
use std::env;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

/// The environment of the process: variables, folder of the executable, cores.
///
/// It has no `Debug`, because variables hold secrets.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    executable_folder: Option<PathBuf>,
    cores: usize,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let executable = env::current_exe().ok();
        Self {
            executable_folder: executable.and_then(|path| path.parent().map(Into::into)),
            ..Self::new(env::vars_os().map(|(name, value)| (text(name), text(value))))
        }
    }

    /// An environment of these variables, with no files beside the executable.
    pub fn new<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let pairs = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self {
            variables: pairs.collect(),
            executable_folder: None,
            cores: available_parallelism().map_or(1, NonZero::get),
        }
    }

    /// The same with an executable that lies in `folder`.
    #[must_use]
    pub fn with_executable_in(self, folder: impl Into<PathBuf>) -> Self {
        Self { executable_folder: Some(folder.into()), ..self }
    }

    /// The same on a machine with this many cores.
    #[must_use]
    pub fn with_cores(self, cores: usize) -> Self {
        Self { cores, ..self }
    }

    /// The value of a variable; an empty one counts as unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether the process runs on Cloud Run, which sets `K_SERVICE`.
    pub fn is_cloud_run(&self) -> bool {
        self.variable("K_SERVICE").is_some()
    }

    /// All variables, by name.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The folder whose files replace the embedded ones. It need not exist.
    pub(crate) fn config_folder(&self) -> Option<PathBuf> {
        let named = self.variable("CARDROOM_CONFIG_DIR").map(PathBuf::from);
        named.or_else(|| self.executable_folder.as_ref().map(|folder| folder.join("config")))
    }

    /// Cores that the process may use.
    pub(crate) fn cores(&self) -> usize {
        self.cores
    }
}
