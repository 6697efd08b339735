//! Binding an address to a client, and verifying it by mail.

use auth::mail::Mailer;
use auth::{Account, Email, MailToken, Permission};
use chrono::TimeDelta;
use database::Db;
use ids::ClientId;
use tracing::info;
use values::time;

use crate::bounds::ClientBounds;
use crate::client::{Client, ClientAction};
use crate::error::ClientError;
use crate::list::{self, ListedClient};
use crate::{manage, store};

/// Where the route that verifies an address is below `server.public_url`.
const PATH: &str = "/api/clients/verify-email";

/// Binds an address to a client of `owner` who has none, and mails a token to it if `verifies`. The token is
/// stored as a hash, and valid for `clients.verification_minutes`.
///
/// # Errors
/// When there is no such client, it is another counsellor's or has an address, another client has this one,
/// or too many mails wait.
pub async fn bind_email(
    db: &Db,
    mailer: &Mailer,
    bounds: &ClientBounds,
    owner: &Account,
    id: ClientId,
    email: &Email,
    verifies: bool,
) -> Result<ListedClient, ClientError> {
    if !owner.roles.may(Permission::ManageClients) {
        return Err(ClientError::NotACounsellor);
    }
    // The place comes first: an address that gets no mail would be bound in vain.
    let place =
        if verifies { Some(mailer.reserve().ok_or(ClientError::MailQueueFull)?) } else { None };
    let token = MailToken::new();
    let minutes = bounds.rules.verification_minutes;
    let bound = |client: &Client| {
        if client.email.is_some() {
            return Err(ClientError::HasEmail);
        }
        let hash = verifies.then(|| token.hash());
        Ok(client.bound(email, hash, TimeDelta::minutes(minutes.into()), time::now()))
    };
    let is_own = |client: &Client| {
        let is_own = client.counselor_id == owner.id;
        if is_own { Ok(()) } else { Err(ClientError::Forbidden(ClientAction::Update)) }
    };
    manage::save(db, id, is_own, None, bound).await.map_err(|error| match error {
        ClientError::EmailTaken => ClientError::EmailOfAnother,
        error => error,
    })?;
    if let Some(place) = place {
        let url = match bounds.rules.verification_url.as_str() {
            "" => format!("{}{PATH}", place.public_url()),
            url => url.to_owned(),
        };
        let text = format!(
            "Hello,\n\n{} asks you to verify this address. Open this link within {minutes} minutes:\n\n\
             {url}?token={}\n\nIf you do not know why, there is nothing to do.\n",
            owner.name,
            token.as_str(),
        );
        place.send(owner.id, email.clone(), "Verify your address", text);
    }
    list::find(db, id).await
}

/// Verifies the address that a token was mailed to, once.
///
/// # Errors
/// When the token is unknown or used, or it expired.
pub async fn verify_email(db: &Db, token: &str) -> Result<(), ClientError> {
    let hash = MailToken::hash_of(token);
    let verified = db.write_one(store::verify(&hash, time::now())).await?;
    let client = verified.ok_or(ClientError::BadToken)?;
    info!(client.id = %client, "the address of client {client} was verified");
    Ok(())
}
