//! Generated files: written, or compared with what is there.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use similar::TextDiff;

/// Lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// Fails with the difference when `file` does not hold what `source` says, and with the `remedy`.
pub(crate) fn compare(file: &Path, generated: &str, source: &str, remedy: &str) -> Result<()> {
    let kept = fs::read_to_string(file).unwrap_or_default();
    if kept == generated {
        return Ok(());
    }
    let name = file.display();
    let diff = TextDiff::from_lines(kept.as_str(), generated)
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(&name.to_string(), source)
        .to_string();
    bail!("{name} is not what {source} says: {remedy}\n\n{diff}");
}

/// Writes a generated file, with its folder.
pub(crate) fn write(file: &Path, generated: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, generated).with_context(|| format!("cannot write {}", file.display()))?;
    println!("wrote {}", file.display());
    Ok(())
}
