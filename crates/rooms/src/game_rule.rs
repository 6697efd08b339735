//! The rules of a game, as rooms refer to them.

use chrono::{DateTime, Utc};
use documents::Json;
use ids::GameRuleId;
use values::Text;

/// The short name of a rule, such as `skill_assessment`.
pub type RuleSlug = Text<0, 100>;

/// The rule of a room that is opened without choosing one.
pub(crate) const DEFAULT_SLUG: &str = "skill_assessment";

/// The rules of a game: its zones and the number of cards they hold.
#[derive(Clone, Debug, PartialEq)]
pub struct GameRule {
    /// Its id.
    pub id: GameRuleId,
    /// Its short name.
    pub slug: String,
    /// Its display name.
    pub name: String,
    /// A description for people.
    pub description: Option<String>,
    /// Its version.
    pub version: String,
    /// The deck and the zones, with their positions.
    pub layout_config: Json,
    /// The number of cards that each zone takes.
    pub constraint_config: Json,
    /// Whether rooms may be opened with it.
    pub is_active: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
