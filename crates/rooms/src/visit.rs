//! Visitors of a room: found, listed, leaving.

use database::Db;
use ids::{RoomId, VisitorId};

use crate::damage::{is_damage, readable};
use crate::error::RoomError;
use crate::page::{Page, PageRequest};
use crate::store;
use crate::visitor::Visitor;

/// A page of the visitors who are in a room, by the time they joined.
///
/// # Errors
/// When the page is to begin after a visitor of another room, or the database fails.
pub async fn list(
    db: &Db,
    room: RoomId,
    page: PageRequest<VisitorId>,
) -> Result<Page<Visitor>, RoomError> {
    let place = match page.after {
        Some(id) => {
            db.read_one(store::place_of_visitor(room, id)).await?.ok_or(RoomError::NoSuchVisitor)?
        }
        None => (store::EARLIEST.into(), VisitorId::from_u128(0)),
    };
    let rows = store::present_after(room, place, page.fetched());
    match db.read_all(rows).await {
        Err(damage) if is_damage(&damage) => {
            let ids = store::ids_present_after(room, place, page.fetched());
            let Page { items, has_more } = Page::of(db.read_all(ids).await?, page.limit);
            let mut visitors = Vec::new();
            for id in items {
                visitors.extend(readable("visitors", id, db.read_one(store::visitor(id)).await)?);
            }
            Ok(Page { items: visitors.into_iter().map(Visitor::from).collect(), has_more })
        }
        rows => Ok(Page::of(rows?.into_iter().map(Visitor::from).collect(), page.limit)),
    }
}

/// All visitors who are in a room, by the time they joined.
///
/// # Errors
/// When the database fails.
pub async fn present(db: &Db, room: RoomId) -> Result<Vec<Visitor>, RoomError> {
    let rows = db.read_all(store::present(room)).await?;
    Ok(rows.into_iter().map(Visitor::from).collect())
}

/// The visitor with this id, present or not.
///
/// # Errors
/// When there is none.
pub async fn find(db: &Db, id: VisitorId) -> Result<Visitor, RoomError> {
    let row = db.read_one(store::visitor(id)).await?;
    row.map(Visitor::from).ok_or(RoomError::NoSuchVisitor)
}

/// Marks a visitor as gone. Leaving twice is leaving once.
///
/// # Errors
/// When there is no such visitor.
pub async fn leave(db: &Db, id: VisitorId) -> Result<Visitor, RoomError> {
    let row = db.write_one(store::leave(id)).await?;
    row.map(Visitor::from).ok_or(RoomError::NoSuchVisitor)
}
