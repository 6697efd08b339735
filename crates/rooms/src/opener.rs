//! New rooms, as they are committed in groups, each with the answer that a repetition gets.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use database::group_commit::{GroupError, GroupWriter, Lanes};
use database::idempotency::{
    self, AnswerRow, IdempotentRequest, PriorAnswer, prior_answers, retry_unless_stored,
};
use database::{fetch_all_in_place, fetch_in_place};
use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ids::{AuthorId, GameRuleId, RoomId};
use serde_json::to_string;

use crate::game_rule::RuleSlug;
use crate::room::Room;
use crate::store::{self as table, RoomRow};

/// Where rooms are opened. Cloning shares it.
pub type Openings = Lanes<Opener>;

/// A room to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The room, under a code that may be taken, without a rule.
    pub room: Room,
    /// The rule to play by.
    pub rule: Option<RuleSlug>,
    /// The client's name for the request, if it may be repeated.
    pub attempt: Option<IdempotentRequest>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Opened {
    /// The room, opened now or when the request was sent first.
    Room(Room),
    /// Another room has the code.
    CodeTaken,
    /// No room can be opened with the rule.
    UnknownRule(RuleSlug),
    /// The client's name for the request stands for another one.
    KeyReused,
}

/// What carries openings out.
#[derive(Clone, Copy, Debug)]
pub struct Opener;

/// Ids of rules by their slugs.
type Rules = HashMap<String, GameRuleId>;

impl GroupWriter for Opener {
    const NAME: &'static str = "open";
    type Request = Opening;
    type Answer = Opened;

    fn order(opening: &Opening) -> impl Hash {
        opening.room.counselor_id
    }

    async fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Opening],
    ) -> Result<Vec<Opened>, GroupError> {
        if attempts(group).next().is_none() {
            let rules = rules(connection, group).await?;
            let rooms = open(connection, group.iter(), &rules).await?;
            return Ok(group.iter().map(|it| opened(it, &rules, &rooms)).collect());
        }
        connection
            .transaction(async |connection| {
                let rows = idempotency::find_answers(attempts(group)).load(connection).await?;
                let before = before(group, &rows)?;
                let rules = rules(connection, group).await?;
                let is_new = |it: &&Opening| !before.contains_key(&it.room.id);
                let rooms = open(connection, group.iter().filter(is_new), &rules).await?;
                let answers: Vec<_> = group.iter().filter_map(|it| answer(it, &rooms)).collect();
                if !answers.is_empty() {
                    let kept = idempotency::store_answers(&answers).execute(connection).await?;
                    retry_unless_stored(kept == answers.len())?;
                }
                let earlier = |it: &Opening| before.get(&it.room.id).cloned();
                let outcome = |it| earlier(it).unwrap_or_else(|| opened(it, &rules, &rooms));
                Ok(group.iter().map(outcome).collect())
            })
            .await
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Opening],
    ) -> Result<Vec<Opened>, GroupError> {
        let mut rows = Vec::new();
        if attempts(group).next().is_some() {
            rows = fetch_all_in_place(connection, idempotency::find_answers(attempts(group)))?;
        }
        let mut before = before(group, &rows)?;
        let mut rules = Rules::new();
        if slugs(group).next().is_some() {
            let open = table::open_rules(slugs(group).collect());
            rules.extend(fetch_all_in_place(connection, open)?);
        }
        let mut outcomes = Vec::with_capacity(group.len());
        for opening in group {
            if let Some(before) = before.remove(&opening.room.id) {
                outcomes.push(before);
                continue;
            }
            let room: Option<RoomRow> = match row(opening, &rules) {
                Some(row) => fetch_in_place(connection, table::open(&row))?,
                None => None,
            };
            let rooms = by_id(room);
            if let Some(answer) = answer(opening, &rooms) {
                let kept: Option<AuthorId> =
                    fetch_in_place(connection, idempotency::store_answer(&answer))?;
                retry_unless_stored(kept.is_some())?;
            }
            outcomes.push(opened(opening, &rules, &rooms));
        }
        Ok(outcomes)
    }
}

fn attempts(group: &[Opening]) -> impl Iterator<Item = &IdempotentRequest> {
    group.iter().filter_map(|opening| opening.attempt.as_ref())
}

/// What came of the requests that were sent before, by the room that each of them would open now.
fn before(group: &[Opening], rows: &[AnswerRow]) -> Result<HashMap<RoomId, Opened>, GroupError> {
    let earlier = prior_answers(attempts(group), rows);
    let mut before = HashMap::new();
    for opening in group {
        let name = opening.attempt.as_ref().map(|it| (it.author_id, it.key.as_str()));
        let opened = match name.and_then(|name| earlier.get(&name)) {
            Some(PriorAnswer::Same(room)) => Opened::Room(idempotency::parse_answer(room)?),
            Some(PriorAnswer::Different) => Opened::KeyReused,
            None => continue,
        };
        before.insert(opening.room.id, opened);
    }
    Ok(before)
}

/// The rules that are asked for, each once.
fn slugs(group: &[Opening]) -> impl Iterator<Item = String> {
    let slugs: BTreeSet<&str> = group.iter().filter_map(|it| Some(&**it.rule.as_ref()?)).collect();
    slugs.into_iter().map(str::to_owned)
}

/// Those of them that rooms may be opened with.
async fn rules(connection: &mut AsyncPgConnection, group: &[Opening]) -> Result<Rules, GroupError> {
    let slugs: Vec<String> = slugs(group).collect();
    if slugs.is_empty() {
        return Ok(Rules::new());
    }
    let rules: Vec<(String, GameRuleId)> = table::open_rules(slugs).load(connection).await?;
    Ok(rules.into_iter().collect())
}

/// The rule of the room, or its slug if no room can be opened with it.
fn rule<'a>(opening: &'a Opening, rules: &Rules) -> Result<Option<GameRuleId>, &'a RuleSlug> {
    let Some(slug) = &opening.rule else { return Ok(None) };
    rules.get(&**slug).copied().map(Some).ok_or(slug)
}

/// The room with its rule, if one can be opened with it.
fn row(opening: &Opening, rules: &Rules) -> Option<RoomRow> {
    let game_rule_id = rule(opening, rules).ok()?;
    Some(RoomRow::from(&Room { game_rule_id, ..opening.room.clone() }))
}

/// Keeps these rooms, except where the rule is unknown or the share code is taken.
async fn open(
    connection: &mut AsyncPgConnection,
    openings: impl Iterator<Item = &Opening>,
    rules: &Rules,
) -> Result<HashMap<RoomId, Room>, GroupError> {
    let rooms: Vec<RoomRow> = openings.filter_map(|it| row(it, rules)).collect();
    if rooms.is_empty() {
        return Ok(HashMap::new());
    }
    let opened: Vec<RoomRow> = table::open_many(&rooms).load(connection).await?;
    Ok(by_id(opened))
}

fn by_id(rows: impl IntoIterator<Item = RoomRow>) -> HashMap<RoomId, Room> {
    rows.into_iter().map(Room::from).map(|room| (room.id, room)).collect()
}

fn opened(opening: &Opening, rules: &Rules, rooms: &HashMap<RoomId, Room>) -> Opened {
    match (rooms.get(&opening.room.id), rule(opening, rules)) {
        (Some(room), _) => Opened::Room(room.clone()),
        (None, Err(rule)) => Opened::UnknownRule(rule.clone()),
        (None, Ok(_)) => Opened::CodeTaken,
    }
}

/// What to keep for when the request is repeated.
fn answer(opening: &Opening, rooms: &HashMap<RoomId, Room>) -> Option<AnswerRow> {
    let attempt = opening.attempt.as_ref()?;
    let room = rooms.get(&opening.room.id)?;
    to_string(room).ok().map(|room| AnswerRow::new(attempt, room))
}
