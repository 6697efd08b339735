//! Behind the API: the app's database, opened a second time.

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

/// How long a request has to reach those that wait.
const ARRIVAL: Duration = Duration::from_millis(300);

/// The database of an app, for what no request can do or see.
pub(crate) struct Behind(pub(crate) Db);

impl Behind {
    /// The database of this app.
    pub(crate) fn of(app: &TestApp) -> Self {
        Self::at(&app.database.url)
    }

    /// The database at this place.
    pub(crate) fn at(url: &DatabaseUrl) -> Self {
        Self::with(url, &[])
    }

    /// The database at this place, with some settings of its own, named as in the environment.
    pub(crate) fn with(url: &DatabaseUrl, changes: &[(&str, &str)]) -> Self {
        let url = url.expose();
        let variables = [("CARDROOM_PROFILE", "test"), ("DATABASE_URL", url.as_ref())];
        let variables = variables.iter().chain(changes).copied();
        let settings = settings::load(&Environment::new(variables)).unwrap().settings;
        Self(Db::open(&settings.database, &Handle::current()).unwrap())
    }

    /// Holds up whoever writes to `table` for as long as `during` takes; on SQLite whoever writes.
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

    /// Holds up whoever reads `table` on PostgreSQL for as long as `during` takes.
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

    /// Waits for `all`, which read `table`, and sees to it that they come together on PostgreSQL.
    pub(crate) async fn batched_at<T>(&self, table: &str, all: impl Future<Output = T>) -> T {
        let mut all = Box::pin(all);
        // SQLite's readers wait for nobody.
        match self.while_reads_are_blocked(table, timeout(ARRIVAL, &mut all)).await {
            Ok(all) => all,
            Err(_) => all.await,
        }
    }

    /// Carries statements out as they stand, those of the database in use.
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

    /// Takes the audit log away.
    pub(crate) async fn hide_audit_log(&self) {
        let hide = "ALTER TABLE audit_log RENAME TO hidden_audit_log";
        self.carry_out(hide, hide).await;
    }

    /// Brings the audit log back.
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

    /// Marks the password of an account as one that was handed out.
    pub(crate) async fn require_change(&self, email: &str) {
        let change = diesel::update(users::table.filter(users::email.eq(email.to_owned())));
        self.change(change.set(users::must_change_password.eq(true))).await;
    }

    /// Deletes an account.
    pub(crate) async fn delete(&self, email: &str) {
        let account = users::table.filter(users::email.eq(email.to_owned()));
        self.change(diesel::delete(account)).await;
    }

    /// Changes an account, and waits until no server judges by what it was.
    async fn change(&self, change: impl Execute) {
        assert_eq!(self.0.write(change).await.unwrap(), 1);
        tokio::time::sleep(auth::ACCOUNT_AGE_MAX).await;
    }

    /// Lets all sessions have got their tokens as many seconds earlier.
    pub(crate) async fn age_rotations(&self, seconds: u32) {
        let postgres =
            format!("UPDATE sessions SET rotated_at = rotated_at - interval '{seconds} s'");
        let sqlite = format!("UPDATE sessions SET rotated_at = rotated_at - {seconds} * 1000000");
        self.carry_out(&postgres, &sqlite).await;
    }

    /// Lets the time of all sessions run out, as this column counts it.
    pub(crate) async fn end_of_sessions(&self, column: &str) {
        let postgres = format!("UPDATE sessions SET {column} = now()");
        let sqlite = format!("UPDATE sessions SET {column} = unixepoch() * 1000000");
        self.carry_out(&postgres, &sqlite).await;
    }

    /// All that is kept of refresh tokens.
    pub(crate) async fn session_hashes(&self) -> Vec<Vec<u8>> {
        let hashes = sessions::table.select((sessions::token_hash, sessions::previous_hash));
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = self.0.read_all(hashes).await.unwrap();
        rows.into_iter()
            .flat_map(|(current, previous)| [Some(current), previous])
            .flatten()
            .collect()
    }

    /// What is kept of somebody's password.
    pub(crate) async fn hash(&self, email: &str) -> String {
        let account = users::table.filter(users::email.eq(email.to_owned()));
        self.0.read_one(account.select(users::hashed_password)).await.unwrap().unwrap()
    }

    /// Replaces what is kept of somebody's password.
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

    /// Lets the time of all reset tokens run out.
    pub(crate) async fn end_resets(&self) {
        let now = At::from(chrono::Utc::now());
        let change = diesel::update(password_resets::table);
        self.0.write(change.set(password_resets::expires_at.eq(now))).await.unwrap();
    }
}
