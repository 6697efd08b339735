//! `config/tuning/`: values that `cargo xtask tune` computed for a profile. Files written by hand override
//! them.
//!
//! The settings in such a file are in `[settings.SECTION]`, and in `[override.SECTION]`, which is written by
//! hand and wins. The other tables hold the provenance of the numbers, for tools.

use crate::entries::{Entries, Entry};

/// Tables that hold the provenance of the numbers.
const FOR_TOOLS: [&str; 5] = ["provenance", "target", "calibration", "deployment", "predicted"];

/// The settings in a file of tuned values. An unknown table stays, so that it is refused as an unknown key.
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
