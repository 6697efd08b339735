//! `config/tuning/`: what `cargo xtask tune` computed for a profile, below what people wrote.
//!
//! Of such a file the settings are `[settings.SECTION]`, and `[override.SECTION]`, which is written
//! by hand and wins. The other tables say where the numbers come from and are for tools.

use crate::layers::{Entries, Entry};

/// Tables that say what was computed from what, and for where.
const FOR_TOOLS: [&str; 5] = ["provenance", "target", "calibration", "deployment", "predicted"];

/// The settings in a file of tuned values. A table that is neither theirs nor of a tool stays, so
/// that it is refused as an unknown key.
pub(crate) fn settings(file: Entries) -> Entries {
    let (mut settings, mut overrides) = (Entries::new(), Vec::<(String, Entry)>::new());
    for (key, entry) in file {
        match key.split_once('.') {
            Some(("settings", rest)) => _ = settings.insert(rest.to_owned(), entry),
            Some(("override", rest)) => overrides.push((rest.to_owned(), entry)),
            Some((table, _)) if FOR_TOOLS.contains(&table) => {}
            _ => _ = settings.insert(key, entry),
        }
    }
    settings.extend(overrides);
    settings
}
