//! Authorization for the games of a room.

use auth::{Account, Holder, VisitorClaims};
use ids::RoomId;
use rooms::Directory;

use crate::author::Author;
use crate::error::GameplayError;

/// Proof that an author may read and save the games of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub(crate) room_id: RoomId,
    pub(crate) author: Author,
}

impl Access {
    /// The author.
    pub fn author(&self) -> Author {
        self.author
    }

    /// Access for the holder of a token.
    ///
    /// # Errors
    /// Those of [`Self::of_owner`] and [`Self::of_visitor`].
    pub async fn of(
        holder: &Holder,
        directory: &Directory,
        room_id: RoomId,
    ) -> Result<Self, GameplayError> {
        match holder {
            Holder::Account(account) => Self::of_owner(directory, account, room_id).await,
            Holder::Visitor(pass) => Self::of_visitor(directory, *pass, room_id).await,
        }
    }

    /// Access for the room's owner. The states are the counsellor's own notes of a game: not even an
    /// administrator reads them.
    ///
    /// # Errors
    /// When there is no such room, or the account does not own it.
    pub async fn of_owner(
        directory: &Directory,
        account: &Account,
        room_id: RoomId,
    ) -> Result<Self, GameplayError> {
        if directory.is_owner(account, room_id).await? {
            Ok(Self { room_id, author: Author::Counsellor(account.id) })
        } else {
            Err(GameplayError::NotOwner)
        }
    }

    /// Access for a visitor of the room, while the visitor is in it and it is open.
    ///
    /// # Errors
    /// When the pass is for another room, the visitor has left, or the room is closed or expired.
    pub async fn of_visitor(
        directory: &Directory,
        pass: VisitorClaims,
        room_id: RoomId,
    ) -> Result<Self, GameplayError> {
        if pass.room != room_id {
            return Err(rooms::RoomError::NotInRoom.into());
        }
        directory.expect_in(pass.visitor, room_id).await?;
        Ok(Self { room_id, author: Author::Visitor(pass.visitor) })
    }
}
