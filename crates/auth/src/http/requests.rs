//! What requests about accounts say.

use serde_json::Value;
use utoipa::ToSchema;
use values::{Email, Field, Fields, FromFields, Location, Text};

use crate::accounts::register::Registration;
use crate::accounts::{Role, Roles};
use crate::passwords::{NewPassword, Password};

/// A log-in.
#[derive(ToSchema)]
pub(crate) struct LoginRequest {
    /// The address; upper and lower case are the same.
    #[schema(value_type = String, format = "email", example = "demo.counselor@example.com")]
    pub(crate) email: Email,
    /// The password.
    #[schema(value_type = String, format = "password", example = "demo123")]
    pub(crate) password: Password,
}

impl FromFields for LoginRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (email, password) = (fields.field("email"), fields.field("password"));
        Some(Self { email: email?, password: password? })
    }
}

/// A registration.
#[derive(ToSchema)]
pub(crate) struct RegisterRequest {
    /// The address to log in with.
    #[schema(value_type = String, format = "email", example = "ada@example.com")]
    email: Email,
    #[schema(inline, example = "correct horse battery")]
    password: NewPassword,
    /// What people shall call the new account: 1 to 200 characters.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Ada Lovelace")]
    full_name: Text<1, 200>,
    /// Any but `admin`; a counsellor by default.
    #[schema(value_type = Option<Vec<Role>>)]
    roles: Option<Roles>,
}

impl FromFields for RegisterRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (email, password) = (fields.field("email"), fields.field("password"));
        let (full_name, roles) = (fields.field("full_name"), fields.field("roles"));
        Some(Self { email: email?, password: password?, full_name: full_name?, roles: roles? })
    }
}

impl From<RegisterRequest> for Registration {
    fn from(request: RegisterRequest) -> Self {
        let RegisterRequest { email, password, full_name, roles } = request;
        let roles = roles.unwrap_or_else(|| Roles::new([Role::Counselor]));
        Self { email, password, name: full_name, roles }
    }
}

/// A change of one's own password.
#[derive(ToSchema)]
pub(crate) struct PasswordChange {
    /// The password so far.
    #[schema(value_type = String, format = "password")]
    pub(crate) old_password: Password,
    #[schema(inline)]
    pub(crate) new_password: NewPassword,
}

impl FromFields for PasswordChange {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (old, new) = (fields.field("old_password"), fields.field("new_password"));
        Some(Self { old_password: old?, new_password: new? })
    }
}

/// A refresh token, for those who do not keep it as a cookie.
#[derive(ToSchema)]
pub(crate) struct RefreshRequest {
    /// The refresh token that came last.
    #[schema(value_type = Option<String>)]
    pub(crate) refresh_token: Option<String>,
}

impl FromFields for RefreshRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { refresh_token: fields.field("refresh_token")? })
    }
}

/// A question for a reset.
#[derive(ToSchema)]
pub(crate) struct ForgotPassword {
    /// The address of the account.
    #[schema(value_type = String, format = "email", example = "ada@example.com")]
    pub(crate) email: Email,
}

impl FromFields for ForgotPassword {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.field("email")? })
    }
}

/// A reset.
#[derive(ToSchema)]
pub(crate) struct PasswordReset {
    /// The token from the mail.
    pub(crate) token: String,
    #[schema(inline)]
    pub(crate) new_password: NewPassword,
}

impl FromFields for PasswordReset {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (token, new) = (fields.field("token"), fields.field("new_password"));
        Some(Self { token: token?, new_password: new? })
    }
}

/// One role, by its name.
impl Field for Role {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let words = Self::ALL.map(|role| (role.as_str(), role));
        location.check(value, values::choice(value, &words))
    }
}

/// Roles, as a list of their names.
impl Field for Roles {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        Vec::<Role>::read(value, location).map(Self::new)
    }
}
