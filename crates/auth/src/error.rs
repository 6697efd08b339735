//! Errors of requests about accounts, as clients see them.
//!
//! The texts are those of the earlier backend, which its clients show or compare, also where three texts
//! name one fault: `Inactive`, `AdminInactive` and `InactiveLogin` share the code `user_inactive`.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use admission::{HashingRefused, Limited};
use api::Problem;
use database::DatabaseError;
use thiserror::Error;

use crate::accounts::whitelist::BadFile;
use crate::passwords::UnfitPassword;

/// The text for every token that is not accepted. Clients compare texts of the earlier backend; programs
/// tell the cases apart by `code`.
const NOT_VALIDATED: &str = "Could not validate credentials";

/// Why a request about accounts failed.
#[derive(Debug, Error)]
pub enum AuthError {
    /// No bearer token was sent.
    #[error("Authorization header required")]
    NoToken,
    /// The access token is not valid, or it expired.
    #[error("{}", NOT_VALIDATED)]
    BadToken,
    /// The session of the access token is over.
    #[error("{}", NOT_VALIDATED)]
    SessionOver,
    /// The refresh token belongs to no active session.
    #[error("{}", NOT_VALIDATED)]
    BadRefreshToken,
    /// The caller has no such session.
    #[error("Session not found")]
    NoSuchSession,
    /// The password was assigned and has to be changed first.
    #[error("Password must be changed first")]
    MustChangePassword,
    /// The `sub` of a token of the earlier backend is not an id.
    #[error("Invalid user ID format")]
    BadSubject,
    /// The account was deleted.
    #[error("User not found")]
    NoSuchUser,
    /// The account is deactivated.
    #[error("User is inactive")]
    Inactive,
    /// The account is deactivated, at a route for administrators.
    #[error("User account is inactive")]
    AdminInactive,
    /// Only administrators may do this.
    #[error("Admin access required")]
    NotAdmin,
    /// Unknown address or wrong password; the answer does not tell which.
    #[error("Incorrect email or password")]
    WrongCredentials,
    /// The password was right, but the account is deactivated.
    #[error("Inactive user")]
    InactiveLogin,
    /// The old password of a change was wrong.
    #[error("Incorrect current password")]
    WrongPassword,
    /// The new password breaks a rule.
    #[error(transparent)]
    UnfitPassword(#[from] UnfitPassword),
    /// The reset token is unknown or used, or it expired.
    #[error("Invalid or expired reset token")]
    BadResetToken,
    /// The address has an account.
    #[error("Email already registered")]
    EmailTaken,
    /// The profile does not allow registration.
    #[error("Registration is not available in this environment")]
    RegistrationClosed,
    /// The role cannot be chosen at registration.
    #[error("This role cannot be chosen at registration")]
    RoleNotForChoice,
    /// The profile has no demo accounts.
    #[error("Demo accounts are not available in this environment")]
    NoDemoAccounts,
    /// An administrator would give up the own administration, after which there might be no administrator.
    #[error("You cannot remove your own administrator role or deactivate your own account")]
    OwnAdministration,
    /// The account is not of the version that the request names.
    #[error("The user was changed in the meantime")]
    AccountChanged,
    /// The batch has neither list.
    #[error("Either 'emails' or 'users' must be provided")]
    EmptyBatch,
    /// The batch has more users than one request may create.
    #[error("A batch may create at most {0} users")]
    LargeBatch(usize),
    /// The file of an import is not called `….csv`.
    #[error("Only CSV files are supported")]
    NotCsv,
    /// The file of an import cannot be read.
    #[error("Failed to process CSV file: {0}")]
    BadCsv(#[from] BadFile),
    /// Too many attempts.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// The hashing queue is full.
    #[error(transparent)]
    Hashing(#[from] HashingRefused),
    /// bcrypt failed.
    #[error("hashing failed")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// A token could not be signed.
    #[error("signing failed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl AuthError {
    /// Whether this counts as a wrong guess of a password.
    pub(crate) fn is_wrong_guess(&self) -> bool {
        matches!(self, Self::WrongCredentials | Self::WrongPassword)
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let (status, code) = match error {
            AuthError::Database(error) => return error.into(),
            AuthError::Bcrypt(_) | AuthError::Signing(_) => return Self::bug(&error),
            AuthError::Hashing(refused) => return busy(&refused),
            AuthError::Limited(limited) => return limited.into(),
            AuthError::NoToken => (StatusCode::UNAUTHORIZED, "authorization_required"),
            AuthError::BadToken => (StatusCode::UNAUTHORIZED, "invalid_token"),
            AuthError::WrongCredentials => (StatusCode::UNAUTHORIZED, "wrong_credentials"),
            AuthError::SessionOver => (StatusCode::UNAUTHORIZED, "session_over"),
            AuthError::BadRefreshToken => (StatusCode::UNAUTHORIZED, "invalid_refresh_token"),
            AuthError::NoSuchSession => (StatusCode::NOT_FOUND, "session_not_found"),
            AuthError::MustChangePassword => (StatusCode::FORBIDDEN, "password_change_required"),
            AuthError::BadSubject => (StatusCode::BAD_REQUEST, "invalid_user_id"),
            AuthError::NoSuchUser => (StatusCode::NOT_FOUND, "user_not_found"),
            AuthError::Inactive | AuthError::AdminInactive => {
                (StatusCode::FORBIDDEN, "user_inactive")
            }
            AuthError::NotAdmin => (StatusCode::FORBIDDEN, "admin_required"),
            AuthError::InactiveLogin => (StatusCode::BAD_REQUEST, "user_inactive"),
            AuthError::WrongPassword => (StatusCode::BAD_REQUEST, "wrong_password"),
            AuthError::UnfitPassword(unfit) => (StatusCode::BAD_REQUEST, code_of(unfit)),
            AuthError::BadResetToken => (StatusCode::BAD_REQUEST, "invalid_reset_token"),
            AuthError::EmailTaken => (StatusCode::CONFLICT, "email_taken"),
            AuthError::RegistrationClosed => (StatusCode::FORBIDDEN, "registration_closed"),
            AuthError::RoleNotForChoice => (StatusCode::FORBIDDEN, "role_not_for_choice"),
            AuthError::NoDemoAccounts => (StatusCode::FORBIDDEN, "no_demo_accounts"),
            AuthError::OwnAdministration => (StatusCode::CONFLICT, "own_administration"),
            AuthError::AccountChanged => (StatusCode::PRECONDITION_FAILED, "version_mismatch"),
            AuthError::EmptyBatch => (StatusCode::BAD_REQUEST, "empty_batch"),
            AuthError::NotCsv => (StatusCode::BAD_REQUEST, "not_csv"),
            AuthError::BadCsv(_) => (StatusCode::BAD_REQUEST, "bad_csv"),
            AuthError::LargeBatch(_) => (StatusCode::BAD_REQUEST, "large_batch"),
        };
        let problem = Self::new(status, code, error.to_string());
        if status == StatusCode::UNAUTHORIZED {
            problem.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        } else {
            problem
        }
    }
}

fn code_of(unfit: UnfitPassword) -> &'static str {
    match unfit {
        UnfitPassword::Short => "password_too_short",
        UnfitPassword::Long => "password_too_long",
        UnfitPassword::Common => "password_too_common",
    }
}

fn busy(refused: &HashingRefused) -> Problem {
    match refused {
        HashingRefused::Full { retry_after } => Problem::unavailable(
            "logins_busy",
            "Too many people are logging in at the moment, please try again",
            whole_seconds(*retry_after),
        ),
        HashingRefused::Broken => Problem::bug(refused),
    }
}

/// Whole seconds, rounded up, so that a client does not retry too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Lets `?` turn an extractor's error into an answer.
impl From<AuthError> for actix_web::Error {
    fn from(error: AuthError) -> Self {
        Problem::from(error).into()
    }
}
