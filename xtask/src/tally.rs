//! Counts of the tests that ran on each database, from the output of libtest, and the tests that were left
//! out.

use std::fmt;

use anyhow::{Result, bail};
use testkit::Kind;

/// The count so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) sqlite: usize,
    pub(crate) postgres: usize,
    pub(crate) neither: usize,
    /// Those of them that could not run on this machine, each with the reason.
    pub(crate) left_out: Vec<String>,
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

    /// Takes in what [`testkit::left_out`] noted, a line for each test.
    pub(crate) fn leave_out(&mut self, notes: &str) {
        self.left_out.extend(notes.lines().map(str::to_owned));
        self.left_out.sort_unstable();
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
        writeln!(f, "tests that ran on neither:    {:5}", self.neither)?;
        write!(f, "tests that were left out:     {:5}", self.left_out.len())?;
        self.left_out.iter().try_for_each(|it| write!(f, "\n  {it}"))
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

        let expected = Tally { sqlite: 1, postgres: 2, neither: 2, ..Tally::default() };
        assert_eq!(counted, expected);
    }

    #[test]
    fn a_test_that_is_left_out_is_named_with_the_reason() {
        let mut counted = tally("test pooler::it_works ... ok\ntest live::sqlite ... ok");

        counted.leave_out("pooler::it_works: there is no PgBouncer\nlive::sqlite: no Node\n");

        let text = counted.to_string();
        let end = "tests that were left out:         2\n  live::sqlite: no Node\n  \
                   pooler::it_works: there is no PgBouncer";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_run_without_a_database_does_not_cover_it() {
        let counted = tally("test a::sqlite ... ok");

        assert!(counted.covers(&[Kind::Sqlite]).is_ok());
        assert!(counted.covers(&[Kind::Sqlite, Kind::Postgres]).is_err());
    }
}
