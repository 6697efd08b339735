//! The database over HTTP, for administrators.

mod requests;
mod views;

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get, post};
use admission::{Priorities, Priority};
use api::{
    AuthErrors, Authed, BodyErrors, ErrorBody, InputErrors, JsonOrQuery, OverloadErrors, Path,
    Problem, Query,
};
use auth::{Admin, Auth, Client, demo};
use rooms::{Directory, EndedRooms};
use tracing::{info, warn};

use crate::clear::{self, ClearableTable};
use crate::error::AdministrationError;
use crate::tables::{self, Place, SHOWN};
use crate::{counts, status};
use requests::{Key, PageRequest, SeedRequest, TableName};
use views::{ClearedView, DatabaseStatusView, SeededView, TablePage, TableView};

api::routes! {
    db_status,
    list_tables,
    read_table,
    clear_table,
    seed_test,
    seed,
}

/// Declares the priorities of the routes that hash passwords.
pub fn prioritize(priorities: &mut Priorities) {
    priorities.declare::<__path_seed>(Priority::Register);
    priorities.declare::<__path_seed_test>(Priority::Register);
}

/// See the database
#[utoipa::path(tag = "admin", security(("admin" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "Name and size of the database, or that it does not answer", body = DatabaseStatusView),
    (status = 403, description = "Not an active administrator", body = ErrorBody),
))]
#[get("/api/admin/db/status")]
async fn db_status(auth: Data<Auth>, admin: Admin) -> Answer<DatabaseStatusView> {
    info!(admin.id = %admin.0.id, "{} reads the status of the database", admin.0.id);
    Answer(match status::status(&auth.db).await {
        Ok(Some(found)) => DatabaseStatusView::Connected {
            status: "connected",
            database: found.name,
            size: status::pretty(found.bytes),
        },
        Ok(None) => DatabaseStatusView::NO_ANSWER,
        Err(error) => {
            warn!(error = %error, "the status of the database is not known: {error}");
            DatabaseStatusView::NO_ANSWER
        }
    })
}

/// List the tables
///
/// Those that are shown, by name. A number of rows above 10000 is an estimate.
#[utoipa::path(tag = "admin", security(("admin" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "The tables", body = Vec<TableView>),
    (status = 403, description = "Not an active administrator", body = ErrorBody),
))]
#[get("/api/admin/db/tables")]
async fn list_tables(auth: Data<Auth>, admin: Admin) -> Result<Answer<Vec<TableView>>, Problem> {
    info!(admin.id = %admin.0.id, "{} lists the tables", admin.0.id);
    let mut views = Vec::new();
    for table in SHOWN {
        let count = counts::rows(&auth.db, table.name).await?;
        views.push(TableView {
            name: table.name,
            row_count: count.rows,
            column_count: table.columns.len(),
            is_estimate: count.is_estimate,
        });
    }
    Ok(Answer(views))
}

/// Read a table
///
/// By primary key. `next` of a page is `after` of the one that follows; `offset` is for clients that count.
/// Secrets are in no column that is shown.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(
        Path<TableName>,
        ("limit" = Option<i64>, Query, description = "Rows at most, 1 to 500; 100 by default",
            minimum = 1, maximum = 500),
        ("offset" = Option<i64>, Query, description = "Rows to leave out, up to 100000",
            minimum = 0, maximum = 100_000),
        ("after" = Option<Uuid>, Query, description = "What the page before this one calls `next`"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "A page of the table", body = TablePage),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
        (status = 404, description = "There is no such table", body = ErrorBody),
    ),
)]
#[get("/api/admin/db/table/{table_name}")]
async fn read_table(
    auth: Data<Auth>,
    Authed(Admin(admin), (Path(TableName(name)), Query(asked))): Authed<Admin, ReadParts>,
) -> Result<Answer<TablePage>, Problem> {
    let PageRequest { limit, offset, after } = asked;
    let table =
        tables::find(&name).ok_or_else(|| AdministrationError::NoSuchTable(name.clone()))?;
    info!(admin.id = %admin.id, table = table.name, "{} reads {}", admin.id, table.name);
    // One more than the page has tells whether there are more.
    let place =
        Place { after: after.map_or(0, |Key(id)| id.as_u128()), skip: offset, limit: limit + 1 };
    let rows = tables::page(&auth.db, table.name, place).await?;
    let mut data = rows.ok_or(AdministrationError::NoSuchTable(name))?;
    let has_more = i64::try_from(data.len()).is_ok_and(|rows| rows > limit);
    data.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = data.last().filter(|_| has_more).map(|row| row["id"].clone());
    let count = counts::rows(&auth.db, table.name).await?;
    let (total, is_estimate) = (count.rows, count.is_estimate);
    let (table, columns) = (table.name, table.columns);
    Ok(Answer(TablePage { table, columns, data, total, is_estimate, limit, offset, next }))
}

/// Clear a table
///
/// Deletes the rows that the table has, and those of other tables that belong to them: `also_cleared` names
/// those tables. Open pages of deleted rooms are told. Accounts, sessions, the audit log and whatever else the
/// service cannot do without are protected.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(Path<TableName>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Cleared", body = ClearedView),
        (status = 403, description = "The table is protected, or not an active administrator", body = ErrorBody),
        (status = 404, description = "There is no such table", body = ErrorBody),
    ),
)]
#[delete("/api/admin/db/table/{table_name}")]
async fn clear_table(
    auth: Data<Auth>,
    directory: Data<Directory>,
    ended_rooms: Data<EndedRooms>,
    client: Client,
    Authed(Admin(admin), Path(TableName(name))): Authed<Admin, Path<TableName>>,
) -> Result<Answer<ClearedView>, Problem> {
    let Some(table) = ClearableTable::find(&name) else {
        let is_known = PROTECTED.contains(&name.as_str()) || tables::find(&name).is_some();
        return Err(if is_known {
            AdministrationError::Protected(name)
        } else {
            AdministrationError::NoSuchTable(name)
        }
        .into());
    };
    let deleted = clear::clear(&auth, (&directory, &ended_rooms), &admin, table, &client).await?;
    warn!(admin.id = %admin.id, table = table.name, rows = deleted, "{} cleared {}", admin.id, table.name);
    Ok(Answer(ClearedView {
        status: "success",
        message: format!("Table '{}' cleared successfully", table.name),
        deleted,
        also_cleared: table.takes,
    }))
}

/// Tables that are not shown and may not be cleared.
const PROTECTED: [&str; 5] = [
    "__diesel_schema_migrations",
    "alembic_version",
    "gameplay_segments",
    "idempotency_keys",
    "password_resets",
];

/// Create the demo accounts that are missing
///
/// Only where the profile has demo accounts; what exists stays as it is. With `include_test`, in the body or the
/// query, the test accounts too.
#[utoipa::path(tag = "admin", request_body(content = Option<SeedRequest>), security(("admin" = [])),
    params(("include_test" = Option<bool>, Query, description = "Test accounts too, without a body")),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The accounts exist", body = SeededView),
        (status = 403, description = "The profile has no demo accounts", body = ErrorBody),
    ),
)]
#[post("/api/admin/db/seed")]
async fn seed(
    auth: Data<Auth>,
    Authed(Admin(admin), JsonOrQuery(request)): Authed<Admin, JsonOrQuery<SeedRequest>>,
) -> Result<Answer<SeededView>, Problem> {
    demo::create_missing(&auth).await?;
    if request.include_test {
        demo::create_missing_tests(&auth).await?;
    }
    warn!(admin.id = %admin.id, "{} created the demo accounts", admin.id);
    let message = if request.include_test {
        "Database seeded with production and test data"
    } else {
        "Database seeded with production data"
    };
    Ok(Answer(SeededView { status: "success", message }))
}

/// Create the test accounts that are missing
///
/// Only where the profile has demo accounts; what exists stays as it is.
#[utoipa::path(tag = "admin", security(("admin" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "The accounts exist", body = SeededView),
    (status = 403, description = "The profile has no demo accounts", body = ErrorBody),
))]
#[post("/api/admin/db/seed/test")]
async fn seed_test(auth: Data<Auth>, admin: Admin) -> Result<Answer<SeededView>, Problem> {
    demo::create_missing_tests(&auth).await?;
    warn!(admin.id = %admin.0.id, "{} created the test accounts", admin.0.id);
    Ok(Answer(SeededView { status: "success", message: "Database seeded with test data" }))
}

/// The path and the query of a page.
type ReadParts = (Path<TableName>, Query<PageRequest>);
