//! Who hears of saves.

use crate::save::Save;
use crate::state::GameplayState;

/// Hears of every save that is committed, one room's saves in the order of their commits.
pub trait Audience: Send + Sync {
    /// A state was saved. Must not wait: the room's other saves do meanwhile.
    fn saved(&self, save: &Save, state: &GameplayState);
}

/// Nobody.
pub struct Nobody;

impl Audience for Nobody {
    fn saved(&self, _: &Save, _: &GameplayState) {}
}
