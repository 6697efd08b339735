//! `cargo xtask migrate new`: the folders of a new migration.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use chrono::Utc;

use super::folders::{DATABASES, FILES};

/// The text of a new SQLite migration.
const SQLITE: &str = "\
-- The same change as the file of this name in migrations/postgres, in SQLite's types:
-- uuid is BLOB CHECK (length(id) = 16), timestamptz is INTEGER (microseconds since 1970),
-- jsonb is TEXT, boolean is INTEGER CHECK (flag IN (0, 1)); every table is STRICT.
";

/// The text of a new PostgreSQL migration.
const POSTGRES: &str = "\
-- What changes, and why. It works with the code before it and after it: expand, move, contract.
";

/// The text of a new `down.sql`.
const DOWN: &str = "\
-- Takes up.sql back, the last statement first.
";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A name for the migration, such as `room_archive`: lower-case letters, digits, underscores.
    name: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let name = &arguments.name;
    ensure!(is_plain(name), "`{name}` is not lower-case letters, digits and underscores");
    let folder = format!("{}_{name}", Utc::now().format("%Y-%m-%d-%H%M%S"));
    for (database, up) in DATABASES.iter().zip([SQLITE, POSTGRES]) {
        let folder = Path::new(database).join(&folder);
        fs::create_dir_all(&folder)?;
        for (file, text) in FILES.iter().zip([up, DOWN]) {
            fs::write(folder.join(file), text)?;
            println!("wrote {}", folder.join(file).display());
        }
    }
    println!("then: cargo xtask migrate schema");
    Ok(())
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain)
}
