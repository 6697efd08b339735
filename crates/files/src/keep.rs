//! Storing a file that was received.

use std::time::Duration;

use admission::wait_without_slot;
use bytes::Bytes;
use database::{At, Transaction};
use ids::FileId;
use rand::RngCore;
use tokio::time::timeout;
use tracing::warn;
use values::time;

use crate::content::Content;
use crate::context::Files;
use crate::error::FileError;
use crate::file::{File, NewFile};
use crate::form::Received;
use crate::objects::Objects;
use crate::store::{self, BYTES_FOR_ROW, NewFileRow, Room};

/// How long a file that was received waits for its turn.
const TURN_WAIT_MAX: Duration = Duration::from_mins(1);

impl Files {
    /// Stores a file. It is there when this returns, and also when the caller is dropped meanwhile; a file
    /// that was not stored is removed by the sweep.
    ///
    /// # Errors
    /// When the content is not taken, the account or the room has no space left, or the store or the
    /// database fails.
    pub async fn keep(&self, new: NewFile, received: Received) -> Result<File, FileError> {
        let in_memory = timeout(TURN_WAIT_MAX, self.in_memory.clone().acquire_owned());
        let turn = wait_without_slot(in_memory).await.map_err(|_| FileError::Busy)?;
        let files = self.clone();
        let task = self.runtime.spawn(async move {
            let _turn = turn.map_err(|_| FileError::Busy)?;
            let content = files.content(received).await?;
            files.write(new, content).await
        });
        wait_without_slot(task).await.unwrap_or(Err(FileError::Broken))
    }

    async fn write(&self, new: NewFile, content: Content) -> Result<File, FileError> {
        let Some(objects) = &self.objects else { return Err(FileError::Disabled) };
        let Content { format, bytes } = content;
        let row = NewFileRow {
            id: FileId::new(),
            owner: new.owner,
            room: new.room,
            kind: new.kind.as_str(),
            object_key: object_key(),
            name: new.name.to_string(),
            content_type: format.content_type(),
            bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            created_at: time::now().into(),
        };
        self.reserve(&row).await?;
        self.write_object(objects, &row, bytes).await?;
        let stored = store::mark_stored(row.id, time::now().into());
        self.db.write_one(stored).await?.ok_or(FileError::Overtaken)?;
        let NewFileRow { id, name, content_type, bytes, .. } = row;
        Ok(File { id, name, content_type: content_type.to_owned(), bytes })
    }

    /// Commits the pending row, if there is space for it.
    async fn reserve(&self, row: &NewFileRow) -> Result<(), FileError> {
        let room = Room {
            account: self.rules.per_account_bytes - row.bytes - BYTES_FOR_ROW,
            room: self.rules.per_room_bytes - row.bytes - BYTES_FOR_ROW,
        };
        let inserted = self.db.transaction(async |transaction: &mut Transaction<'_>| {
            transaction.execute(store::lock_account(row.owner)).await?;
            transaction.fetch_one(store::insert_pending(row, room)).await
        });
        if inserted.await?.is_some() {
            return Ok(());
        }
        let used = self.db.read_one(store::used(row.owner, row.room)).await?;
        match used {
            Some((account, _)) if account > room.account => Err(FileError::AccountFull),
            Some((_, in_room)) if in_room > room.room => Err(FileError::RoomFull),
            _ => Err(FileError::NoSuchRoom),
        }
    }

    /// Writes the object. After a failure its row no longer counts for the quota; the sweep removes both.
    async fn write_object(
        &self,
        objects: &Objects,
        row: &NewFileRow,
        bytes: Bytes,
    ) -> Result<(), FileError> {
        let Err(failure) = objects.write(&row.object_key, bytes).await else { return Ok(()) };
        let abandoned = store::mark_abandoned(row.id, At::from(time::now()));
        if let Err(error) = self.db.write(abandoned).await {
            warn!(error = %error, "a file that was not stored counts until it is swept: {error}");
        }
        Err(failure.into())
    }
}

/// A key that is not to be guessed from anything, such as the file's id, which links show.
fn object_key() -> String {
    let mut key = [0; 16];
    rand::rng().fill_bytes(&mut key);
    let key = u128::from_be_bytes(key);
    format!("{:02x}/{key:032x}", key >> 120)
}
