//! Removing files that are deleted, whose owner or room is gone, or whose upload was broken off.

use chrono::{DateTime, TimeDelta, Utc};
use database::{At, DatabaseError};
use ids::FileId;
use tracing::warn;

use crate::context::Files;
use crate::objects::Objects;
use crate::store;

/// Rows that one statement reads.
const PAGE: i64 = 500;

/// Objects that may fail to be deleted before a sweep ends: the store is away.
const FAILURES_MAX: usize = 20;

impl Files {
    /// Removes what may go at `now`, its object first. What fails is tried again by the next sweep.
    ///
    /// # Errors
    /// When the database fails; what was removed until then stays removed.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<(), DatabaseError> {
        let grace = TimeDelta::hours(self.rules.grace_hours);
        let before = At::from(now - grace);
        self.abandon_pending(before).await?;
        self.delete_orphans(now.into()).await?;
        match &self.objects {
            Some(objects) => self.remove_deleted(objects, before).await,
            None => Ok(()),
        }
    }

    /// Uploads that were broken off before `before` are as old as if they had been deleted at once. An upload
    /// that is still under way then finds its row deleted, and fails.
    async fn abandon_pending(&self, before: At) -> Result<(), DatabaseError> {
        loop {
            let page = self.db.read_all(store::pending_before(before, PAGE)).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (id, created_at) in page {
                self.db.write(store::mark_abandoned(id, created_at)).await?;
            }
        }
    }

    async fn delete_orphans(&self, now: At) -> Result<(), DatabaseError> {
        loop {
            let mut page: Vec<FileId> = self.db.read_all(store::without_owner(PAGE)).await?;
            page.extend(self.db.read_all(store::without_room(PAGE)).await?);
            if page.is_empty() {
                return Ok(());
            }
            for id in page {
                self.db.write(store::mark_orphan(id, now)).await?;
            }
        }
    }

    async fn remove_deleted(&self, objects: &Objects, before: At) -> Result<(), DatabaseError> {
        let mut failed = Vec::new();
        loop {
            let page =
                self.db.read_all(store::deleted_before(before, failed.clone(), PAGE)).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (id, key) in page {
                match objects.delete(&key).await {
                    Ok(()) => drop(self.db.write(store::remove(id)).await?),
                    Err(error) => {
                        warn!(
                            file.id = %id, error = %error,
                            "the file {id} will be removed by the next sweep: {error}",
                        );
                        failed.push(id);
                    }
                }
                if failed.len() >= FAILURES_MAX {
                    return Ok(());
                }
            }
        }
    }
}
