//! Bounds of the settings, as the crates take them.

use documents::Bounds;
use notes::HistoryBounds;
use settings::Settings;

/// The bounds of a gameplay state.
pub(crate) fn document_bounds(settings: &Settings) -> Bounds {
    Bounds {
        bytes: settings.limits.state_bytes,
        depth: settings.limits.state_depth,
        nodes: settings.limits.state_nodes,
    }
}

/// The bounds of the earlier texts of a note.
pub(crate) fn note_history(settings: &Settings) -> HistoryBounds {
    HistoryBounds { versions: settings.notes.versions, bytes: settings.notes.history_bytes }
}
