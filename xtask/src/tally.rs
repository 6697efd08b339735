//! How many tests ran on which database, counted from what libtest prints.

use std::fmt;

use anyhow::{Result, bail};
use testkit::Kind;

/// The count so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) sqlite: usize,
    pub(crate) postgres: usize,
    pub(crate) neither: usize,
}

impl Tally {
    /// Counts a line such as `test rooms::a_room_closes::sqlite ... ok`; others say nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
        else {
            return;
        };
        if outcome.contains("ignored") {
            return;
        }
        // libtest writes `name - should panic` for those that should.
        let name = name.split(' ').next().unwrap_or(name);
        if name.ends_with("::sqlite") {
            self.sqlite += 1;
        } else if name.ends_with("::postgres") {
            self.postgres += 1;
        } else {
            self.neither += 1;
        }
    }

    /// A whole run that tested nothing on a database has not tested that database.
    pub(crate) fn covers(&self, kinds: &[Kind]) -> Result<()> {
        for kind in kinds {
            if self.of(*kind) == 0 {
                bail!("no test ran on {kind}");
            }
        }
        Ok(())
    }

    fn of(&self, kind: Kind) -> usize {
        match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tests that ran on SQLite:     {:5}", self.sqlite)?;
        writeln!(f, "tests that ran on PostgreSQL: {:5}", self.postgres)?;
        write!(f, "tests that ran on neither:    {:5}", self.neither)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn every_test_that_ran_counts_once() {
        let counted = tally(
            "running 6 tests\n\
             test rooms::a_room_closes::sqlite ... ok\n\
             test rooms::a_room_closes::postgres ... \u{1b}[31mFAILED\u{1b}(B\u{1b}[m\n\
             test it_panics::postgres - should panic ... ok\n\
             test share_code::tests::it_parses ... ok\n\
             test slow::sqlite ... ignored, takes an hour\n\
             test crates/ids/src/lib.rs - RoomId (line 3) ... ok\n\
             test result: ok. 5 passed; 1 failed; 1 ignored; 0 measured",
        );

        assert_eq!(counted, Tally { sqlite: 1, postgres: 2, neither: 2 });
    }

    #[test]
    fn a_run_without_a_database_does_not_cover_it() {
        let counted = tally("test a::sqlite ... ok");

        assert!(counted.covers(&[Kind::Sqlite]).is_ok());
        assert!(counted.covers(&[Kind::Sqlite, Kind::Postgres]).is_err());
    }
}
