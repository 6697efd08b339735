//! Bounds of the settings, as the crates take them.

use std::time::Duration;

use api::UploadLimits;
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

/// Bytes of a form besides its file and its document: names, types and boundaries.
const FORM_BYTES: usize = 64 * 1024;

/// The bounds of the form of an upload: a file, and perhaps a gameplay state.
pub(crate) fn upload_limits(settings: &Settings) -> UploadLimits {
    UploadLimits {
        bytes: settings.files.max_bytes + settings.limits.state_bytes + FORM_BYTES,
        time: Duration::from_millis(settings.files.upload_timeout_ms),
    }
}
