//! Refused values, and the text of the problems.

use crate::tests::{environment, problems};
use crate::{DatabaseUrl, MailTransport, load};

/// A variable, its problem, and the accepted values.
const BAD_VALUES: &str = r#"
PORT=http | server.port: "http" is not a whole number | a whole number from 0 to 65535
PORT=80.5 | server.port: "80.5" is not a whole number | a whole number from 0 to 65535
PORT=65536 | server.port: "65536" is out of range | a whole number from 0 to 65535
PORT=-1 | server.port: "-1" is out of range | a whole number from 0 to 65535
HOST=example.org | server.host: "example.org" is not an IP address | an IP address or localhost
CARDROOM__SERVER__DOCS=yes | server.docs: "yes" is no choice | true or false
CARDROOM__SERVER__DOCS= | server.docs: "" is no choice | true or false
CARDROOM__SERVER__SHUTDOWN_GRACE_MS=9000 | server.shutdown_grace_ms: "9000" is out of range | a whole number from 0 to 8500
CARDROOM__SERVER__PUBLIC_URL=app.org | server.public_url: "app.org" begins with neither http:// nor https:// | http:// or https:// and a host
CARDROOM__AUTH__BCRYPT_COST=16 | auth.bcrypt_cost: "16" is out of range | a whole number from 4 to 15
CARDROOM__HASHING__THREADS=257 | hashing.threads: "257" is out of range | a whole number from 0 to 256; 0 is one per core
CARDROOM__CORS__ORIGINS=http://a,b | cors.origins: "b" does not fit | http(s)://host[:port] in small letters, without a path, or *
CARDROOM__CORS__ORIGINS=https://a.org:443 | cors.origins: "https://a.org:443" names the default port, which browsers leave out: leave it out as well | http(s)://host[:port] in small letters, without a path, or *
CARDROOM__MAIL__TRANSPORT=post | mail.transport: "post" is no choice | outbox or smtp
CARDROOM__MAIL__FROM=me | mail.from: "me" holds no address | an address, alone or as in Name <address>
CARDROOM__LOG__FORMAT=xml | log.format: "xml" is no choice | text or json
CARDROOM__LOG__FILTER= | log.filter: "" is empty | a level, or as in info,rooms=debug
"#;

#[test]
fn a_bad_value_is_refused_with_its_key_its_source_and_what_is_accepted() {
    for row in BAD_VALUES.trim().lines() {
        let [variable, problem, accepted] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let (name, value) = variable.split_once('=').unwrap();
        let line = format!("{problem} (from environment variable {name}); accepted: {accepted}");
        assert_eq!(problems(&[(name, value)]), [line]);
    }
}

#[test]
fn a_bad_secret_is_refused_without_its_value() {
    const URLS: &str = "sqlite://data/cardroom.db or postgres://user:password@host:5432/name";
    const SMTP: &str = "smtp://user:password@host:587?tls=required or smtps://user:password@host";
    #[track_caller]
    fn check(name: &str, value: &str, problem: &str, accepted: &str) {
        let line = format!("{problem} (from environment variable {name}); accepted: {accepted}");
        assert_eq!(problems(&[(name, value)]), [line]);
    }
    let scheme = "does not begin with sqlite://, postgres:// or postgresql://";
    check("DATABASE_URL", "mysql://ann:pw@db", &format!("database.url: {scheme}"), URLS);
    check("DIRECT_DATABASE_URL", "postgres://", "database.direct_url: names no host", URLS);
    check("CARDROOM__MAIL__SMTP_URL", "hunter2", "mail.smtp_url: does not fit", SMTP);
    let line = "mail.smtp_url: is missing, and mail.transport is smtp (from base.toml); accepted: ";
    let problems = problems(&[("CARDROOM__MAIL__TRANSPORT", "smtp")]);
    assert_eq!(problems, [format!("{line}{SMTP}")]);
}

#[test]
fn an_unknown_key_is_refused_with_a_suggestion() {
    #[track_caller]
    fn check(name: &str, problem: &str) {
        let line = format!("{problem} (from environment variable {name})");
        assert_eq!(problems(&[(name, "hunter2")]), [line]);
    }
    check("CARDROOM__SERVER__PROT", "server.prot: unknown key; did you mean server.port?");
    check("CARDROOM__SERVER_PORT", "server_port: unknown key; did you mean server.port?");
    check("CARDROOM__JWT_SECRET", "jwt_secret: unknown key; did you mean auth.jwt_secret?");
    check("CARDROOM__PROFILE", "profile: unknown key; did you mean CARDROOM_PROFILE?");
    check("CARDROOM__WEATHER__FORECAST", "weather.forecast: unknown key");
}

#[test]
fn all_problems_are_reported_at_once() {
    let production = ("CARDROOM_PROFILE", "production");
    let demo = ("CARDROOM__AUTH__DEMO_ACCOUNTS", "true");
    let typo = ("CARDROOM__LOG__FORMT", "json");
    let problems = load(&environment(&[production, ("PORT", "web"), demo, typo])).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "the settings have 5 problems:
  server.port: \"web\" is not a whole number (from environment variable PORT); accepted: a whole \
         number from 0 to 65535
  auth.jwt_secret: is missing (from base.toml); accepted: at least 32 bytes of your own in \
         JWT_SECRET, as from `openssl rand -base64 48`
  server.public_url: names this machine, and links in mails begin with it (from base.toml); \
         accepted: the address of your web app, as in https://app.example.org
  auth.demo_accounts: would let everybody in: their password is published (from environment \
         variable CARDROOM__AUTH__DEMO_ACCOUNTS); accepted: false, in production, cloud-run and small
  log.formt: unknown key; did you mean log.format? (from environment variable \
         CARDROOM__LOG__FORMT)"
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let url = format!("postgres://ann:{secret}@db/cardroom");
    let broken = format!("postgres://ann:{secret}/@db/cardroom");
    let smtp = format!("smtp://ann:{secret}@mail");
    let transport = ("CARDROOM__MAIL__TRANSPORT", "smtp");
    let good = [
        ("JWT_SECRET", secret),
        ("DATABASE_URL", &url),
        ("DIRECT_DATABASE_URL", &url),
        ("CARDROOM__MAIL__SMTP_URL", &smtp),
        transport,
    ];
    let loaded = load(&environment(&good)).unwrap();
    assert!(matches!(&loaded.settings.database.url, DatabaseUrl::Postgres(_)));
    assert!(matches!(&loaded.settings.mail.transport, MailTransport::Smtp(_)));
    let shown = format!("{loaded:?} {:#?} {}", loaded.settings, loaded.settings.database.url);
    assert!(!shown.contains("hunter2"), "{shown}");

    let misspelt = format!("imap{smtp}");
    let bad = [
        ("CARDROOM_PROFILE", "production"),
        ("JWT_SECRET", "hunter2"),
        ("DATABASE_URL", &broken),
        ("DIRECT_DATABASE_URL", secret),
        ("CARDROOM__MAIL__SMTP_URL", &misspelt),
        ("CARDROOM__AUTH__JWT_SECRT", secret),
    ];
    let problems = load(&environment(&bad)).unwrap_err();
    assert_eq!(problems.0.len(), 6, "{problems}");
    assert!(!format!("{problems} {problems:?}").contains("hunter2"), "{problems}");
}
