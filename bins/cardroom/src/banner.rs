//! The text that `cargo run` prints when the server is up.

use std::net::SocketAddr;

use settings::{DatabaseUrl, Settings};

use crate::docs::PAGES_PATH;

/// The address, the pages and the demo account, for a person at a terminal.
pub(crate) fn text(settings: &Settings, address: SocketAddr) -> String {
    let mut lines = vec![
        format!("Cardroom is up ({} profile)", settings.profile),
        format!("  Address    http://{address}"),
    ];
    if settings.server.docs {
        lines.push(format!("  API pages  http://{address}{PAGES_PATH}"));
    }
    if settings.auth.demo_accounts {
        let (email, password) = (auth::demo::ACCOUNTS[0].email, auth::demo::PASSWORD);
        lines.push(format!("  Log in as  {email} / {password}"));
    }
    lines.push(format!("  Database   {}", settings.database.url));
    if let DatabaseUrl::Sqlite(_) = settings.database.url {
        lines.push(
            "             for PostgreSQL set DATABASE_URL=postgres://user:password@host/database"
                .to_owned(),
        );
    }
    lines.push("  Stop       ctrl-c; `cardroom --help` and `cardroom check` tell more".to_owned());
    lines.join("\n")
}
