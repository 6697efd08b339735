//! Game rules over HTTP, for everyone.

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use api::{ErrorBody, Input, InputErrors, OverloadErrors, Path, Problem};
use database::Db;
use ids::GameRuleId;
use serde_json::Value;
use values::{Field, Location, PathParam};

use super::views::GameRuleView;
use crate::error::RoomError;
use crate::game_rule::GameRule;
use crate::store as table;

/// The short name of a rule in a path; any text may be asked for.
pub(crate) struct Slug(String);

impl Field for Slug {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        String::read(value, location).map(Self)
    }
}

impl PathParam for Slug {
    const NAME: &'static str = "slug";
    const DESCRIPTION: &'static str = "The short name";
}

/// List the game rules
#[utoipa::path(tag = "game rules", responses(
    OverloadErrors,
    (status = 200, description = "The rules", body = Vec<GameRuleView>),
))]
#[get("/api/game-rules")]
pub(crate) async fn list_rules(db: Data<Db>) -> Result<Answer<Vec<GameRuleView>>, Problem> {
    let rules = db.read_all(table::game_rules()).await?.into_iter();
    Ok(Answer(rules.map(|row| GameRule::from(row).into()).collect()))
}

/// Get a game rule
#[utoipa::path(tag = "game rules",
    params(Path<GameRuleId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The rule", body = GameRuleView),
        (status = 404, description = "There is no such rule", body = ErrorBody),
    ),
)]
#[get("/api/game-rules/{rule_id}")]
pub(crate) async fn get_rule(
    db: Data<Db>,
    Input(Path(id)): Input<Path<GameRuleId>>,
) -> Result<Answer<GameRuleView>, Problem> {
    let row = db.read_one(table::game_rule(id)).await?.ok_or(RoomError::NoSuchRule)?;
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
    let row = db.read_one(table::game_rule_by_slug(&slug)).await?.ok_or(RoomError::NoSuchRule)?;
    Ok(Answer(GameRule::from(row).into()))
}
