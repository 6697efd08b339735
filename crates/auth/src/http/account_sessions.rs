//! The sessions of an account over HTTP, for administrators.

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get};
use api::{AuthErrors, Authed, ErrorBody, InputErrors, OverloadErrors, Path, Problem};
use ids::AccountId;
use tracing::info;

use super::views::{SessionView, SessionsEnded};
use crate::sessions::lifecycle;
use crate::{Admin, Auth, Client};

/// List the sessions of an account
///
/// Active sessions only, the most recently used first. An account that does not exist has none.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(Path<AccountId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The sessions", body = Vec<SessionView>),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
    ),
)]
#[get("/api/admin/users/{user_id}/sessions")]
pub(crate) async fn list_user_sessions(
    auth: Data<Auth>,
    Authed(Admin(admin), Path(account)): Authed<Admin, Path<AccountId>>,
) -> Result<Answer<Vec<SessionView>>, Problem> {
    info!(admin.id = %admin.id, user.id = %account, "{} lists the sessions of {account}", admin.id);
    let sessions = lifecycle::list(&auth, account).await?;
    Ok(Answer(sessions.into_iter().map(|it| SessionView::new(it, None)).collect()))
}

/// End all sessions of an account
///
/// Its users have to log in again; their sockets are closed.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(Path<AccountId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Ended", body = SessionsEnded),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
        (status = 404, description = "There is no such account", body = ErrorBody),
    ),
)]
#[delete("/api/admin/users/{user_id}/sessions")]
pub(crate) async fn end_user_sessions(
    auth: Data<Auth>,
    client: Client,
    Authed(Admin(admin), Path(account)): Authed<Admin, Path<AccountId>>,
) -> Result<Answer<SessionsEnded>, Problem> {
    let ended = lifecycle::end_all(&auth, &admin, account, &client).await?;
    Ok(Answer(SessionsEnded { message: "All sessions were ended", ended }))
}
