//! The rules of a game, as rooms refer to them.

use documents::Json;
use ids::GameRuleId;
use values::Text;

/// The short name of a rule, such as `skill_assessment`.
pub type RuleSlug = Text<0, 100>;

/// The rule of a room for which none was chosen.
pub(crate) const DEFAULT_SLUG: &str = "skill_assessment";

/// The rules of a game: its zones and how many cards they hold.
#[derive(Clone, Debug, PartialEq)]
pub struct GameRule {
    /// Which one.
    pub id: GameRuleId,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// Its version.
    pub version: String,
    /// Where cards lie.
    pub layout_config: Json,
    /// How many cards may lie where.
    pub constraint_config: Json,
    /// Whether rooms may be opened with it.
    pub is_active: bool,
}
