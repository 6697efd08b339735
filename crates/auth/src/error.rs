//! What can go wrong with accounts, as the caller sees it.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use admission::{HashingRefused, Limited};
use api::Problem;
use database::DatabaseError;
use thiserror::Error;

use crate::passwords::UnfitPassword;

/// Why a request about accounts was not carried out.
#[derive(Debug, Error)]
pub enum AuthError {
    /// No bearer token was sent.
    #[error("Authorization header required")]
    NoToken,
    /// The token is not ours, is over, or names nobody.
    #[error("Could not validate credentials")]
    BadToken,
    /// The session of the token was ended.
    #[error("Could not validate credentials")]
    SessionOver,
    /// The refresh token leads to no session that lasts.
    #[error("Could not validate credentials")]
    BadRefreshToken,
    /// The caller has no such session.
    #[error("Session not found")]
    NoSuchSession,
    /// The password was handed out, and has to be replaced first.
    #[error("Password must be changed first")]
    MustChangePassword,
    /// The token's subject is no id.
    #[error("Invalid user ID format")]
    BadSubject,
    /// The account of the token is gone.
    #[error("User not found")]
    NoSuchUser,
    /// The account was deactivated.
    #[error("User is inactive")]
    Inactive,
    /// The account of an administrator was deactivated.
    #[error("User account is inactive")]
    AdminInactive,
    /// Only administrators may do this.
    #[error("Admin access required")]
    NotAdmin,
    /// The log-in failed; whether the address is known is not told.
    #[error("Incorrect email or password")]
    WrongCredentials,
    /// The password was right, but the account is deactivated.
    #[error("Inactive user")]
    InactiveLogin,
    /// The old password of a change was wrong.
    #[error("Incorrect current password")]
    WrongPassword,
    /// The new password is too short.
    #[error("Password must be at least 8 characters")]
    PasswordShort,
    /// The new password is longer than bcrypt reads.
    #[error("Password must be at most 71 bytes")]
    PasswordLong,
    /// The new password is among those that are tried first.
    #[error("Password is too common, please choose another")]
    PasswordCommon,
    /// The reset token is unknown, used, replaced or over.
    #[error("Invalid or expired reset token")]
    BadResetToken,
    /// Somebody has this address already.
    #[error("Email already registered")]
    EmailTaken,
    /// The profile lets nobody register.
    #[error("Registration is not available in this environment")]
    RegistrationClosed,
    /// Nobody may make themselves an administrator.
    #[error("This role cannot be chosen at registration")]
    RoleNotForChoice,
    /// The profile has no demo accounts.
    #[error("Demo accounts are not available in this environment")]
    NoDemoAccounts,
    /// A batch that names nobody.
    #[error("Either 'emails' or 'users' must be provided")]
    EmptyBatch,
    /// A batch of more users than one request may create.
    #[error("A batch may create at most {0} users")]
    LargeBatch(usize),
    /// Too many tried.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// Too many passwords wait to be hashed.
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
    Store(#[from] DatabaseError),
}

impl AuthError {
    /// Whether a password was guessed wrong, or may have been.
    pub(crate) fn is_wrong_guess(&self) -> bool {
        matches!(self, Self::WrongCredentials | Self::WrongPassword)
    }
}

impl From<UnfitPassword> for AuthError {
    fn from(unfit: UnfitPassword) -> Self {
        match unfit {
            UnfitPassword::Short => Self::PasswordShort,
            UnfitPassword::Long => Self::PasswordLong,
            UnfitPassword::Common => Self::PasswordCommon,
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let (status, code) = match error {
            AuthError::Store(error) => return error.into(),
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
            AuthError::PasswordShort => (StatusCode::BAD_REQUEST, "password_too_short"),
            AuthError::PasswordLong => (StatusCode::BAD_REQUEST, "password_too_long"),
            AuthError::PasswordCommon => (StatusCode::BAD_REQUEST, "password_too_common"),
            AuthError::BadResetToken => (StatusCode::BAD_REQUEST, "invalid_reset_token"),
            AuthError::EmailTaken => (StatusCode::CONFLICT, "email_taken"),
            AuthError::RegistrationClosed => (StatusCode::FORBIDDEN, "registration_closed"),
            AuthError::RoleNotForChoice => (StatusCode::FORBIDDEN, "role_not_for_choice"),
            AuthError::NoDemoAccounts => (StatusCode::FORBIDDEN, "no_demo_accounts"),
            AuthError::EmptyBatch => (StatusCode::BAD_REQUEST, "empty_batch"),
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

/// Rounded up, so that nobody comes back too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Lets `?` turn an extractor's error into an answer.
impl From<AuthError> for actix_web::Error {
    fn from(error: AuthError) -> Self {
        Problem::from(error).into()
    }
}
