//! What it costs to verify a request, and what a day of refreshing saves. On SQLite, alone:
//!
//! ```sh
//! cargo run --release -p auth --example costs
//! ```

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use admission::{ClientAddress, HashingLane, RateLimits};
use anyhow::{Context, Result};
use api::Text;
use auth::mail::Mailer;
use auth::register::{Registration, register};
use auth::{
    Accounts, Auth, Client, Email, KeyRing, Passes, Password, Pseudonyms, RefreshTokens, Role,
    Roles, Tokens, login, refresh,
};
use settings::{Environment, Settings};
use store::{Db, migrations};
use tempfile::TempDir;
use tokio::runtime::Handle;

/// Requests that are verified.
const REQUESTS: u32 = 200_000;

/// Counsellors who work for a day, and access tokens that each of them needs: eight hours of a
/// quarter of an hour.
const COUNSELLORS: u32 = 50;
const TOKENS: u32 = 8 * 4;

/// Log-ins that are measured, to tell what as many as tokens would cost.
const LOGINS_MEASURED: u32 = 100;

/// The password of everybody.
const PASSWORD: &str = "a password of the day";

#[tokio::main]
async fn main() -> Result<()> {
    let folder = TempDir::new()?;
    let settings = settings(&folder)?;
    let auth = open(&settings).await?;
    let rates = RateLimits::new(&settings.rates, 0).context("a rate limit allows nothing")?;
    let client = Client {
        address: ClientAddress::from(IpAddr::from([127, 0, 0, 1])),
        device: "costs".into(),
    };
    for n in 0..COUNSELLORS {
        register(&auth, registration(n)?, &client).await?;
    }

    let log_in = async |n: u32| {
        let password = Password::from(PASSWORD.to_owned());
        login::login(&auth, &rates.logins, &client, &email(n)?, password).await.context("no log-in")
    };
    let token = log_in(0).await?.access_token;
    let start = cpu()?;
    for _ in 0..REQUESTS {
        auth.identify(&token).await?;
    }
    let each = cpu()?.saturating_sub(start) / REQUESTS;
    println!("verifying a request: {each:?} of CPU each, over {REQUESTS}");

    let start = cpu()?;
    for n in 0..LOGINS_MEASURED {
        log_in(n % COUNSELLORS).await?;
    }
    let login_each = cpu()?.saturating_sub(start) / LOGINS_MEASURED;
    let tokens = COUNSELLORS * TOKENS;
    println!("{tokens} log-ins: {:?} of CPU, {login_each:?} each", login_each * tokens);

    let start = cpu()?;
    for n in 0..COUNSELLORS {
        let mut refresh_token = log_in(n).await?.refresh_token.text();
        for _ in 1..TOKENS {
            let pair = refresh::refresh(&auth, &refresh_token, &client).await?;
            refresh_token = pair.refresh_token.text();
        }
    }
    let day = cpu()?.saturating_sub(start);
    println!("{COUNSELLORS} log-ins and {} refreshes: {day:?} of CPU", tokens - COUNSELLORS);
    let refreshes = day.saturating_sub(login_each * COUNSELLORS);
    println!("a refresh: {:?} of CPU", refreshes / (tokens - COUNSELLORS));
    Ok(())
}

fn settings(folder: &TempDir) -> Result<Settings> {
    let place = folder.path().to_str().context("the folder has no name")?;
    let (url, outbox) = (format!("sqlite://{place}/cardroom.db"), format!("{place}/outbox"));
    let variables = [
        ("CARDROOM_PROFILE", "test"),
        ("DATABASE_URL", url.as_str()),
        ("CARDROOM__MAIL__OUTBOX_DIR", outbox.as_str()),
        ("CARDROOM__AUTH__ACCESS_TOKEN_MINUTES", "15"),
        ("CARDROOM__AUTH__BCRYPT_COST", "10"),
    ];
    Ok(settings::load(&Environment::new(variables))?.settings)
}

async fn open(settings: &Settings) -> Result<Auth> {
    let runtime = Handle::current();
    migrations::up(settings.database.migration_url(), Duration::from_mins(1)).await?;
    let db = Db::open(&settings.database, &runtime)?;
    let (rules, ring) = (&settings.auth, KeyRing::of(&settings.auth));
    Ok(Auth {
        accounts: Accounts::of(db.clone(), &runtime),
        db,
        tokens: Tokens::new(&ring, rules.access_token_minutes, rules.legacy_tokens),
        refresh_tokens: RefreshTokens::new(&ring),
        passes: Passes::new(&ring, rules.visitor_token_minutes),
        pseudonyms: Pseudonyms::new(&rules.jwt_secret),
        hashing: HashingLane::start(&settings.hashing)?,
        mailer: Mailer::start(&settings.mail, &settings.server.public_url, &runtime)?,
        rules: rules.clone(),
        batch_users: settings.limits.batch_users,
    })
}

fn email(n: u32) -> Result<Email> {
    Email::parse(&format!("counsellor{n}@example.com")).ok().context("no address")
}

fn registration(n: u32) -> Result<Registration> {
    Ok(Registration {
        email: email(n)?,
        password: Password::from(PASSWORD.to_owned()),
        name: Text::trusted("Ada"),
        roles: Roles::new([Role::Counselor]),
    })
}

/// The CPU time that all threads of this process have taken, to a hundredth of a second.
fn cpu() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // What comes before it is a name, which may have blanks; utime and stime are 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').context("no stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(10 * ticks.sum::<Result<u64, _>>()?))
}
