//! Queries on game rules.

use database::schema::game_rule_templates;
use database::{At, Fetch, columns};
use diesel::prelude::*;
use documents::Json;
use ids::GameRuleId;

use crate::game_rule::GameRule;

/// A row of `game_rule_templates`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = game_rule_templates)]
pub(crate) struct GameRuleRow {
    id: GameRuleId,
    name: String,
    slug: String,
    description: Option<String>,
    version: String,
    layout_config: Json,
    constraint_config: Json,
    is_active: bool,
    created_at: At,
    updated_at: At,
}

impl From<GameRuleRow> for GameRule {
    fn from(row: GameRuleRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            description: row.description,
            version: row.version,
            layout_config: row.layout_config,
            constraint_config: row.constraint_config,
            is_active: row.is_active,
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
        }
    }
}

/// The rules that rooms may be opened with, by id.
pub(crate) fn game_rules() -> impl Fetch<'static, GameRuleRow> {
    game_rule_templates::table
        .filter(game_rule_templates::is_active.eq(true))
        .order(game_rule_templates::id)
        .select(columns::<GameRuleRow>())
}

/// The rule with this id.
pub(crate) fn game_rule(id: GameRuleId) -> impl Fetch<'static, GameRuleRow> {
    game_rule_templates::table.find(id).select(columns::<GameRuleRow>())
}

/// The rule with this slug.
pub(crate) fn game_rule_by_slug(slug: &str) -> impl Fetch<'_, GameRuleRow> {
    game_rule_templates::table
        .filter(game_rule_templates::slug.eq(slug))
        .select(columns::<GameRuleRow>())
}

/// The rules with these slugs that rooms may be opened with, each as slug and id.
pub(crate) fn open_rules(slugs: Vec<String>) -> impl Fetch<'static, (String, GameRuleId)> {
    game_rule_templates::table
        .filter(game_rule_templates::is_active.eq(true))
        .filter(game_rule_templates::slug.eq_any(slugs))
        .select((game_rule_templates::slug, game_rule_templates::id))
}
