//! Bounds of the settings, as the crates take them.

use documents::Bounds;
use settings::Settings;

/// The bounds of a gameplay state.
pub(crate) fn document_bounds(settings: &Settings) -> Bounds {
    Bounds {
        bytes: settings.limits.state_bytes,
        depth: settings.limits.state_depth,
        nodes: settings.limits.state_nodes,
    }
}
