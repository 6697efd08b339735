//! Notification of committed saves.

use crate::save::Save;
use crate::state::GameplayState;

/// Is notified of every committed save; the saves of one room in the order of their commits.
pub trait SaveListener: Send + Sync {
    /// Called after the commit and before the caller is answered. Must not block: the lane's next
    /// group waits meanwhile.
    fn on_saved(&self, save: &Save, state: &GameplayState);
}

/// A listener that ignores every save.
pub struct NoListener;

impl SaveListener for NoListener {
    fn on_saved(&self, _: &Save, _: &GameplayState) {}
}
