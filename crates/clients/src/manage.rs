//! Changing and archiving clients, and listing their rooms.

use api::SentTags;
use auth::Account;
use database::{Db, Transaction};
use ids::ClientId;
use rooms::Room;
use values::time;

use crate::client::{Client, ClientAction, ClientChange};
use crate::error::ClientError;
use crate::list::{self, ListedClient};
use crate::store::{self, ClientRow};

/// A client, if `account` may carry out the action.
///
/// # Errors
/// When there is no such client, or the account may not.
pub async fn find_for(
    db: &Db,
    account: &Account,
    id: ClientId,
    action: ClientAction,
) -> Result<ListedClient, ClientError> {
    let listed = list::find(db, id).await?;
    let is_admitted = listed.client.admits(account);
    if is_admitted { Ok(listed) } else { Err(ClientError::Forbidden(action)) }
}

/// Changes the fields of a client that are given; under `condition` only a version that it names.
///
/// # Errors
/// When there is no such client, the account may not change it, another client has the address, or the
/// condition does not hold.
pub async fn update(
    db: &Db,
    account: &Account,
    id: ClientId,
    change: &ClientChange,
    condition: Option<&SentTags>,
) -> Result<ListedClient, ClientError> {
    let changed = |client: &Client| Ok(client.changed(change, time::now()));
    let action = ClientAction::Update;
    save(db, id, |client| authorize(account, client, action), condition, changed).await?;
    list::find(db, id).await
}

/// Archives a client. Archiving it again changes nothing.
///
/// # Errors
/// As [`update`].
pub async fn archive(
    db: &Db,
    account: &Account,
    id: ClientId,
    condition: Option<&SentTags>,
) -> Result<(), ClientError> {
    let archived = |client: &Client| Ok(client.archived(time::now()));
    let action = ClientAction::Archive;
    save(db, id, |client| authorize(account, client, action), condition, archived).await
}

/// The rooms of a client, newest first; with closed ones.
///
/// # Errors
/// When there is no such client, or the account may not see them.
pub async fn rooms_of(db: &Db, account: &Account, id: ClientId) -> Result<Vec<Room>, ClientError> {
    Ok(find_for(db, account, id, ClientAction::Rooms).await?.rooms)
}

fn authorize(account: &Account, client: &Client, action: ClientAction) -> Result<(), ClientError> {
    if client.admits(account) { Ok(()) } else { Err(ClientError::Forbidden(action)) }
}

/// Decides with the row of the client locked what becomes of it, and saves that.
pub(crate) async fn save(
    db: &Db,
    id: ClientId,
    authorize: impl Fn(&Client) -> Result<(), ClientError>,
    condition: Option<&SentTags>,
    change: impl Fn(&Client) -> Result<Client, ClientError>,
) -> Result<(), ClientError> {
    db.transaction(async |transaction: &mut Transaction<'_>| {
        let row = transaction.fetch_one(store::lock_client(id)).await?;
        let client = row.ok_or(ClientError::NoSuchClient)?.client()?;
        authorize(&client)?;
        if condition.is_some_and(|it| !it.include(client.tag())) {
            return Err(ClientError::Stale(client.tag()));
        }
        let changed = change(&client)?;
        if changed == client {
            return Ok(());
        }
        let row = ClientRow::of(&changed)?;
        let saved = transaction.execute(store::save_client(&row)).await;
        saved.map(drop).map_err(|error| {
            if error.is_duplicate() { ClientError::EmailTaken } else { error.into() }
        })
    })
    .await
}
