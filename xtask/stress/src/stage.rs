//! What has to exist before a load: accounts, users, rooms.

use std::sync::Arc;

use anyhow::{Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;

use crate::client::{Client, DEMO, text};
use crate::evidence::Room;
use crate::http::Request;
use crate::scenario::Rooms;
use crate::target::Target;
use crate::user::{Account, User};

/// Accounts at most: each costs a password hash or two, and an owner may have many rooms.
const ACCOUNTS_MAX: usize = 50;

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// The password of every account that is made here.
const PASSWORD: &str = "stress-and-no-strain";

/// A server with accounts.
pub(crate) struct Stage {
    pub(crate) target: Target,
    pub(crate) client: Client,
    accounts: Vec<Account>,
    seed: u64,
}

impl Stage {
    /// Makes accounts for `users` users, at most [`ACCOUNTS_MAX`].
    pub(crate) async fn set(target: Target, users: usize, seed: u64) -> Result<Self> {
        let client = Client::new(target.clone());
        let mut stage = Self { target, client, accounts: Vec::new(), seed };
        let run: u32 = rand::rng().random();
        let emails: Vec<_> = (0..users.clamp(1, ACCOUNTS_MAX))
            .map(|number| format!("stress-{run:08x}-{number}@example.com"))
            .collect();
        stage.accounts = match stage.register(&emails[0]).await? {
            200..300 => stage.make(emails).await?,
            // A server without registration.
            _ => vec![stage.log_in(DEMO.0, DEMO.1).await?],
        };
        Ok(stage)
    }

    /// Makes the accounts; the first is registered already.
    async fn make(&self, emails: Vec<String>) -> Result<Vec<Account>> {
        let make = async |(number, email): (usize, String)| {
            if number > 0 {
                let status = self.register(&email).await?;
                if !(200..300).contains(&status) {
                    bail!("the server registers one account and refuses others: {status}");
                }
            }
            self.log_in(&email, PASSWORD).await
        };
        stream::iter(emails.into_iter().enumerate()).map(make).buffered(AT_ONCE).try_collect().await
    }

    /// The status of the answer.
    async fn register(&self, email: &str) -> Result<u16> {
        let account = json!({ "email": email, "password": PASSWORD, "full_name": "Stress" });
        let account = account.to_string();
        let request = Request::new("POST", "/api/auth/register").body(&account);
        Ok(self.client.retry(&request).await?.status)
    }

    async fn log_in(&self, email: &str, password: &str) -> Result<Account> {
        let token = self.client.log_in(email, password).await?.into();
        Ok(Account { email: email.to_owned(), password: password.to_owned(), token })
    }

    /// Makes `count` users; they share the accounts in turn.
    pub(crate) fn users(&self, count: usize) -> Vec<User> {
        (0..count)
            .map(|number| {
                let account = self.accounts[number % self.accounts.len()].clone();
                let random = StdRng::seed_from_u64(self.seed.wrapping_add(number as u64));
                User::new(number, &self.target, account, random)
            })
            .collect()
    }

    /// Opens rooms for users to join or read.
    pub(crate) async fn open_rooms(&self, rooms: Rooms, users: &mut [User]) -> Result<()> {
        let count = match rooms {
            Rooms::None => return Ok(()),
            Rooms::One => 1,
            Rooms::Each => users.len(),
        };
        let opened = self.rooms(count).await?;
        for (number, user) in users.iter_mut().enumerate() {
            user.shared = opened.get(number % count).cloned();
        }
        Ok(())
    }

    /// Opens `count` rooms.
    pub(crate) async fn rooms(&self, count: usize) -> Result<Vec<Arc<Room>>> {
        stream::iter(0..count).map(|it| self.open_room(it)).buffered(AT_ONCE).try_collect().await
    }

    async fn open_room(&self, number: usize) -> Result<Arc<Room>> {
        let token = self.accounts[number % self.accounts.len()].token.clone();
        let room = self.client.post("/api/rooms", &token, &json!({ "name": "stress" })).await?;
        Ok(Arc::new(Room { id: text(&room, "id")?, code: text(&room, "share_code")?, token }))
    }
}
