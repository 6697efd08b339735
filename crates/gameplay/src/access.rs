//! Who may touch the games of a room.

use auth::{Account, Holder, Pass};
use ids::RoomId;
use rooms::Directory;

use crate::author::Author;
use crate::error::GameplayError;

/// That somebody may touch the games of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub(crate) room_id: RoomId,
    pub(crate) author: Author,
}

impl Access {
    /// Who it is.
    pub fn author(&self) -> Author {
        self.author
    }

    /// What somebody with a token may do in this room.
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

    /// The states are the counsellor's own notes of a game: not even an administrator reads them.
    ///
    /// # Errors
    /// When there is no such room, or it is somebody else's.
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

    /// A visitor plays in the room that the pass is for, and only while there and while it is open.
    ///
    /// # Errors
    /// When the pass is for another room, the visitor left, or the room is closed or over.
    pub async fn of_visitor(
        directory: &Directory,
        pass: Pass,
        room_id: RoomId,
    ) -> Result<Self, GameplayError> {
        if pass.room != room_id {
            return Err(rooms::RoomError::NotInRoom.into());
        }
        directory.expect_in(pass.visitor, room_id).await?;
        Ok(Self { room_id, author: Author::Visitor(pass.visitor) })
    }
}
