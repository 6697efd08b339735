//! Creating a client, with the first room.

use auth::{Account, Permission};
use database::idempotency::{
    AnswerRow, IdempotentRequest, PriorAnswer, find_answers, prior_answers, store_answer,
};
use database::{DatabaseError, Db, Transaction};
use ids::{AuthorId, ClientId, RoomId};
use rooms::{Description, NewRoom, Room, RoomName};
use serde::{Deserialize, Serialize};
use tracing::info;
use values::time;

use crate::bounds::ClientBounds;
use crate::client::{Client, NewClient};
use crate::error::ClientError;
use crate::store;

/// The purpose of a client's first room.
const PURPOSE: &str = "主要諮詢空間";

/// A client that was created, and the first room.
#[derive(Clone, Debug)]
pub struct Created {
    /// The client.
    pub client: Client,
    /// The room.
    pub room: Room,
}

/// What a repetition of the request is answered from: the rows, as they are by then.
#[derive(Serialize, Deserialize)]
struct StoredAnswer {
    client: ClientId,
    room: RoomId,
}

/// Creates a client of `owner` and the client's first room: both or neither.
///
/// # Errors
/// When the account may have no clients, has too many or too many rooms, or has one with this address; when
/// the idempotency key stands for another request.
pub async fn create(
    db: &Db,
    bounds: &ClientBounds,
    owner: &Account,
    new: &NewClient,
    attempt: Option<IdempotentRequest>,
) -> Result<Created, ClientError> {
    if !owner.roles.may(Permission::ManageClients) {
        return Err(ClientError::NotACounsellor);
    }
    let created = db.transaction(async |transaction: &mut Transaction<'_>| {
        // The row of the account is held first, so that its clients and rooms are counted one creation
        // after the other.
        transaction.fetch_one(store::lock_account(owner.id)).await?;
        if let Some(answer) = prior_answer(transaction, attempt.as_ref()).await? {
            return repeated(transaction, &answer).await;
        }
        let created = insert(transaction, bounds, owner, new).await?;
        if let Some(attempt) = &attempt {
            store_prior(transaction, attempt, &created).await?;
        }
        Ok(created)
    });
    let created = created.await?;
    info!(client.id = %created.client.id, "client {} created", created.client.id);
    Ok(created)
}

async fn insert(
    transaction: &mut Transaction<'_>,
    bounds: &ClientBounds,
    owner: &Account,
    new: &NewClient,
) -> Result<Created, ClientError> {
    let count = transaction.fetch_one(store::count_clients(owner.id)).await?.unwrap_or(0);
    if count >= bounds.rules.per_account {
        return Err(ClientError::TooManyClients);
    }
    let client = Client::new(new, owner.id, time::now());
    let row = store::ClientRow::of(&client)?;
    let inserted = transaction.fetch_one(store::insert_client(&row)).await?;
    inserted.ok_or(ClientError::EmailTaken)?;
    let room = NewRoom {
        name: RoomName::trusted(&client.room_name()),
        description: Some(Description::trusted(PURPOSE)),
        rule: None,
        expires_at: None,
        client_id: Some(client.id),
    };
    let room = rooms::open::open_in(transaction, owner.id, &room, bounds.rooms).await?;
    Ok(Created { client, room })
}

async fn prior_answer(
    transaction: &mut Transaction<'_>,
    attempt: Option<&IdempotentRequest>,
) -> Result<Option<StoredAnswer>, ClientError> {
    let Some(attempt) = attempt else { return Ok(None) };
    let rows: Vec<AnswerRow> = transaction.fetch_all(find_answers([attempt].into_iter())).await?;
    let mut prior = prior_answers([attempt].into_iter(), &rows);
    match prior.remove(&(attempt.author_id, attempt.key.as_str())) {
        None => Ok(None),
        Some(PriorAnswer::Different) => Err(ClientError::KeyReused),
        Some(PriorAnswer::Same(answer)) => Ok(Some(serde_json::from_str(&answer)?)),
    }
}

async fn store_prior(
    transaction: &mut Transaction<'_>,
    attempt: &IdempotentRequest,
    created: &Created,
) -> Result<(), ClientError> {
    let answer = StoredAnswer { client: created.client.id, room: created.room.id };
    let row = AnswerRow::new(attempt, serde_json::to_string(&answer)?);
    let stored: Option<AuthorId> = transaction.fetch_one(store_answer(&row)).await?;
    // Another instance has carried the same request out.
    stored.map(drop).ok_or_else(|| DatabaseError::Contended.into())
}

async fn repeated(
    transaction: &mut Transaction<'_>,
    answer: &StoredAnswer,
) -> Result<Created, ClientError> {
    let client = transaction.fetch_one(store::client(answer.client)).await?;
    let client = client.ok_or(ClientError::NoSuchClient)?.client()?;
    let room = rooms::manage::find_in(transaction, answer.room).await?;
    Ok(Created { client, room })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_an_earlier_version_stored_is_read() {
        // Never change it: rows like it are in databases.
        let stored = r#"{"client":"00000000-0000-4000-8000-000000000001","room":"00000000-0000-4000-8000-000000000002"}"#;
        let answer: StoredAnswer = serde_json::from_str(stored).unwrap();
        assert_eq!(answer.client, ClientId::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001));
        assert_eq!(serde_json::to_string(&answer).unwrap(), stored);
    }
}
