//! Import of accounts over HTTP, for administrators.

use actix_multipart::Multipart;
use actix_web::post;
use actix_web::web::{Data, Json as Answer};
use api::{AuthErrors, BodyErrors, ErrorBody, OverloadErrors, Problem, read_file};
use serde::Serialize;
use utoipa::ToSchema;
use values::Email;

use crate::accounts::actor::Actor;
use crate::accounts::import::{self, Report};
use crate::{Admin, Auth, AuthError, Client};

/// Size of a file, at most: some hundred bytes for each of the rows that it may have.
const FILE_BYTES_MAX: usize = 256 * 1024;

/// Import users from a CSV file
///
/// Each row has an address, and after it a password, a name and roles, if they are to be set; several roles
/// stand in quotes, with commas between them. A first row that begins with `email` is a header. An account
/// that exists is overwritten, its sessions end, and it counts as created. Each row is independent: what is
/// good is imported, and `errors` names the other rows. `skipped` are those whose address an earlier row has.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    request_body(content = inline(ImportForm), content_type = "multipart/form-data"),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "What became of the rows", body = ImportView),
        (status = 400, description = "Not a CSV file, or too many rows", body = ErrorBody),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
    ),
)]
#[post("/api/admin/import-whitelist")]
pub(crate) async fn import_whitelist(
    auth: Data<Auth>,
    client: Client,
    admin: Admin,
    form: Multipart,
) -> Result<Answer<ImportView>, Problem> {
    let file = read_file(form, FILE_BYTES_MAX).await?;
    if !file.name.to_lowercase().ends_with(".csv") {
        return Err(AuthError::NotCsv.into());
    }
    let by = Actor { admin: admin.0.id, client: &client };
    Ok(Answer(import::import(&auth, by, &file.bytes).await?.into()))
}

/// The form with the file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form is read by `read_file`")]
struct ImportForm {
    /// The file, whose name ends with `.csv`: UTF-8, 256 KiB at most.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The outcome of an import.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportView {
    /// Rows that are neither blank nor the header.
    total_rows: usize,
    /// Accounts that were created or overwritten.
    created: usize,
    /// Rows whose address an earlier row has.
    skipped: usize,
    /// What is wrong with the other rows.
    #[schema(example = json!(["Row 3: Invalid email format 'nobody'"]))]
    errors: Vec<String>,
    created_users: Vec<ImportedView>,
}

/// An account that was created or overwritten.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportedView {
    #[schema(value_type = String, format = "email")]
    email: Email,
    /// The password to hand over; a generated one is shown this once.
    password: String,
}

impl From<Report> for ImportView {
    fn from(report: Report) -> Self {
        let Report { rows, accounts, repeated, errors } = report;
        let imported = |(email, password): (Email, crate::Password)| {
            let password = password.expose().to_owned();
            ImportedView { email, password }
        };
        Self {
            total_rows: rows,
            created: accounts.len(),
            skipped: repeated,
            errors,
            created_users: accounts.into_iter().map(imported).collect(),
        }
    }
}
