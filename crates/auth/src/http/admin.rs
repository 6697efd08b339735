//! Accounts over HTTP, for administrators.

use actix_web::post;
use actix_web::web::{Data, Json as Answer};
use api::{AuthErrors, Authed, BodyErrors, ErrorBody, Json, OverloadErrors, Problem};
use serde::Serialize;
use serde_json::Value;
use tracing::info;
use utoipa::ToSchema;
use values::{Email, Field, Fields, FromFields, Location, Nested, Text, time};

use crate::accounts::batch::{self, OnDuplicate, Outcome};
use crate::accounts::candidate::Candidate;
use crate::accounts::{Role, Roles};
use crate::passwords::Password;
use crate::{Admin, Auth, AuthError, Client};

/// Create many users
///
/// `users` wins over `emails` unless it is empty. Each user is created on its own. A password that was
/// not given is generated and shown once. It has to be changed before anything else, and so has one that
/// was given and breaks the rules for passwords; `must_change_password` tells.
#[utoipa::path(tag = "admin", request_body = BatchRequest, security(("admin" = [])), responses(
    AuthErrors, BodyErrors, OverloadErrors,
    (status = 200, description = "What became of each user", body = BatchView),
    (status = 400, description = "Neither list was sent, or too many users", body = ErrorBody),
    (status = 403, description = "Not an active administrator", body = ErrorBody),
))]
#[post("/api/admin/users/batch")]
pub(crate) async fn create_users(
    auth: Data<Auth>,
    client: Client,
    Authed(Admin(admin), Json(request)): Authed<Admin, Json<BatchRequest>>,
) -> Result<Answer<BatchView>, Problem> {
    let on_duplicate = request.on_duplicate;
    let candidates = request.candidates().ok_or(AuthError::EmptyBatch)?;
    let outcomes = batch::create(&auth, &admin, candidates, on_duplicate, &client).await?;
    info!(admin.id = %admin.id, users = outcomes.len(), "{} ran a batch of users", admin.id);
    Ok(Answer(BatchView::new(outcomes)))
}

/// Users to create.
#[derive(ToSchema)]
pub(crate) struct BatchRequest {
    /// Addresses alone: passwords are generated.
    emails: Option<Vec<String>>,
    /// Users with more than an address.
    #[schema(value_type = Option<Vec<BatchUser>>)]
    users: Option<Vec<Nested<BatchUser>>>,
    /// `skip` unless it is given.
    #[schema(required = false)]
    on_duplicate: OnDuplicate,
}

/// A user to create.
#[derive(ToSchema)]
pub(crate) struct BatchUser {
    /// The address to log in with.
    #[schema(example = "test.user1@example.com")]
    email: String,
    /// Generated when not given.
    #[schema(value_type = Option<String>, format = "password")]
    password: Option<Password>,
    /// What people call the user; by default what stands before the `@`.
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Option<Text<0, 200>>,
    /// A counsellor by default.
    #[schema(value_type = Option<Vec<Role>>)]
    roles: Option<Roles>,
}

impl BatchRequest {
    /// The users, or the addresses, which may be none; nothing when neither was sent.
    fn candidates(self) -> Option<Vec<Candidate>> {
        let users = self.users.filter(|users| !users.is_empty());
        let users = users.map(|users| users.into_iter().map(|Nested(user)| user.into()).collect());
        users.or_else(|| Some(self.emails?.into_iter().map(Candidate::named).collect()))
    }
}

impl From<BatchUser> for Candidate {
    fn from(user: BatchUser) -> Self {
        let name = user.name.map(Text::into_inner).filter(|name| !name.is_empty());
        Self { email: user.email, password: user.password, name, roles: user.roles }
    }
}

impl FromFields for BatchRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (emails, users) = (fields.field("emails"), fields.field("users"));
        let on_duplicate = fields.field_or("on_duplicate", OnDuplicate::Skip);
        Some(Self { emails: emails?, users: users?, on_duplicate: on_duplicate? })
    }
}

impl FromFields for BatchUser {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (email, password) = (fields.field("email"), fields.field("password"));
        let (name, roles) = (fields.field("name"), fields.field("roles"));
        Some(Self { email: email?, password: password?, name: name?, roles: roles? })
    }
}

impl Field for OnDuplicate {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let words = [("skip", Self::Skip), ("reset_password", Self::ResetPassword)];
        location.check(value, values::choice(value, &words))
    }
}

/// What became of each user of a batch.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct BatchView {
    /// Users that exist now.
    success: Vec<CreatedView>,
    /// Users that existed before.
    existing: Vec<ExistingView>,
    /// Users that do not exist.
    failed: Vec<FailedView>,
}

/// A new user.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedView {
    #[schema(value_type = String, format = "email")]
    email: Email,
    /// The password to hand over; it is shown this once.
    password: String,
    created: bool,
    /// Whether the password has to be changed before anything else.
    must_change_password: bool,
}

/// A user that existed before.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExistingView {
    #[schema(value_type = String, format = "email")]
    email: Email,
    /// The new password to hand over, if it was reset.
    password: Option<String>,
    /// In UTC, without a zone.
    created_at: Option<String>,
    /// `skipped` or `password_reset`.
    action: &'static str,
    /// Whether the password has to be changed before anything else.
    must_change_password: bool,
}

/// A user that could not be created.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailedView {
    /// The address as it was sent.
    email: String,
    reason: String,
}

impl BatchView {
    fn new(outcomes: Vec<Outcome>) -> Self {
        let mut view = Self::default();
        for outcome in outcomes {
            view.add(outcome);
        }
        view
    }

    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Created { email, password, must_change } => {
                let password = password.expose().to_owned();
                self.success.push(CreatedView {
                    email,
                    password,
                    created: true,
                    must_change_password: must_change,
                });
            }
            Outcome::Existing { email, password, account } => {
                let action = if password.is_some() { "password_reset" } else { "skipped" };
                let password = password.map(|it| it.expose().to_owned());
                let must_change_password =
                    account.as_ref().is_some_and(|it| it.must_change_password);
                let created_at = account.map(|it| time::naive(it.created_at));
                self.existing.push(ExistingView {
                    email,
                    password,
                    created_at,
                    action,
                    must_change_password,
                });
            }
            Outcome::Failed { email, reason } => self.failed.push(FailedView { email, reason }),
        }
    }
}
