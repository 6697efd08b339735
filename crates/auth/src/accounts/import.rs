//! Import of accounts from a file, for administrators.

use std::collections::HashMap;

use futures::StreamExt;
use tracing::{info, warn};
use values::Email;

use crate::accounts::actor::Actor;
use crate::accounts::batch;
use crate::accounts::candidate::Candidate;
use crate::accounts::manage::{self, Change, Condition, NewCredentials};
use crate::accounts::whitelist::{self, Row};
use crate::audit::Action;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::{Password, generate};
use crate::store::{self, AccountRow, NewAccount};

/// The outcome of an import.
#[derive(Default)]
pub(crate) struct Report {
    /// Rows that are neither blank nor the header.
    pub(crate) rows: usize,
    /// The accounts that were created or overwritten, with the passwords to hand over.
    pub(crate) accounts: Vec<(Email, Password)>,
    /// Rows whose address an earlier row has.
    pub(crate) repeated: usize,
    /// What is wrong with the other rows, each with its number.
    pub(crate) errors: Vec<String>,
}

/// A row that was not imported.
enum Refused {
    /// An earlier row has the address.
    Repeated(String),
    /// Something is wrong with it.
    Wrong(String),
}

/// Creates the accounts of a file, and overwrites those that exist: each gets the password of its row, or a
/// generated one, and the name and the roles if the row has any. Its sessions end. Rows are independent: one
/// that is refused does not stop the others, and is reported.
///
/// Passwords are treated as in a batch: one that an owner could not choose has to be changed first. The
/// administrator's own account is refused, since its session would end during the import.
///
/// # Errors
/// When the file cannot be read, or has too many rows.
pub(crate) async fn import(auth: &Auth, by: Actor<'_>, file: &[u8]) -> Result<Report, AuthError> {
    let rows = whitelist::rows(file)?;
    if rows.len() > auth.batch_users {
        return Err(AuthError::LargeBatch(auth.batch_users));
    }
    let mut report = Report { rows: rows.len(), ..Report::default() };
    let mut numbers = HashMap::new();
    let checked: Vec<_> =
        rows.into_iter().map(|row| (row.number, check(row, &mut numbers))).collect();
    // As many hashes at a time as a batch computes, so that log-ins come in between.
    let mut outcomes = futures::stream::iter(checked)
        .map(|(number, checked)| async move {
            match checked {
                Ok((email, candidate)) => (number, import_one(auth, by, email, candidate).await),
                Err(refused) => (number, Err(refused)),
            }
        })
        .buffered(auth.hashing.concurrency());
    while let Some((number, outcome)) = outcomes.next().await {
        report.add(number, outcome);
    }
    info!(
        admin.id = %by.admin, users = report.accounts.len(), errors = report.errors.len(),
        "{} imported users", by.admin
    );
    Ok(report)
}

impl Report {
    fn add(&mut self, number: u64, outcome: Result<(Email, Password), Refused>) {
        let wrong = match outcome {
            Ok(account) => return self.accounts.push(account),
            Err(Refused::Repeated(wrong)) => {
                self.repeated += 1;
                wrong
            }
            Err(Refused::Wrong(wrong)) => wrong,
        };
        self.errors.push(format!("Row {number}: {wrong}"));
    }
}

/// The address of a row, which no earlier row has.
fn check(row: Row, numbers: &mut HashMap<Email, u64>) -> Result<(Email, Candidate), Refused> {
    let candidate = row.candidate.map_err(Refused::Wrong)?;
    let email = Email::parse(&candidate.email).map_err(|_| {
        let sent = whitelist::quoted(&candidate.email);
        Refused::Wrong(format!("Invalid email format '{sent}'"))
    })?;
    let first = *numbers.entry(email.clone()).or_insert(row.number);
    if first == row.number {
        Ok((email, candidate))
    } else {
        Err(Refused::Repeated(format!("Same address as row {first}")))
    }
}

async fn import_one(
    auth: &Auth,
    by: Actor<'_>,
    email: Email,
    candidate: Candidate,
) -> Result<(Email, Password), Refused> {
    let Candidate { password, name, roles, .. } = candidate;
    let must_change = password.as_ref().is_none_or(|it| it.check_rules().is_err());
    let password = password.unwrap_or_else(generate).hashable();
    let password = password.map_err(|unfit| Refused::Wrong(unfit.to_string()))?;
    let stored = async {
        let known = auth.db.read_one(store::by_email(&email)).await?;
        if known.as_ref().is_some_and(|it| it.id() == by.admin) {
            return Ok(false);
        }
        let hash = batch::hash(auth, password.clone()).await?;
        let id = if let Some(row) = known {
            row.id()
        } else {
            let row = batch::row(email.clone(), name.clone(), roles.clone(), &hash, must_change);
            if create(auth, by, &row).await? {
                return Ok(true);
            }
            // A concurrent request created it.
            let row = auth.db.read_one(store::by_email(&email)).await?;
            row.as_ref().map(AccountRow::id).ok_or(AuthError::NoSuchUser)?
        };
        let password = Some(NewCredentials { hash, must_change });
        let change = Change { name, roles, is_active: None, password };
        manage::change(auth, by, id, change, &Condition::Any).await.map(|_| true)
    };
    match stored.await {
        Ok(true) => Ok((email, password)),
        Ok(false) => {
            Err(Refused::Wrong("Your own account cannot be changed by an import".to_owned()))
        }
        // The accounts so far are reported all the same: their passwords are shown nowhere else.
        Err(error @ (AuthError::NotAdmin | AuthError::NoSuchUser)) => {
            Err(Refused::Wrong(error.to_string()))
        }
        Err(error) => {
            warn!(error = %error, "a row of an import was not stored: {error}");
            Err(Refused::Wrong("Could not be stored, please import it again".to_owned()))
        }
    }
}

/// Creates an account unless its address is taken; returns whether it did.
async fn create(auth: &Auth, by: Actor<'_>, row: &NewAccount) -> Result<bool, AuthError> {
    Ok(by.change(auth, Action::Created, store::create(row)).await?.is_some())
}
