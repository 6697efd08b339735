//! Reports of tests that cannot run on this machine.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

/// The variable that names the file in which `cargo xtask test` collects the tests that were left out.
pub const LEFT_OUT: &str = "CARDROOM_LEFT_OUT";

/// Reports that the running test is left out, and why.
///
/// The report goes to standard error directly, which libtest does not capture, and to `cargo xtask
/// test`, which lists all such tests at its end.
///
/// # Panics
/// When the report cannot be written: a test that is left out silently proves nothing.
pub fn left_out(reason: impl Display) {
    let thread = thread::current();
    let line = format!("{}: {reason}\n", thread.name().unwrap_or("a test"));
    let file = env::var_os(LEFT_OUT).map(PathBuf::from);
    let written = write!(io::stderr(), "left out: {line}").and_then(|()| match file {
        // In one piece, because other tests write there too.
        Some(path) => {
            OpenOptions::new().append(true).create(true).open(path)?.write_all(line.as_bytes())
        }
        None => Ok(()),
    });
    written.unwrap_or_else(|error| panic!("cannot report that a test is left out: {error}"));
}
