//! The types and the templates of game rules over HTTP: other views of the same rules.

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use api::{AuthErrors, Authed, ErrorBody, InputErrors, OverloadErrors, Path, Problem};
use auth::{Account, Caller, Permission};
use database::Db;
use documents::Json;
use ids::GameRuleId;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use values::{Field, Location, PathParam, time};

use crate::error::RoomError;
use crate::game_rule::GameRule;
use crate::store;

/// List the types of games
///
/// What each rule amounts to: the number of its zones, and the cards that they take.
#[utoipa::path(tag = "game rules", responses(
    OverloadErrors,
    (status = 200, description = "The types", body = TypesView),
))]
#[get("/api/game-rules/types")]
pub(crate) async fn list_types(db: Data<Db>) -> Result<Answer<TypesView>, Problem> {
    let rules = db.read_all(store::game_rules()).await?.into_iter();
    let rule_types: Vec<TypeView> = rules.map(|row| GameRule::from(row).into()).collect();
    let total = rule_types.len();
    Ok(Answer(TypesView { rule_types, total }))
}

/// List the templates of game rules
///
/// By name, for those who may open rooms.
#[utoipa::path(tag = "game rules", security(("bearer" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "The templates", body = Vec<TemplateView>),
    (status = 403, description = "The account opens no rooms", body = ErrorBody),
))]
#[get("/api/game-rules/templates")]
pub(crate) async fn list_templates(
    db: Data<Db>,
    caller: Caller,
) -> Result<Answer<Vec<TemplateView>>, Problem> {
    authorize(&caller.0)?;
    let rows = db.read_all(store::game_rules()).await?;
    let mut rules: Vec<GameRule> = rows.into_iter().map(GameRule::from).collect();
    rules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Answer(rules.into_iter().map(TemplateView::from).collect()))
}

/// Get a template of a game rule
#[utoipa::path(tag = "game rules", security(("bearer" = [])),
    params(Path<TemplateId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The template", body = TemplateView),
        (status = 403, description = "The account opens no rooms", body = ErrorBody),
        (status = 404, description = "There is no such template", body = ErrorBody),
    ),
)]
#[get("/api/game-rules/templates/{template_id}")]
pub(crate) async fn get_template(
    db: Data<Db>,
    Authed(Caller(account), Path(TemplateId(id))): Authed<Caller, Path<TemplateId>>,
) -> Result<Answer<TemplateView>, Problem> {
    authorize(&account)?;
    let row = db.read_one(store::game_rule(id)).await?.map(GameRule::from);
    let rule = row.filter(|it| it.is_active).ok_or(RoomError::NoSuchTemplate)?;
    Ok(Answer(rule.into()))
}

fn authorize(account: &Account) -> Result<(), RoomError> {
    let may = account.roles.may(Permission::CreateRoom);
    if may { Ok(()) } else { Err(RoomError::NoTemplates) }
}

/// The id of a template in a path.
pub(crate) struct TemplateId(GameRuleId);

impl Field for TemplateId {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        GameRuleId::read(value, location).map(Self)
    }
}

impl PathParam for TemplateId {
    const NAME: &'static str = "template_id";
    const DESCRIPTION: &'static str = "The id of the template, which is that of the rule";
}

/// The types of games.
#[derive(Serialize, ToSchema)]
pub(crate) struct TypesView {
    rule_types: Vec<TypeView>,
    /// Their number.
    total: usize,
}

/// A type of game.
#[derive(Serialize, ToSchema)]
pub(crate) struct TypeView {
    /// The slug of the rule.
    #[schema(example = "skill_assessment")]
    id: String,
    name: String,
    description: Option<String>,
    /// The number of zones.
    zones: usize,
    /// The cards that each zone takes, one number where all take as many; `null` is any number.
    #[schema(value_type = Value)]
    max_cards_per_zone: Value,
    /// `layout` and `constraints` of the rule.
    #[schema(value_type = Object)]
    config: Value,
}

impl From<GameRule> for TypeView {
    fn from(rule: GameRule) -> Self {
        let layout = tree(&rule.layout_config);
        let zones = layout["zones"].as_array().cloned().unwrap_or_default();
        let mut most: Vec<Value> = zones.iter().map(|zone| zone["max_cards"].clone()).collect();
        let is_same = most.windows(2).all(|pair| pair[0] == pair[1]);
        let max_cards_per_zone = match most.pop() {
            Some(all) if is_same => all,
            last => most.into_iter().chain(last).collect(),
        };
        Self {
            id: rule.slug,
            name: rule.name,
            description: rule.description,
            zones: zones.len(),
            max_cards_per_zone,
            config: json!({ "layout": layout, "constraints": tree(&rule.constraint_config) }),
        }
    }
}

fn tree(document: &Json) -> Value {
    serde_json::from_str(document.text()).unwrap_or_default()
}

/// A template of a game rule, as the earlier backend stored it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TemplateView {
    id: GameRuleId,
    name: String,
    #[schema(example = "skill_assessment")]
    slug: String,
    description: Option<String>,
    version: String,
    /// The deck and the zones, with their positions.
    #[schema(value_type = Object)]
    layout_config: Json,
    /// The number of cards that each zone takes.
    #[schema(value_type = Object)]
    constraint_config: Json,
    /// Always empty.
    #[schema(value_type = Object)]
    validation_rules: Value,
    /// Always `null`.
    #[schema(value_type = Option<Object>)]
    ui_config: Value,
    is_active: bool,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    updated_at: String,
}

impl From<GameRule> for TemplateView {
    fn from(rule: GameRule) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            slug: rule.slug,
            description: rule.description,
            version: rule.version,
            layout_config: rule.layout_config,
            constraint_config: rule.constraint_config,
            validation_rules: json!({}),
            ui_config: Value::Null,
            is_active: rule.is_active,
            created_at: time::zulu(rule.created_at),
            updated_at: time::zulu(rule.updated_at),
        }
    }
}
