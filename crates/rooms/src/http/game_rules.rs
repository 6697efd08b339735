//! Game rules over HTTP, for everyone.

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use api::{ErrorBody, Input, InputErrors, OverloadErrors, Path, Problem};
use database::Db;
use documents::Json;
use ids::GameRuleId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use values::{Field, Location, PathParam};

use crate::error::RoomError;
use crate::game_rule::GameRule;
use crate::store;

/// The slug of a rule in a path; any text is accepted.
pub(crate) struct Slug(String);

impl Field for Slug {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        String::read(value, location).map(Self)
    }
}

impl PathParam for Slug {
    const NAME: &'static str = "slug";
    const DESCRIPTION: &'static str = "The slug";
}

/// The id of a rule in a path, or its slug, which was the id in the earlier backend.
pub(crate) enum RuleKey {
    Id(GameRuleId),
    Slug(String),
}

impl Field for RuleKey {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let text = String::read(value, location)?;
        Some(text.parse().map_or(Self::Slug(text), Self::Id))
    }
}

impl PathParam for RuleKey {
    const NAME: &'static str = "rule_id";
    const DESCRIPTION: &'static str = "The id of the rule, or its slug";
}

/// List the game rules
#[utoipa::path(tag = "game rules", responses(
    OverloadErrors,
    (status = 200, description = "The rules", body = Vec<GameRuleView>),
))]
#[get("/api/game-rules")]
pub(crate) async fn list_rules(db: Data<Db>) -> Result<Answer<Vec<GameRuleView>>, Problem> {
    let rules = db.read_all(store::game_rules()).await?.into_iter();
    Ok(Answer(rules.map(|row| GameRule::from(row).into()).collect()))
}

/// Get a game rule
#[utoipa::path(tag = "game rules",
    params(Path<RuleKey>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The rule", body = GameRuleView),
        (status = 404, description = "There is no such rule", body = ErrorBody),
    ),
)]
#[get("/api/game-rules/{rule_id}")]
pub(crate) async fn get_rule(
    db: Data<Db>,
    Input(Path(key)): Input<Path<RuleKey>>,
) -> Result<Answer<GameRuleView>, Problem> {
    let row = match key {
        RuleKey::Id(id) => db.read_one(store::game_rule(id)).await?,
        RuleKey::Slug(slug) => db.read_one(store::game_rule_by_slug(&slug)).await?,
    };
    let row = row.ok_or(RoomError::NoSuchRule)?;
    Ok(Answer(GameRule::from(row).into()))
}

/// Get a game rule by its slug
#[utoipa::path(tag = "game rules",
    params(Path<Slug>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The rule", body = GameRuleView),
        (status = 404, description = "There is no such rule", body = ErrorBody),
    ),
)]
#[get("/api/game-rules/by-slug/{slug}")]
pub(crate) async fn rule_by_slug(
    db: Data<Db>,
    Input(Path(Slug(slug))): Input<Path<Slug>>,
) -> Result<Answer<GameRuleView>, Problem> {
    let row = db.read_one(store::game_rule_by_slug(&slug)).await?.ok_or(RoomError::NoSuchRule)?;
    Ok(Answer(GameRule::from(row).into()))
}

/// The rules of a game.
#[derive(Serialize, ToSchema)]
pub(crate) struct GameRuleView {
    id: GameRuleId,
    #[schema(example = "skill_assessment")]
    slug: String,
    name: String,
    description: Option<String>,
    version: String,
    /// The deck and the zones, with their positions.
    #[schema(value_type = Object)]
    layout_config: Json,
    /// The number of cards that each zone takes.
    #[schema(value_type = Object)]
    constraint_config: Json,
    is_active: bool,
}

impl From<GameRule> for GameRuleView {
    fn from(rule: GameRule) -> Self {
        Self {
            id: rule.id,
            slug: rule.slug,
            name: rule.name,
            description: rule.description,
            version: rule.version,
            layout_config: rule.layout_config,
            constraint_config: rule.constraint_config,
            is_active: rule.is_active,
        }
    }
}
