//! Accounts over HTTP, one by one and in lists, for administrators.

use actix_web::body::BoxBody;
use actix_web::guard::GuardContext;
use actix_web::http::header::{ETAG, EntityTag, IF_MATCH};
use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, HttpResponse, Responder, get, patch, put};
use api::{
    AuthErrors, Authed, BodyErrors, ErrorBody, InputErrors, Json, OverloadErrors, Path, Problem,
    Query, SentTags,
};
use ids::AccountId;
use serde::Serialize;
use serde_json::Value;
use tracing::info;
use utoipa::ToSchema;
use values::{Email, Field, Fields, FromFields, Integer, Location, PathParam, Text, time};

use crate::accounts::actor::Actor;
use crate::accounts::filter::Filter;
use crate::accounts::list;
use crate::accounts::manage::{self, AccountTag, Change, Condition};
use crate::accounts::{Account, Role, Roles};
use crate::{Admin, Auth, AuthError, Client};

/// Users on a page by default, as in the earlier backend.
const PAGE: i64 = 100;

/// Users on a page, at most.
const PAGE_MAX: i64 = 500;

/// Users that a page may leave out: the database reads them all the same.
const SKIP_MAX: i64 = 100_000;

/// List the users
///
/// The oldest first. `next` of a page is `after` of the next one; `skip` is for clients that count.
/// `total` is the number of all users that fulfil the conditions.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(
        ("skip" = Option<i64>, Query, description = "Users to leave out, up to 100000",
            minimum = 0, maximum = 100_000),
        ("limit" = Option<i64>, Query, description = "Users at most, 1 to 500; 100 by default",
            minimum = 1, maximum = 500),
        ("after" = Option<AccountId>, Query, description = "What the page before this one calls `next`"),
        ("q" = Option<String>, Query, description = "A part of the address or the name, in any case",
            max_length = 200),
        ("role" = Option<Role>, Query, description = "Only users with this role"),
        ("active" = Option<bool>, Query, description = "Only active users, or only the others"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "A page of the users", body = UserPage),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
        (status = 404, description = "There is no user `after`", body = ErrorBody),
    ),
)]
#[get("/api/admin/users")]
pub(crate) async fn list_users(
    auth: Data<Auth>,
    Authed(Admin(admin), Query(asked)): Authed<Admin, Query<ListRequest>>,
) -> Result<Answer<UserPage>, Problem> {
    let ListRequest { filter, after, skip, limit } = asked;
    info!(admin.id = %admin.id, "{} lists users", admin.id);
    let page = list::page(&auth, &filter, after, skip, limit).await?;
    let users = page.accounts.into_iter().map(ManagedUser::from).collect();
    Ok(Answer(UserPage { users, total: page.total, next: page.next }))
}

/// Whether a path names a user. `users/batch` does not: it is a path of its own, with other methods.
fn names_user(request: &GuardContext<'_>) -> bool {
    !request.head().uri.path().ends_with("/batch")
}

/// Get a user
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(Path<AccountId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The user", body = ManagedUser,
            headers(("etag" = String, description = "Names this version of the user"))),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
    ),
)]
#[get("/api/admin/users/{user_id}", guard = "names_user")]
pub(crate) async fn get_user(
    auth: Data<Auth>,
    Authed(Admin(admin), Path(id)): Authed<Admin, Path<AccountId>>,
) -> Result<Tagged, Problem> {
    info!(admin.id = %admin.id, user.id = %id, "{} reads the user {id}", admin.id);
    Ok(Tagged(manage::find(&auth, id).await?))
}

/// The path and the body of a change.
type ChangeParts = (Path<AccountId>, Json<UserChange>);

/// Change a user
///
/// What is not sent stays as it is. A changed role counts from the next request of the user; a deactivation
/// ends all sessions. Administrators cannot take their own administration away, so that one is always left.
#[utoipa::path(tag = "admin", request_body = UserChange, security(("admin" = [])),
    params(
        Path<AccountId>,
        ("If-Match" = Option<String>, Header, description = "Change this version alone: its `ETag`"),
    ),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The changed user", body = ManagedUser,
            headers(("etag" = String, description = "Names this version of the user"))),
        (status = 400, description = "`If-Match` cannot be read", body = ErrorBody),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
        (status = 404, description = "There is no such user", body = ErrorBody),
        (status = 409, description = "The caller's own administration would end", body = ErrorBody),
        (status = 412, description = "The user is of another version", body = ErrorBody),
    ),
)]
#[patch("/api/admin/users/{user_id}", guard = "names_user")]
pub(crate) async fn change_user(
    auth: Data<Auth>,
    client: Client,
    request: HttpRequest,
    Authed(Admin(admin), (Path(id), Json(body))): Authed<Admin, ChangeParts>,
) -> Result<Tagged, Problem> {
    let condition = match SentTags::of(&request, &IF_MATCH)? {
        Some(SentTags::Tags(tags)) => Condition::Tagged(tags),
        Some(SentTags::Any) | None => Condition::Any,
    };
    let by = Actor { admin: admin.id, client: &client };
    Ok(Tagged(manage::change(&auth, by, id, body.into(), &condition).await?))
}

/// Give a user a new password
///
/// The password is generated and shown this once; it has to be changed before anything else. All sessions of
/// the user end.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(Path<UserKey>),
    responses(
        AuthErrors, OverloadErrors,
        (status = 200, description = "The password to hand over", body = NewPasswordView),
        (status = 400, description = "The id is none", body = ErrorBody),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
        (status = 404, description = "There is no such user", body = ErrorBody),
    ),
)]
#[put("/api/admin/users/{user_id}/password")]
pub(crate) async fn reset_user_password(
    auth: Data<Auth>,
    client: Client,
    Authed(Admin(admin), Path(UserKey(key))): Authed<Admin, Path<UserKey>>,
) -> Result<Answer<NewPasswordView>, Problem> {
    let id = key.parse().map_err(|_| AuthError::BadSubject)?;
    let by = Actor { admin: admin.id, client: &client };
    let (account, password, at) = manage::reset_password(&auth, by, id).await?;
    let password = password.expose().to_owned();
    Ok(Answer(NewPasswordView { email: account.email, password, reset_at: time::zulu(at) }))
}

/// The id of a user in a path. Any text is accepted: one that is no id is a 400, as in the earlier backend.
pub(crate) struct UserKey(String);

impl Field for UserKey {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        String::read(value, location).map(Self)
    }
}

impl PathParam for UserKey {
    const NAME: &'static str = "user_id";
    const DESCRIPTION: &'static str = "The id of the user";
}

/// The users to list.
pub(crate) struct ListRequest {
    filter: Filter,
    after: Option<AccountId>,
    skip: i64,
    limit: i64,
}

impl FromFields for ListRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let skip = fields.field_or("skip", Integer::<0, SKIP_MAX>(0));
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE));
        let (after, text) = (fields.field("after"), fields.field::<Option<Text<0, 200>>>("q"));
        let (role, active) = (fields.field("role"), fields.field("active"));
        let text = text?.map(|it| it.trim().to_owned());
        let filter = Filter { text, role: role?, active: active? };
        Some(Self { filter, after: after?, skip: skip?.0, limit: limit?.0 })
    }
}

/// What to change of a user.
#[derive(ToSchema)]
pub(crate) struct UserChange {
    /// What people call the user.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    name: Option<Text<1, 200>>,
    /// All roles; those that are not named are taken away.
    #[schema(value_type = Option<Vec<Role>>)]
    roles: Option<Roles>,
    /// Whether the account may be used.
    is_active: Option<bool>,
}

impl FromFields for UserChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, roles) = (fields.field("name"), fields.field("roles"));
        let is_active = fields.field("is_active");
        Some(Self { name: name?, roles: roles?, is_active: is_active? })
    }
}

impl From<UserChange> for Change {
    fn from(UserChange { name, roles, is_active }: UserChange) -> Self {
        Self { name: name.map(Text::into_inner), roles, is_active, password: None }
    }
}

/// A page of the users.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage {
    /// The users, the oldest first.
    users: Vec<ManagedUser>,
    /// The number of all users that fulfil the conditions.
    total: i64,
    /// Where the next page begins, if there is one.
    next: Option<AccountId>,
}

/// A user, as administrators see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ManagedUser {
    id: AccountId,
    #[schema(value_type = String, format = "email")]
    email: Email,
    name: String,
    #[schema(value_type = Vec<Role>)]
    roles: Roles,
    is_active: bool,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    /// Whether the password was assigned and has to be changed first.
    must_change_password: bool,
}

impl From<Account> for ManagedUser {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            roles: account.roles,
            is_active: account.is_active,
            created_at: time::zulu(account.created_at),
            must_change_password: account.must_change_password,
        }
    }
}

/// An account, answered with its entity tag.
pub(crate) struct Tagged(Account);

impl Responder for Tagged {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let tag = EntityTag::new_strong(AccountTag::of(&self.0).as_str().to_owned());
        HttpResponse::Ok().insert_header((ETAG, tag)).json(ManagedUser::from(self.0))
    }
}

/// A new password.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewPasswordView {
    #[schema(value_type = String, format = "email")]
    email: Email,
    /// The password to hand over; it is shown this once.
    password: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    reset_at: String,
}
