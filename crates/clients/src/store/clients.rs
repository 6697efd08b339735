//! Queries on clients.

use chrono::{DateTime, Utc};
use database::schema::{clients, consultation_records, users};
use database::{At, Execute, Fetch, ForNoKeyUpdate, columns, latest};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use documents::Json;
use ids::{AccountId, ClientId};

use crate::client::{Client, Status, Verification, fold};

/// A row of `clients`.
#[derive(AsChangeset, Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = clients, treat_none_as_null = true)]
pub(crate) struct ClientRow {
    pub(crate) id: ClientId,
    pub(crate) counselor_id: AccountId,
    name: Option<String>,
    name_key: Option<String>,
    email: Option<String>,
    email_key: Option<String>,
    phone: Option<String>,
    notes: Option<String>,
    tags: Json,
    status: String,
    email_verified: bool,
    verified_at: Option<At>,
    verification_hash: Option<Vec<u8>>,
    verification_expires_at: Option<At>,
    version: i64,
    created_at: At,
    updated_at: At,
}

/// A client, the number of its records, and the latest of their dates.
pub(crate) type ListedRow = (ClientRow, Option<i64>, Option<At>);

impl ClientRow {
    /// The row of a client.
    ///
    /// # Errors
    /// When the tags cannot be written as JSON, which is a bug.
    pub(crate) fn of(client: &Client) -> serde_json::Result<Self> {
        let verification = client.verification.clone();
        let (hash, expires_at) = verification.map(|it| (it.hash, it.expires_at)).unzip();
        Ok(Self {
            id: client.id,
            counselor_id: client.counselor_id,
            name: client.name.clone(),
            name_key: client.name.as_deref().map(fold),
            email: client.email.clone(),
            email_key: client.email.as_deref().map(fold),
            phone: client.phone.clone(),
            notes: client.notes.clone(),
            tags: json_texts(&client.tags)?,
            status: client.status.as_str().to_owned(),
            email_verified: client.email_verified,
            verified_at: client.verified_at.map(At::from),
            verification_hash: hash,
            verification_expires_at: expires_at.map(At::from),
            version: client.version,
            created_at: client.created_at.into(),
            updated_at: client.updated_at.into(),
        })
    }

    /// The client of the row.
    ///
    /// # Errors
    /// When the tags are damaged.
    pub(crate) fn client(self) -> serde_json::Result<Client> {
        let verification = self.verification_hash.zip(self.verification_expires_at);
        Ok(Client {
            id: self.id,
            counselor_id: self.counselor_id,
            name: self.name,
            email: self.email,
            phone: self.phone,
            notes: self.notes,
            tags: serde_json::from_str(self.tags.text())?,
            status: Status::of(&self.status).unwrap_or(Status::Inactive),
            email_verified: self.email_verified,
            verified_at: self.verified_at.map(At::utc),
            verification: verification
                .map(|(hash, end)| Verification { hash, expires_at: end.utc() }),
            version: self.version,
            created_at: self.created_at.utc(),
            updated_at: self.updated_at.utc(),
        })
    }
}

/// A list of texts as a document.
pub(crate) fn json_texts(texts: &[String]) -> serde_json::Result<Json> {
    Json::from_canonical(serde_json::to_string(texts)?)
}

/// A place in the list of clients.
pub(crate) type Place = (At, ClientId);

/// The place before all clients: the last second of the year 9999.
pub(crate) fn first_place() -> Place {
    let end = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    (end.into(), ClientId::from_u128(0))
}

/// The number of records of the client of each row of the query around it.
macro_rules! consultations {
    () => {
        consultation_records::table
            .filter(consultation_records::client_id.eq(clients::id))
            .count()
            .single_value()
    };
}

/// The date of the latest of these records.
macro_rules! last_consultation {
    () => {
        consultation_records::table
            .filter(consultation_records::client_id.eq(clients::id))
            .select(latest(consultation_records::session_date))
            .single_value()
    };
}

/// Locks the row of an account. Rows that refer to it can be inserted meanwhile.
pub(crate) fn lock_account(id: AccountId) -> impl Fetch<'static, AccountId> {
    ForNoKeyUpdate(users::table.find(id).select(users::id))
}

/// The number of clients of an account.
pub(crate) fn count_clients(owner: AccountId) -> impl Fetch<'static, i64> {
    clients::table.filter(clients::counselor_id.eq(owner)).count()
}

/// Inserts a client, unless its counsellor has one with the same address.
pub(crate) fn insert_client(row: &ClientRow) -> impl Fetch<'_, ClientId> {
    diesel::insert_into(clients::table)
        .values(row)
        .on_conflict((clients::counselor_id, clients::email_key))
        .do_nothing()
        .returning(clients::id)
}

/// The client with this id.
pub(crate) fn client(id: ClientId) -> impl Fetch<'static, ClientRow> {
    clients::table.find(id).select(columns::<ClientRow>())
}

/// The client with this id, whose row it locks.
pub(crate) fn lock_client(id: ClientId) -> impl Fetch<'static, ClientRow> {
    ForNoKeyUpdate(clients::table.find(id).select(columns::<ClientRow>()))
}

/// The client with this id, and its records counted.
pub(crate) fn listed_client(id: ClientId) -> impl Fetch<'static, ListedRow> {
    clients::table.filter(clients::id.eq(id)).select((
        columns::<ClientRow>(),
        consultations!(),
        last_consultation!(),
    ))
}

/// At most `limit` clients of an owner after this place, newest first, and their records counted; those of
/// this status alone, and those whose name or address fits the pattern.
pub(crate) fn clients_after(
    owner: AccountId,
    status: Option<Status>,
    pattern: Option<String>,
    (created_at, id): Place,
    limit: i64,
) -> impl Fetch<'static, ListedRow> {
    let any_status = status.is_none().into_sql::<Bool>();
    let any_text = pattern.is_none().into_sql::<Bool>();
    let status = status.map_or("", Status::as_str);
    let pattern = pattern.unwrap_or_default();
    let is_older = clients::created_at
        .lt(created_at)
        .or(clients::created_at.eq(created_at).and(clients::id.gt(id)));
    let fits = clients::name_key
        .like(pattern.clone())
        .escape('\\')
        .or(clients::email_key.like(pattern).escape('\\'))
        .or(any_text);
    clients::table
        .filter(clients::counselor_id.eq(owner))
        .filter(clients::status.eq(status).or(any_status))
        .filter(fits)
        .filter(clients::created_at.le(created_at))
        .filter(is_older)
        .order((clients::created_at.desc(), clients::id))
        .limit(limit)
        .select((columns::<ClientRow>(), consultations!(), last_consultation!()))
}

/// The place of a client in the list of its counsellor.
pub(crate) fn place_of_client(owner: AccountId, id: ClientId) -> impl Fetch<'static, Place> {
    clients::table
        .find(id)
        .filter(clients::counselor_id.eq(owner))
        .select((clients::created_at, clients::id))
}

/// Saves a client whose row is locked.
pub(crate) fn save_client(row: &ClientRow) -> impl Execute + '_ {
    diesel::update(clients::table.find(row.id)).set(row)
}

/// Verifies the address that the token of this hash was mailed to, unless it has expired at `now`; the token
/// is void then.
pub(crate) fn verify(hash: &[u8], now: DateTime<Utc>) -> impl Fetch<'_, ClientId> {
    let now = At::from(now);
    diesel::update(clients::table)
        .filter(clients::verification_hash.eq(hash))
        .filter(clients::verification_expires_at.gt(now))
        .set((
            clients::email_verified.eq(true),
            clients::verified_at.eq(now),
            clients::verification_hash.eq(None::<Vec<u8>>),
            clients::verification_expires_at.eq(None::<At>),
            clients::version.eq(clients::version + 1),
            clients::updated_at.eq(now),
        ))
        .returning(clients::id)
}
