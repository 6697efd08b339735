//! New rooms are committed in groups, each together with the answer that a repetition gets.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use database::group_commit::{GroupError, GroupWriter, Lanes};
use database::idempotency::{
    self, AnswerRow, IdempotentRequest, PriorAnswer, prior_answers, retry_unless_stored,
};
use database::{fetch_all_in_place, fetch_in_place};
use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ids::{AccountId, AuthorId, ClientId, GameRuleId, RoomId};

use crate::game_rule::RuleSlug;
use crate::quota::Quota;
use crate::room::{OwnedRoom, Room};
use crate::store::{self, RoomRow};

/// The lanes that commit new rooms. Clones share them.
pub type Openings = Lanes<RoomWriter>;

/// A room to be inserted.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The room, under a code that may be taken, without a rule.
    pub room: Room,
    /// The slug of its rule.
    pub rule: Option<RuleSlug>,
    /// The idempotency key, if the request has one.
    pub attempt: Option<IdempotentRequest>,
}

/// The outcome of an [`Opening`].
#[derive(Clone, Debug)]
pub enum Opened {
    /// The room, opened now or by an earlier request with the same key.
    Room(OwnedRoom),
    /// Another room has the share code.
    CodeTaken,
    /// There is no such rule, or no room may be opened with it.
    UnknownRule(RuleSlug),
    /// The owner has no such client.
    UnknownClient,
    /// The account has as many rooms as it may have.
    TooMany,
    /// The idempotency key stands for another request.
    KeyReused,
}

/// Inserts groups of rooms.
#[derive(Clone, Debug)]
pub struct RoomWriter {
    quota: Quota<AccountId>,
}

/// Ids of rules by their slugs.
type Rules = HashMap<String, GameRuleId>;

/// Counsellors and names of clients.
type Clients = HashMap<ClientId, (AccountId, Option<String>)>;

/// What a room refers to and its owner may not.
enum Unknown {
    Rule(RuleSlug),
    Client,
}

/// What the rooms of a group refer to.
#[derive(Default)]
struct References {
    rules: Rules,
    clients: Clients,
}

impl RoomWriter {
    /// A writer that lets an account have `per_account` rooms.
    pub fn new(per_account: i64) -> Self {
        Self { quota: Quota::of(per_account) }
    }

    async fn write(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Opening],
    ) -> Result<Vec<Opened>, GroupError> {
        let mut before = HashMap::new();
        if attempts(group).next().is_some() {
            let rows = idempotency::find_answers(attempts(group)).load(connection).await?;
            before = outcomes_before(group, &rows)?;
        }
        let mut references = References::default();
        let (slugs, clients) = (slugs(group), clients(group));
        if !slugs.is_empty() {
            let open: Vec<_> = store::open_rules(slugs).load(connection).await?;
            references.rules.extend(open);
        }
        if !clients.is_empty() {
            references.add_clients(store::clients(clients).load(connection).await?);
        }
        let new = new_rooms(group, &before, &references);
        let uncounted = self.quota.uncounted(&per_owner(&new));
        if !uncounted.is_empty() {
            let counts: Vec<_> = store::count_rooms(uncounted.clone()).load(connection).await?;
            self.quota.counted(uncounted, &counts.into_iter().collect());
        }
        let admitted = self.admit(new);
        let rooms: Vec<RoomRow> = match admitted.as_slice() {
            [] => Vec::new(),
            admitted => store::insert_rooms(admitted).load(connection).await?,
        };
        let rooms = by_id(rooms);
        self.release(&admitted, &rooms);
        let answers = answers(group, &rooms)?;
        if !answers.is_empty() {
            let stored = idempotency::store_answers(&answers).execute(connection).await?;
            retry_unless_stored(stored == answers.len())?;
        }
        Ok(outcomes(group, &before, &references, &admitted, &rooms))
    }

    /// The rooms that their owners may still have.
    fn admit(&mut self, new: Vec<RoomRow>) -> Vec<RoomRow> {
        let mut admitted = new;
        admitted.retain(|row| {
            let is_admitted = self.quota.free(row.counselor_id) > 0;
            if is_admitted {
                self.quota.add(row.counselor_id, 1);
            }
            is_admitted
        });
        admitted
    }

    /// Takes back what was counted for rooms whose share code was taken.
    fn release(&mut self, admitted: &[RoomRow], rooms: &HashMap<RoomId, Room>) {
        for row in admitted.iter().filter(|row| !rooms.contains_key(&row.id)) {
            self.quota.add(row.counselor_id, -1);
        }
    }
}

impl GroupWriter for RoomWriter {
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
            // One statement that writes needs no transaction around it.
            return self.write(connection, group).await;
        }
        connection.transaction(async |connection| self.write(connection, group).await).await
    }

    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Opening],
    ) -> Result<Vec<Opened>, GroupError> {
        let mut before = HashMap::new();
        if attempts(group).next().is_some() {
            let rows = fetch_all_in_place(connection, idempotency::find_answers(attempts(group)))?;
            before = outcomes_before(group, &rows)?;
        }
        let mut references = References::default();
        let (slugs, clients) = (slugs(group), clients(group));
        if !slugs.is_empty() {
            references.rules.extend(fetch_all_in_place(connection, store::open_rules(slugs))?);
        }
        if !clients.is_empty() {
            references.add_clients(fetch_all_in_place(connection, store::clients(clients))?);
        }
        let new = new_rooms(group, &before, &references);
        let uncounted = self.quota.uncounted(&per_owner(&new));
        if !uncounted.is_empty() {
            let counts = fetch_all_in_place(connection, store::count_rooms(uncounted.clone()))?;
            self.quota.counted(uncounted, &counts.into_iter().collect());
        }
        let admitted = self.admit(new);
        let mut rooms = Vec::new();
        for row in &admitted {
            rooms.extend(fetch_in_place::<RoomRow>(connection, store::insert_room(row))?);
        }
        let rooms = by_id(rooms);
        self.release(&admitted, &rooms);
        for answer in &answers(group, &rooms)? {
            let stored: Option<AuthorId> =
                fetch_in_place(connection, idempotency::store_answer(answer))?;
            retry_unless_stored(stored.is_some())?;
        }
        Ok(outcomes(group, &before, &references, &admitted, &rooms))
    }
}

fn attempts(group: &[Opening]) -> impl Iterator<Item = &IdempotentRequest> {
    group.iter().filter_map(|opening| opening.attempt.as_ref())
}

/// The outcome of a request that was sent before.
enum Before {
    Room(Room),
    KeyReused,
}

/// The outcomes of requests that were sent before, by the room that each of them would open now.
fn outcomes_before(
    group: &[Opening],
    rows: &[AnswerRow],
) -> Result<HashMap<RoomId, Before>, GroupError> {
    let prior = prior_answers(attempts(group), rows);
    let mut before = HashMap::new();
    for opening in group {
        let name = opening.attempt.as_ref().map(|it| (it.author_id, it.key.as_str()));
        let opened = match name.and_then(|name| prior.get(&name)) {
            Some(PriorAnswer::Same(room)) => Before::Room(store::read_answer(room)?),
            Some(PriorAnswer::Different) => Before::KeyReused,
            None => continue,
        };
        before.insert(opening.room.id, opened);
    }
    Ok(before)
}

/// The slugs of the rules that the group names, each once.
fn slugs(group: &[Opening]) -> Vec<String> {
    let slugs: BTreeSet<&str> = group.iter().filter_map(|it| Some(&**it.rule.as_ref()?)).collect();
    slugs.into_iter().map(str::to_owned).collect()
}

/// The clients that the group names, each once.
fn clients(group: &[Opening]) -> Vec<ClientId> {
    let clients: BTreeSet<ClientId> = group.iter().filter_map(|it| it.room.client_id).collect();
    clients.into_iter().collect()
}

impl References {
    fn add_clients(&mut self, rows: Vec<(ClientId, AccountId, Option<String>)>) {
        let rows = rows.into_iter().map(|(id, counsellor, name)| (id, (counsellor, name)));
        self.clients.extend(rows);
    }

    /// The id of the room's rule; what is wrong, if no room may be opened with it or its client is not its
    /// owner's.
    fn rule(&self, opening: &Opening) -> Result<Option<GameRuleId>, Unknown> {
        let Opening { room, rule, .. } = opening;
        let is_own = |id| self.clients.get(&id).is_some_and(|it| it.0 == room.counselor_id);
        if room.client_id.is_some_and(|id| !is_own(id)) {
            return Err(Unknown::Client);
        }
        let Some(slug) = rule else { return Ok(None) };
        let id = self.rules.get(&**slug).copied();
        id.map(Some).ok_or_else(|| Unknown::Rule(slug.clone()))
    }

    /// The room with the name of its client.
    fn owned(&self, room: &Room) -> OwnedRoom {
        let client = room.client_id.and_then(|id| self.clients.get(&id));
        OwnedRoom { room: room.clone(), client_name: client.and_then(|it| it.1.clone()) }
    }
}

/// The rooms that no earlier request opened and whose rule and client are known.
fn new_rooms(
    group: &[Opening],
    before: &HashMap<RoomId, Before>,
    references: &References,
) -> Vec<RoomRow> {
    let row = |opening: &Opening| {
        let game_rule_id = references.rule(opening).ok()?;
        Some(RoomRow::from(&Room { game_rule_id, ..opening.room.clone() }))
    };
    group.iter().filter(|it| !before.contains_key(&it.room.id)).filter_map(row).collect()
}

/// The number of rooms of each owner.
fn per_owner(rooms: &[RoomRow]) -> HashMap<AccountId, i64> {
    let mut numbers = HashMap::new();
    for room in rooms {
        *numbers.entry(room.counselor_id).or_insert(0) += 1;
    }
    numbers
}

fn by_id(rows: Vec<RoomRow>) -> HashMap<RoomId, Room> {
    rows.into_iter().map(Room::from).map(|room| (room.id, room)).collect()
}

fn outcomes(
    group: &[Opening],
    before: &HashMap<RoomId, Before>,
    references: &References,
    admitted: &[RoomRow],
    rooms: &HashMap<RoomId, Room>,
) -> Vec<Opened> {
    let admitted: HashSet<RoomId> = admitted.iter().map(|row| row.id).collect();
    let outcome = |opening: &Opening| {
        let id = opening.room.id;
        match before.get(&id) {
            Some(Before::Room(room)) => return Opened::Room(references.owned(room)),
            Some(Before::KeyReused) => return Opened::KeyReused,
            None => {}
        }
        match (rooms.get(&id), references.rule(opening)) {
            (Some(room), _) => Opened::Room(references.owned(room)),
            (None, Err(Unknown::Rule(slug))) => Opened::UnknownRule(slug),
            (None, Err(Unknown::Client)) => Opened::UnknownClient,
            (None, Ok(_)) if admitted.contains(&id) => Opened::CodeTaken,
            (None, Ok(_)) => Opened::TooMany,
        }
    };
    group.iter().map(outcome).collect()
}

/// The answers to store with the group: those that repetitions get of requests that have a key and opened
/// a room now.
fn answers(group: &[Opening], rooms: &HashMap<RoomId, Room>) -> Result<Vec<AnswerRow>, GroupError> {
    let mut answers = Vec::new();
    for opening in group {
        if let (Some(attempt), Some(room)) = (&opening.attempt, rooms.get(&opening.room.id)) {
            answers.push(AnswerRow::new(attempt, store::write_answer(room)?));
        }
    }
    Ok(answers)
}
