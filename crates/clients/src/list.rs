//! The clients of a counsellor, with their rooms.

use std::collections::HashMap;

use auth::{Account, Permission};
use chrono::{DateTime, Utc};
use database::{At, Db};
use ids::ClientId;
use rooms::{Page, PageRequest, Room};
use values::Text;

use crate::client::{Client, Status, fold};
use crate::error::ClientError;
use crate::store::{self, ListedRow};

/// A text that is searched for in names and addresses.
pub type Search = Text<0, 255>;

/// A client as lists show it.
#[derive(Clone, Debug)]
pub struct ListedClient {
    /// The client.
    pub client: Client,
    /// The number of records of consultations.
    pub consultations: i64,
    /// When the latest of them was.
    pub last_consultation: Option<DateTime<Utc>>,
    /// The client's rooms, newest first; with closed ones.
    pub rooms: Vec<Room>,
}

/// Which clients are listed.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The status that they have.
    pub status: Option<Status>,
    /// The text that their name or address contains, in any case.
    pub search: Option<Search>,
}

/// A page of the clients of `owner`, newest first: two queries for any number of clients, and one more for
/// the place of a later page.
///
/// # Errors
/// When the account may have no clients, or the page is to begin after one that is not theirs.
pub async fn list(
    db: &Db,
    owner: &Account,
    filter: &Filter,
    page: PageRequest<ClientId>,
) -> Result<Page<ListedClient>, ClientError> {
    if !owner.roles.may(Permission::ManageClients) {
        return Err(ClientError::NotACounsellor);
    }
    let place = match page.after {
        Some(id) => db.read_one(store::place_of_client(owner.id, id)).await?,
        None => Some(store::first_place()),
    };
    let place = place.ok_or(ClientError::NoSuchClient)?;
    let pattern = filter.search.as_ref().map(|it| pattern(it));
    let rows = store::clients_after(owner.id, filter.status, pattern, place, page.fetched());
    let Page { items, has_more } = Page::of(db.read_all(rows).await?, page.limit);
    Ok(Page { items: with_rooms(db, items).await?, has_more })
}

/// A client with its records counted and its rooms.
///
/// # Errors
/// When there is no such client.
pub async fn find(db: &Db, id: ClientId) -> Result<ListedClient, ClientError> {
    let row = db.read_one(store::listed_client(id)).await?;
    let clients = with_rooms(db, row.into_iter().collect()).await?;
    clients.into_iter().next().ok_or(ClientError::NoSuchClient)
}

async fn with_rooms(db: &Db, rows: Vec<ListedRow>) -> Result<Vec<ListedClient>, ClientError> {
    let ids: Vec<ClientId> = rows.iter().map(|row| row.0.id).collect();
    let mut rooms: HashMap<ClientId, Vec<Room>> = HashMap::new();
    if !ids.is_empty() {
        for room in rooms::manage::of_clients(db, ids).await? {
            if let Some(client) = room.client_id {
                rooms.entry(client).or_default().push(room);
            }
        }
    }
    let listed = |(row, consultations, last): ListedRow| {
        let rooms = rooms.remove(&row.id).unwrap_or_default();
        let last_consultation = last.map(At::utc);
        let consultations = consultations.unwrap_or(0);
        Ok(ListedClient { client: row.client()?, consultations, last_consultation, rooms })
    };
    rows.into_iter().map(listed).collect()
}

/// The pattern of texts that contain this one, in which `%`, `_` and `\` are letters.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for letter in fold(search).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_patterns_are_letters() {
        assert_eq!(pattern("Mei"), "%mei%");
        assert_eq!(pattern(r"100%_\"), r"%100\%\_\\%");
    }
}
