//! The URL of the database, and its form without a password.

use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// The URL of the database. `Display` and `Debug` show no password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// An SQLite file; a relative path starts at the working directory.
    Sqlite(PathBuf),
    /// The whole URL of a PostgreSQL server.
    Postgres(SecretString),
}

/// Why a text is no database URL. It never repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DatabaseUrlError {
    /// It begins with none of the schemes.
    #[error("does not begin with sqlite://, postgres:// or postgresql://")]
    Scheme,
    /// An SQLite URL whose path is no plain file. In memory, every connection would have its own.
    #[error("names no file: parameters, folders and databases in memory are not supported")]
    File,
    /// A password, or another part, with a bare `@`, `/` or `?`.
    #[error("has an @, / or ? that must be written %40, %2F or %3F")]
    Unescaped,
    /// A PostgreSQL URL without a host.
    #[error("names no host")]
    Host,
    /// Something after the host that is no port.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
}

impl DatabaseUrl {
    /// The whole URL, password included.
    pub fn expose(&self) -> Cow<'_, str> {
        match self {
            Self::Sqlite(path) => Cow::Owned(format!("sqlite://{}", path.display())),
            Self::Postgres(url) => Cow::Borrowed(url.expose_secret()),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.split_once("://") {
            Some(("sqlite", path)) => file(path).map(Self::Sqlite),
            Some(("postgres" | "postgresql", rest)) => {
                Server::parse(rest).map(|_| Self::Postgres(url.into()))
            }
            _ => Err(DatabaseUrlError::Scheme),
        }
    }
}

impl Display for DatabaseUrl {
    /// A PostgreSQL URL as `postgres://user:***@host/name`, without its parameters.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(_) => f.write_str(&self.expose()),
            Self::Postgres(url) => f.write_str(&masked(url.expose_secret())),
        }
    }
}

impl Debug for DatabaseUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

fn file(path: &str) -> Result<PathBuf, DatabaseUrlError> {
    let is_uri = path.starts_with("file:") || path.contains(['?', '#']);
    let is_file = !path.is_empty() && !path.ends_with('/') && !path.contains(":memory:");
    let is_text = !path.contains(char::is_control);
    if is_file && is_text && !is_uri { Ok(path.into()) } else { Err(DatabaseUrlError::File) }
}

/// What follows `postgres://`, without its parameters.
struct Server<'a> {
    user: Option<&'a str>,
    has_password: bool,
    place: &'a str,
}

impl<'a> Server<'a> {
    /// Takes `[user[:password]@]host[:port][,…][/name][?parameters]` apart.
    fn parse(rest: &'a str) -> Result<Self, DatabaseUrlError> {
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = rest.split('/').next().unwrap_or_default();
        let (login, hosts) = match authority.split_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let place = login.map_or(rest, |login| &rest[login.len() + 1..]);
        if place.contains('@') || parameters.contains('@') {
            return Err(DatabaseUrlError::Unescaped);
        }
        check_hosts(hosts, parameters)?;
        let user = login.and_then(|login| login.split(':').next());
        Ok(Self { user, has_password: login.is_some_and(|login| login.contains(':')), place })
    }
}

fn check_hosts(hosts: &str, parameters: &str) -> Result<(), DatabaseUrlError> {
    let is_named = !hosts.is_empty() || parameters.contains("host=");
    let is_port = |port: &str| port.parse().is_ok_and(|port: u16| port > 0);
    match hosts.split(',').filter_map(port).all(is_port) {
        true if is_named => Ok(()),
        true => Err(DatabaseUrlError::Host),
        false => Err(DatabaseUrlError::Port),
    }
}

/// The port of `host:port` or `[::1]:port`.
fn port(host: &str) -> Option<&str> {
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    after.split_once(':').map(|(_, port)| port)
}

fn masked(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    match Server::parse(rest) {
        Ok(Server { user: Some(user), has_password: true, place }) => {
            format!("postgres://{user}:***@{place}")
        }
        Ok(Server { user: Some(user), place, .. }) => format!("postgres://{user}@{place}"),
        Ok(Server { place, .. }) => format!("postgres://{place}"),
        Err(_) => "postgres://***".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        #[track_caller]
        fn check(url: &str, shown: &str) {
            let parsed: DatabaseUrl = url.parse().unwrap();
            assert_eq!(parsed.expose(), url);
            assert_eq!(format!("{parsed} {parsed:?}"), format!("{shown} {shown}"));
        }
        check("sqlite://data/cardroom.db", "sqlite://data/cardroom.db");
        check("sqlite:///var/lib/card room.db", "sqlite:///var/lib/card room.db");
        check("postgres://host/db", "postgres://host/db");
        check("postgres://ann@host/db", "postgres://ann@host/db");
        check("postgres://ann:pw@host:5432/db", "postgres://ann:***@host:5432/db");
        check("postgres://ann:p:w#%40@host", "postgres://ann:***@host");
        check("postgres://ann:@host/db", "postgres://ann:***@host/db");
        check("postgresql://ann:pw@[::1]:5433/db", "postgres://ann:***@[::1]:5433/db");
        check("postgres://ann:pw@one:1,two:2/db", "postgres://ann:***@one:1,two:2/db");
        check("postgres://host/db?user=ann&password=pw", "postgres://host/db");
        check("postgres:///db?host=/run/postgresql", "postgres:///db");
    }

    #[test]
    fn a_path_is_relative_or_absolute() {
        #[track_caller]
        fn check(url: &str, expected: &str) {
            match url.parse().unwrap() {
                DatabaseUrl::Sqlite(path) => assert_eq!(path, PathBuf::from(expected)),
                DatabaseUrl::Postgres(_) => panic!("{url} is SQLite"),
            }
        }
        check("sqlite://data/cardroom.db", "data/cardroom.db");
        check("sqlite:///var/lib/cardroom.db", "/var/lib/cardroom.db");
    }

    #[test]
    fn other_texts_are_no_database_urls() {
        use DatabaseUrlError::{File, Host, Port, Scheme, Unescaped};
        #[track_caller]
        fn check(url: &str, error: DatabaseUrlError) {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap_err(), error, "{url}");
        }
        for url in ["", "data/cardroom.db", "mysql://host/db", "postgresql+psycopg2://host/db"] {
            check(url, Scheme);
        }
        for path in ["", "data/", ":memory:", "file:x", "data/x.db?mode=ro", "x\0.db", "x#"] {
            check(&format!("sqlite://{path}"), File);
        }
        for server in ["ann:p@w@host/db", "ann:p/w@host/db", "ann:p?w@host/db"] {
            check(&format!("postgres://{server}"), Unescaped);
        }
        for server in ["", "/db", "ann:pw@/db"] {
            check(&format!("postgres://{server}"), Host);
        }
        for server in ["host:/db", "host:0", "ann:pw/db", "one:1,two:x", "[::1]:65536", "a:b:5432"]
        {
            check(&format!("postgres://{server}"), Port);
        }
    }

    #[test]
    fn a_url_that_was_never_parsed_is_not_shown() {
        for url in ["postgres://ann:p/w@host", "ann:pw", ""] {
            assert_eq!(DatabaseUrl::Postgres(url.into()).to_string(), "postgres://***");
        }
    }
}
