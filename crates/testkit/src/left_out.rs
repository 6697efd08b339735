//! What a test says that cannot run here.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

/// The variable that names the file in which `cargo xtask test` collects the tests that were left out.
pub const LEFT_OUT: &str = "CARDROOM_LEFT_OUT";

/// Says that the running test is left out, and why.
///
/// It says so on standard error, where libtest does not keep it back as it does with what tests
/// print, and to `cargo xtask test`, which lists them all at its end.
///
/// # Panics
/// When that cannot be written: a test that nobody knows to be left out proves nothing.
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
    written.unwrap_or_else(|error| panic!("cannot tell that a test is left out: {error}"));
}
