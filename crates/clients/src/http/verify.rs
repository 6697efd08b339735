//! Addresses of clients over HTTP.

use actix_web::web::{Data, Json as Answer};
use actix_web::{get, post};
use api::{
    AuthErrors, Authed, BodyErrors, ErrorBody, Input, InputErrors, Json, OverloadErrors, Path,
    Problem, Query, Tagged,
};
use auth::{Auth, Caller};
use database::Db;
use ids::ClientId;
use utoipa::IntoParams;
use values::{Fields, FromFields, Text};

use super::client_bodies::{ClientView, EmailBinding};
use super::clients::{ClientMessage, tagged};
use crate::bounds::ClientBounds;
use crate::client::ClientTag;
use crate::error::ClientError;
use crate::verify;

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A client, and an address to bind to it.
type BindParts = (Path<ClientId>, Json<EmailBinding>);

/// A token that came by mail.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerificationToken {
    /// The token.
    #[param(value_type = String, max_length = 100)]
    token: Text<0, 100>,
}

impl FromFields for VerificationToken {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { token: fields.field("token")? })
    }
}

/// Bind an address to a client who has none
///
/// For the counsellor alone. By default a mail is sent to the address, whose link verifies it.
#[utoipa::path(tag = "clients", request_body = EmailBinding, security(("bearer" = [])),
    params(Path<ClientId>),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The client as it is now", body = ClientView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "The client has an address, another client has this one, or the body names another client", body = ErrorBody),
        (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such client", body = ErrorBody),
    ),
)]
#[post("/api/clients/{client_id}/bind-email")]
pub(crate) async fn bind_email(
    db: Data<Db>,
    auth: Data<Auth>,
    bounds: Data<ClientBounds>,
    Authed(Caller(account), (Path(id), Json(binding))): Authed<Caller, BindParts>,
) -> Result<Tagged<ClientTag, ClientView>, Problem> {
    let EmailBinding { client_id, email, send_verification } = binding;
    if client_id != id {
        return Err(ClientError::OtherClient.into());
    }
    let bound =
        verify::bind_email(&db, &auth.mailer, &bounds, &account, id, &email, send_verification);
    Ok(tagged(bound.await?, &account))
}

/// Verify the address of a client
///
/// For everyone who has the token from the mail. A token is good for one request.
#[utoipa::path(tag = "clients", params(VerificationToken), responses(
    InputErrors, OverloadErrors,
    (status = 200, description = "Verified", body = ClientMessage),
    (status = 400, description = "The token is unknown or used, or it expired", body = ErrorBody),
))]
#[get("/api/clients/verify-email")]
pub(crate) async fn verify_email(
    db: Data<Db>,
    Input(Query(VerificationToken { token })): Input<Query<VerificationToken>>,
) -> Result<Answer<ClientMessage>, Problem> {
    verify::verify_email(&db, &token).await?;
    Ok(Answer(ClientMessage { message: "Email verified successfully" }))
}
