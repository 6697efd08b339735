//! Accounts over HTTP.

mod account_sessions;
mod admin;
mod audit;
mod import;
mod requests;
mod sessions;
mod users;
mod views;

use std::sync::Arc;

use actix_web::web::{Data, Json as Answer, ServiceConfig};
use actix_web::{CustomizeResponder, Responder, get, post};
use admission::{Priorities, Priority, RateLimits};
use api::{
    AuthErrors, Authed, BodyErrors, Created, ErrorBody, Input, Json, JsonOrQuery, OverloadErrors,
    Problem,
};

use crate::accounts::demo;
use crate::passwords::{change, reset};
use crate::sessions::TokenPair;
use crate::{Account, Auth, Client, SignedIn};
use requests::{ForgotPassword, LoginRequest, PasswordChange, PasswordReset, RegisterRequest};
use views::{DemoView, DemosCreated, LoginView, MeView, Message, ResetRequested};

api::routes! {
    guarded { login, register, forgot_password, reset_password }
    me,
    demo_accounts,
    init_demo_accounts,
    change_password,
    sessions::refresh,
    sessions::logout,
    sessions::list_sessions,
    sessions::end_session,
    sessions::end_other_sessions,
    account_sessions::list_user_sessions,
    account_sessions::end_user_sessions,
    admin::create_users,
    import::import_whitelist,
    users::list_users,
    users::get_user,
    users::change_user,
    users::reset_user_password,
    audit::read_audit_log,
}

/// Adds the routes that have a limit of their own.
pub fn guard(routes: &mut ServiceConfig, limits: &RateLimits) {
    routes
        .service(limits.login.guard::<__path_login, _>(login))
        .service(limits.registration.guard::<__path_register, _>(register))
        .service(limits.reset.guard::<__path_forgot_password, _>(forgot_password))
        .service(limits.reset.guard::<__path_reset_password, _>(reset_password));
}

/// Declares the priorities of the routes that are more or less urgent than others: staying logged in, and
/// what hashes passwords.
pub fn prioritize(priorities: &mut Priorities) {
    priorities.declare::<sessions::__path_refresh>(Priority::Save);
    priorities.declare::<__path_login>(Priority::LogIn);
    priorities.declare::<__path_register>(Priority::Register);
    priorities.declare::<__path_change_password>(Priority::Register);
    priorities.declare::<__path_forgot_password>(Priority::Register);
    priorities.declare::<__path_reset_password>(Priority::Register);
    priorities.declare::<__path_init_demo_accounts>(Priority::Register);
    priorities.declare::<admin::__path_create_users>(Priority::Register);
    priorities.declare::<import::__path_import_whitelist>(Priority::Register);
    priorities.declare::<users::__path_reset_user_password>(Priority::Register);
}

/// Log in
///
/// Gives an access token for the header `Authorization: Bearer …`, and a refresh token for the next
/// one. An unknown address and a wrong
/// password are answered alike, and take the same time.
#[utoipa::path(tag = "auth", request_body = LoginRequest, responses(
    BodyErrors, OverloadErrors,
    (status = 200, description = "Logged in", body = LoginView),
    (status = 400, description = "The account is inactive", body = ErrorBody),
    (status = 401, description = "Address and password do not belong together", body = ErrorBody),
))]
#[post("/api/auth/login")]
async fn login(
    auth: Data<Auth>,
    limits: Data<RateLimits>,
    client: Client,
    Input(Json(request)): Input<Json<LoginRequest>>,
) -> Result<CustomizeResponder<Answer<LoginView>>, Problem> {
    let LoginRequest { email, password } = request;
    let login = crate::sessions::login::login(&auth, &limits.logins, &client, &email, password);
    Ok(logged_in(&auth, login.await?, Answer))
}

/// The answer to a log-in, with the refresh token in the body or in a cookie.
fn logged_in<R: Responder>(
    auth: &Auth,
    (account, pair): (Account, TokenPair),
    answer: impl Fn(LoginView) -> R,
) -> CustomizeResponder<R> {
    let is_cookie = auth.rules.refresh_cookie;
    let cookie = is_cookie.then(|| sessions::cookie_of(auth, &pair.refresh_token));
    let answer = answer(LoginView::new(account, pair, !is_cookie)).customize();
    cookie.into_iter().fold(answer, CustomizeResponder::insert_header)
}

/// Register an account
///
/// Only where the profile allows it. Logs the new account in.
#[utoipa::path(tag = "auth", request_body = RegisterRequest, responses(
    BodyErrors, OverloadErrors,
    (status = 201, description = "Registered and logged in", body = LoginView),
    (status = 400, description = "The password breaks a rule", body = ErrorBody),
    (status = 403, description = "Registration is closed, or the role cannot be chosen", body = ErrorBody),
    (status = 409, description = "The address has an account already", body = ErrorBody),
))]
#[post("/api/auth/register")]
async fn register(
    auth: Data<Auth>,
    client: Client,
    Input(Json(request)): Input<Json<RegisterRequest>>,
) -> Result<CustomizeResponder<Created<LoginView>>, Problem> {
    let registered = crate::accounts::register::register(&auth, request.into(), &client).await?;
    Ok(logged_in(&auth, registered, Created))
}

/// Who am I
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "The account of the token", body = MeView),
))]
#[get("/api/auth/me")]
async fn me(caller: SignedIn) -> Answer<MeView> {
    Answer(Arc::unwrap_or_clone(caller.account).into())
}

/// List the demo accounts
///
/// Empty where the profile has none.
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "The demo accounts, without passwords", body = Vec<DemoView>),
))]
#[get("/api/auth/demo-accounts")]
async fn demo_accounts(auth: Data<Auth>) -> Answer<Vec<DemoView>> {
    Answer(demo::listed(&auth).iter().map(DemoView::from).collect())
}

/// Create the demo accounts that are missing
///
/// Only where the profile has demo accounts; existing ones stay as they are.
#[utoipa::path(tag = "auth", responses(
    OverloadErrors,
    (status = 200, description = "The addresses that were created", body = DemosCreated),
    (status = 403, description = "The profile has no demo accounts", body = ErrorBody),
))]
#[post("/api/auth/init-demo-accounts")]
async fn init_demo_accounts(auth: Data<Auth>) -> Result<Answer<DemosCreated>, Problem> {
    Ok(Answer(demo::create_missing(&auth).await?.into()))
}

/// Change one's own password
///
/// All other sessions end. As a JSON body; or, as before, in the query string, which is discouraged:
/// it ends up in logs.
#[utoipa::path(tag = "auth", request_body(content = Option<PasswordChange>), security(("bearer" = [])),
    params(
        ("old_password" = Option<String>, Query, description = "The old password, without a body"),
        ("new_password" = Option<String>, Query, description = "The new password, without a body"),
    ),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "Changed", body = Message),
        (status = 400, description = "The old password is wrong or the new one unfit", body = ErrorBody),
    ),
)]
#[post("/api/auth/change-password")]
async fn change_password(
    auth: Data<Auth>,
    limits: Data<RateLimits>,
    client: Client,
    Authed(caller, JsonOrQuery(request)): Authed<SignedIn, JsonOrQuery<PasswordChange>>,
) -> Result<Answer<Message>, Problem> {
    let PasswordChange { old_password, new_password } = request;
    let logins = &limits.logins;
    change::change(&auth, logins, &caller, old_password, new_password, &client).await?;
    Ok(Answer(Message::new("Password changed successfully")))
}

/// Ask for a password reset
///
/// The answer is the same whether the address has an account or not; only the development profile
/// adds the token. Elsewhere it is mailed.
#[utoipa::path(tag = "auth", request_body(content = Option<ForgotPassword>),
    params(("email" = Option<String>, Query, description = "The address, without a body")),
    responses(
        BodyErrors, OverloadErrors,
        (status = 200, description = "A mail is on its way, if the address has an account", body = ResetRequested),
    ),
)]
#[post("/api/auth/forgot-password")]
async fn forgot_password(
    auth: Data<Auth>,
    client: Client,
    Input(JsonOrQuery(request)): Input<JsonOrQuery<ForgotPassword>>,
) -> Result<Answer<ResetRequested>, Problem> {
    Ok(Answer(reset::request(&auth, &request.email, &client).await?.into()))
}

/// Set a new password with a reset token
///
/// All sessions end.
#[utoipa::path(tag = "auth", request_body(content = Option<PasswordReset>),
    params(
        ("token" = Option<String>, Query, description = "The token, without a body"),
        ("new_password" = Option<String>, Query, description = "The new password, without a body"),
    ),
    responses(
        BodyErrors, OverloadErrors,
        (status = 200, description = "Reset", body = Message),
        (status = 400, description = "The token is not good or the password unfit", body = ErrorBody),
    ),
)]
#[post("/api/auth/reset-password")]
async fn reset_password(
    auth: Data<Auth>,
    client: Client,
    Input(JsonOrQuery(request)): Input<JsonOrQuery<PasswordReset>>,
) -> Result<Answer<Message>, Problem> {
    reset::reset(&auth, &request.token, request.new_password, &client).await?;
    Ok(Answer(Message::new("Password has been reset successfully")))
}
