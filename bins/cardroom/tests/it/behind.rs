//! The app's database, opened a second time, for direct access.

use std::time::Duration;

use database::schema::{password_resets, sessions, users};
use database::{At, Db, Execute};
use diesel::prelude::*;
use diesel_async::SimpleAsyncConnection;
use ids::AccountId;
use settings::{DatabaseUrl, Environment};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::app::TestApp;

/// How long a request may take to reach the lock.
const ARRIVAL: Duration = Duration::from_millis(300);

/// The database of an app, for changes and checks that no request offers.
pub(crate) struct Behind(pub(crate) Db);

impl Behind {
    /// The database of this app.
    pub(crate) fn of(app: &TestApp) -> Self {
        Self::at(&app.database.url)
    }

    /// The database at this URL.
    pub(crate) fn at(url: &DatabaseUrl) -> Self {
        Self::with(url, &[])
    }

    /// The database at this URL, with some settings of its own, named as in the environment.
    pub(crate) fn with(url: &DatabaseUrl, changes: &[(&str, &str)]) -> Self {
        let url = url.expose();
        let variables = [("CARDROOM_PROFILE", "test"), ("DATABASE_URL", url.as_ref())];
        let variables = variables.iter().chain(changes).copied();
        let settings = settings::load(&Environment::new(variables)).unwrap().settings;
        Self(Db::open(&settings.database, &Handle::current()).unwrap())
    }

    /// Blocks all writes to `table` while `during` runs; on SQLite all writes to the database.
    pub(crate) async fn while_writes_are_blocked<T>(
        &self,
        table: &str,
        during: impl Future<Output = T>,
    ) -> T {
        match &self.0 {
            Db::Postgres { pool, .. } => {
                let mut lock = pool.get().await.unwrap();
                let begin = format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE");
                lock.batch_execute(&begin).await.unwrap();
                let result = during.await;
                lock.batch_execute("ROLLBACK").await.unwrap();
                result
            }
            Db::Sqlite { write, .. } => {
                let mut lock = write.get().await.unwrap();
                lock.batch_execute("BEGIN IMMEDIATE").await.unwrap();
                let result = during.await;
                lock.batch_execute("ROLLBACK").await.unwrap();
                result
            }
        }
    }

    /// Blocks all reads of `table` on PostgreSQL while `during` runs.
    pub(crate) async fn while_reads_are_blocked<T>(
        &self,
        table: &str,
        during: impl Future<Output = T>,
    ) -> T {
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        let Db::Postgres { pool, .. } = &self.0 else { return during.await };
        let mut connection = pool.get().await.unwrap();
        connection.batch_execute(&lock).await.unwrap();
        let result = during.await;
        connection.batch_execute("ROLLBACK").await.unwrap();
        result
    }

    /// Runs `all`, which read `table`; on PostgreSQL a lock makes them wait, so that they are batched.
    pub(crate) async fn batched_at<T>(&self, table: &str, all: impl Future<Output = T>) -> T {
        let mut all = Box::pin(all);
        // Readers of SQLite never wait for locks.
        match self.while_reads_are_blocked(table, timeout(ARRIVAL, &mut all)).await {
            Ok(all) => all,
            Err(_) => all.await,
        }
    }

    /// Executes the statements that are written for the database in use.
    pub(crate) async fn carry_out(&self, on_postgres: &str, on_sqlite: &str) {
        match &self.0 {
            Db::Postgres { pool, .. } => {
                pool.get().await.unwrap().batch_execute(on_postgres).await.unwrap();
            }
            Db::Sqlite { write, .. } => {
                write.get().await.unwrap().batch_execute(on_sqlite).await.unwrap();
            }
        }
    }

    /// Renames the table of the audit log, so that writes to it fail.
    pub(crate) async fn hide_audit_log(&self) {
        let hide = "ALTER TABLE audit_log RENAME TO hidden_audit_log";
        self.carry_out(hide, hide).await;
    }

    /// Restores the name of the table of the audit log.
    pub(crate) async fn show_audit_log(&self) {
        let show = "ALTER TABLE hidden_audit_log RENAME TO audit_log";
        self.carry_out(show, show).await;
    }

    /// Adds a counsellor with a hash that was made elsewhere.
    pub(crate) async fn import(&self, email: &str, hash: &str) {
        let account = (
            users::id.eq(AccountId::new()),
            users::email.eq(email.to_owned()),
            users::name.eq("Ada"),
            users::hashed_password.eq(hash.to_owned()),
            users::roles.eq("counselor"),
            users::must_change_password.eq(false),
            users::created_at.eq(At::from(chrono::Utc::now())),
        );
        let added = self.0.write(diesel::insert_into(users::table).values(account)).await;
        assert_eq!(added.unwrap(), 1);
    }

    /// Deactivates an account.
    pub(crate) async fn deactivate(&self, email: &str) {
        let change = diesel::update(users::table.filter(users::email.eq(email.to_owned())));
        self.change(change.set(users::is_active.eq(false))).await;
    }

    /// Gives an account other roles, such as `admin,counselor`.
    pub(crate) async fn set_roles(&self, email: &str, roles: &str) {
        let change = diesel::update(users::table.filter(users::email.eq(email.to_owned())));
        self.change(change.set(users::roles.eq(roles.to_owned()))).await;
    }

    /// Marks the password of an account as one that has to be changed.
    pub(crate) async fn require_change(&self, email: &str) {
        let change = diesel::update(users::table.filter(users::email.eq(email.to_owned())));
        self.change(change.set(users::must_change_password.eq(true))).await;
    }

    /// Deletes an account.
    pub(crate) async fn delete(&self, email: &str) {
        let account = users::table.filter(users::email.eq(email.to_owned()));
        self.change(diesel::delete(account)).await;
    }

    /// Changes an account, and waits until no server has the old state in its cache.
    async fn change(&self, change: impl Execute) {
        assert_eq!(self.0.write(change).await.unwrap(), 1);
        tokio::time::sleep(auth::ACCOUNT_AGE_MAX).await;
    }

    /// Moves the last rotation of all sessions into the past.
    pub(crate) async fn age_rotations(&self, seconds: u32) {
        let postgres =
            format!("UPDATE sessions SET rotated_at = rotated_at - interval '{seconds} s'");
        let sqlite = format!("UPDATE sessions SET rotated_at = rotated_at - {seconds} * 1000000");
        self.carry_out(&postgres, &sqlite).await;
    }

    /// Expires all sessions by this column.
    pub(crate) async fn end_of_sessions(&self, column: &str) {
        let postgres = format!("UPDATE sessions SET {column} = now()");
        let sqlite = format!("UPDATE sessions SET {column} = unixepoch() * 1000000");
        self.carry_out(&postgres, &sqlite).await;
    }

    /// The stored hashes of all refresh tokens.
    pub(crate) async fn session_hashes(&self) -> Vec<Vec<u8>> {
        let hashes = sessions::table.select((sessions::token_hash, sessions::previous_hash));
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = self.0.read_all(hashes).await.unwrap();
        rows.into_iter()
            .flat_map(|(current, previous)| [Some(current), previous])
            .flatten()
            .collect()
    }

    /// The stored password hash of an account.
    pub(crate) async fn hash(&self, email: &str) -> String {
        let account = users::table.filter(users::email.eq(email.to_owned()));
        self.0.read_one(account.select(users::hashed_password)).await.unwrap().unwrap()
    }

    /// Replaces the stored password hash of an account.
    pub(crate) async fn set_hash(&self, email: &str, hash: &str) {
        let change = diesel::update(users::table.filter(users::email.eq(email.to_owned())));
        let change = change.set(users::hashed_password.eq(hash.to_owned()));
        assert_eq!(self.0.write(change).await.unwrap(), 1);
    }

    /// The hashes of all reset tokens.
    pub(crate) async fn reset_hashes(&self) -> Vec<Vec<u8>> {
        let hashes = password_resets::table.select(password_resets::token_hash);
        self.0.read_all(hashes).await.unwrap()
    }

    /// Expires all reset tokens.
    pub(crate) async fn end_resets(&self) {
        let now = At::from(chrono::Utc::now());
        let change = diesel::update(password_resets::table);
        self.0.write(change.set(password_resets::expires_at.eq(now))).await.unwrap();
    }
}
