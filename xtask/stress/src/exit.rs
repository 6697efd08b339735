//! The exit status of the program.

use std::process::ExitCode;

/// The end of a run. Wrong usage is 2, as clap has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything held.
    Passed,
    /// The tool itself failed.
    Broken,
    /// An objective was missed, or data was lost.
    Failed,
    /// Worse than the baseline.
    Regressed,
    /// Nothing can be concluded: the tool was the bottleneck, nothing was measured, or two runs are not
    /// comparable.
    Invalid,
    /// There was no server to put under load.
    NoTarget,
    /// The run was ended early.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Broken => 1,
            Self::Failed => 10,
            Self::Regressed => 11,
            Self::Invalid => 12,
            Self::NoTarget => 15,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
