//! The machine of a run, and the commit. Figures of different machines are not compared.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The model of the processor.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in MiB.
    #[serde(default)]
    pub memory_mib: usize,
    /// The release of the kernel.
    pub kernel: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let read = |file| fs::read_to_string(file).unwrap_or_default();
        let kib = line(&read("/proc/meminfo"), "MemTotal");
        let kib: usize = kib.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or_default();
        Self {
            processor: line(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_mib: kib / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }

    /// Machines of one class count as equally fast.
    pub(crate) fn class(&self) -> String {
        let words = self.processor.to_lowercase();
        let words = words.split(|it: char| !it.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|it| !it.is_empty()).collect();
        format!("{}-{}c", words.join("-"), self.cores)
    }
}

/// The value of a key in a file of `key: value` lines.
fn line(text: &str, key: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(key));
    line.and_then(|it| it.split_once(':')).map_or_else(String::new, |it| it.1.trim().to_owned())
}

/// The commit that is checked out, with a mark if files differ from it.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let changed = git(&["status", "--porcelain"]).is_some_and(|it| !it.is_empty());
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    if changed { format!("{commit}+changes") } else { commit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_processor_and_its_cores() {
        let machine = Machine {
            processor: "AMD EPYC(TM) 7B13".to_owned(),
            cores: 2,
            memory_mib: 8,
            kernel: String::new(),
        };
        assert_eq!(machine.class(), "amd-epyc-tm-7b13-2c");
    }

    #[test]
    fn a_line_is_found_by_its_key() {
        assert_eq!(line("a: 1\nMemTotal:   12 kB\n", "MemTotal"), "12 kB");
        assert_eq!(line("", "MemTotal"), "");
        assert!(Machine::here().cores > 0);
    }
}
