//! What has to be there before a load: accounts, people, rooms.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::evidence::Room;
use crate::person::{Account, Person};
use crate::scenario::Rooms;
use crate::target::Target;

/// Accounts at most: each costs a password hash or two, and owners may have many rooms.
const ACCOUNTS_MAX: usize = 50;

/// Requests at once while the stage is set.
const AT_ONCE: usize = 8;

/// How often a server that is too busy is asked again, and how long between at most.
const PATIENCE: usize = 20;
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The password of every account that is made here; the server is fresh, or knows none of them.
const PASSWORD: &str = "stress-and-no-strain";

/// Where the server gives no accounts away, these are there in development and staging.
const DEMO: (&str, &str) = ("demo.counselor@example.com", "demo123");

/// A server with accounts.
pub(crate) struct Stage {
    pub(crate) target: Target,
    pub(crate) client: Client,
    accounts: Vec<Account>,
    seed: u64,
}

impl Stage {
    /// Makes accounts for `users` people.
    pub(crate) async fn set(target: Target, users: usize, seed: u64) -> Result<Self> {
        let mut stage = Self { target, client: Client::new(), accounts: Vec::new(), seed };
        let run: u32 = rand::rng().random();
        let emails: Vec<_> = (0..users.clamp(1, ACCOUNTS_MAX))
            .map(|number| format!("stress-{run:08x}-{number}@example.com"))
            .collect();
        stage.accounts = match stage.register(&emails[0]).await? {
            StatusCode::OK | StatusCode::CREATED => stage.make(emails).await?,
            _ => vec![stage.log_in(DEMO.0, DEMO.1).await?],
        };
        Ok(stage)
    }

    /// The first address is registered already.
    async fn make(&self, emails: Vec<String>) -> Result<Vec<Account>> {
        stream::iter(emails.into_iter().enumerate())
            .map(|(number, email)| async move {
                if number > 0 {
                    let status = self.register(&email).await?;
                    if !status.is_success() {
                        bail!("the server registers one account and refuses others: {status}");
                    }
                }
                self.log_in(&email, PASSWORD).await
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn register(&self, email: &str) -> Result<StatusCode> {
        let account = json!({ "email": email, "password": PASSWORD, "full_name": "Stress" });
        let request = || self.client.post(self.at("auth/register")).json(&account);
        Ok(patiently(request).await.context("cannot register")?.status())
    }

    async fn log_in(&self, email: &str, password: &str) -> Result<Account> {
        let login = json!({ "email": email, "password": password });
        let login = || self.client.post(self.at("auth/login")).json(&login);
        let answer: Value = patiently(login).await?.error_for_status()?.json().await?;
        let token = answer["access_token"].as_str().context("no token")?.into();
        Ok(Account { email: email.to_owned(), password: password.to_owned(), token })
    }

    /// That many people, with accounts in turn.
    pub(crate) fn people(&self, users: usize) -> Vec<Person> {
        (0..users)
            .map(|number| {
                let account = self.accounts[number % self.accounts.len()].clone();
                let random = StdRng::seed_from_u64(self.seed.wrapping_add(number as u64));
                Person::new(number, &self.target, account, random)
            })
            .collect()
    }

    /// Gives everybody a room to join or read.
    pub(crate) async fn open_rooms(&self, rooms: Rooms, people: &mut [Person]) -> Result<()> {
        let count = match rooms {
            Rooms::None => return Ok(()),
            Rooms::One => 1,
            Rooms::Each => people.len(),
        };
        let opened = self.rooms(count).await?;
        for (number, person) in people.iter_mut().enumerate() {
            person.shared = opened.get(number % count).cloned();
        }
        Ok(())
    }

    /// So many rooms.
    pub(crate) async fn rooms(&self, count: usize) -> Result<Vec<Arc<Room>>> {
        stream::iter(0..count).map(|it| self.open_room(it)).buffered(AT_ONCE).try_collect().await
    }

    async fn open_room(&self, number: usize) -> Result<Arc<Room>> {
        let token = self.accounts[number % self.accounts.len()].token.clone();
        let name = json!({ "name": "stress" });
        let request = || self.client.post(self.at("rooms")).bearer_auth(&token).json(&name);
        let answer = patiently(request).await?;
        let room: Value = answer.error_for_status()?.json().await?;
        let text =
            |key: &str| room[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
        Ok(Arc::new(Room { id: text("id")?, code: text("share_code")?, token }))
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/{path}", self.target.url())
    }
}

/// Asks until the server is not too busy. The load is what is measured, not the way there.
async fn patiently(request: impl Fn() -> RequestBuilder) -> reqwest::Result<Response> {
    let mut answer = request().send().await?;
    for _ in 0..PATIENCE {
        if !matches!(answer.status().as_u16(), 429 | 503) {
            break;
        }
        let after = answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        tokio::time::sleep(Duration::from_secs(after.unwrap_or(1)).min(WAIT_MAX)).await;
        answer = request().send().await?;
    }
    Ok(answer)
}
