//! Checks of values against the profile and the platform.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::keys::Keys;
use crate::{DatabaseUrl, Environment, Profile, Settings, secrets};

/// Minimum length of a JWT secret, in bytes: the output length of its HMAC (RFC 7518, section 3.2).
pub(crate) const JWT_SECRET_BYTES_MIN: usize = 32;

/// Parts of published secrets: in `config/`, in tutorials, in samples.
const PUBLISHED: [&str; 4] = ["known-to-everybody", "your-secret-key", "change-me", "changeme"];

/// The problem, and the accepted values.
type Fault = (&'static str, &'static str);

/// Refuses values that are not allowed in the profile or on the platform.
pub(crate) fn check(settings: &Settings, environment: &Environment, keys: &mut Keys) {
    let profile = settings.profile;
    let secret = settings.auth.jwt_secret.expose_secret();
    let faults = [
        ("auth.jwt_secret", jwt_secret(secret, profile, environment)),
        (
            "auth.passive_jwt_secrets",
            passive_jwt_secrets(&settings.auth.passive_jwt_secrets, profile, environment),
        ),
        ("server.public_url", public_url(&settings.server.public_url, profile)),
        ("auth.demo_accounts", demo_accounts(settings.auth.demo_accounts, profile)),
        ("auth.reset_token_in_answer", reset_token(settings.auth.reset_token_in_answer, profile)),
        ("rates.enabled", rates(settings.rates.enabled, profile)),
        ("cors.origins", origins(&settings.cors.origins, profile)),
        (
            "realtime.unregistered_rooms",
            unregistered_rooms(settings.realtime.unregistered_rooms, profile),
        ),
        ("database.url", ephemeral(settings, environment)),
        ("files.store", ephemeral_files(settings, environment)),
    ];
    for (key, fault) in faults {
        if let Some((what, accepted)) = fault {
            keys.refuse(key, what, accepted);
        }
    }
}

/// A published or weak secret is allowed on a developer's machine only, also when the profile was not set.
fn jwt_secret(secret: &str, profile: Profile, environment: &Environment) -> Option<Fault> {
    let lower = secret.to_lowercase().replace('_', "-");
    let what = if secret.is_empty() {
        "is missing"
    } else if secrets::has_blank_ends(secret) {
        secrets::BLANK_ENDS
    } else if profile.is_relaxed() && !environment.is_cloud_run() {
        return None;
    } else if PUBLISHED.iter().any(|words| lower.contains(words)) {
        "is a published default"
    } else if secret.len() < JWT_SECRET_BYTES_MIN {
        "is too short"
    } else if secrets::is_monotonous(secret) {
        secrets::MONOTONOUS
    } else {
        return None;
    };
    Some((what, "at least 32 bytes of your own in JWT_SECRET, as from `openssl rand -base64 48`"))
}

/// The first problem with a secret that verifies only.
fn passive_jwt_secrets(
    secrets: &[SecretString],
    profile: Profile,
    environment: &Environment,
) -> Option<Fault> {
    secrets.iter().find_map(|it| jwt_secret(it.expose_secret(), profile, environment))
}

/// Links in mails begin with this URL.
fn public_url(url: &str, profile: Profile) -> Option<Fault> {
    let url = Url::parse(url).ok();
    let is_local = url.as_ref().and_then(Url::host).is_some_and(|host| is_this_machine(&host));
    let what = "names this machine, and links in mails begin with it";
    let accepted = "the address of your web app, as in https://app.example.org";
    (is_local && profile.is_live()).then_some((what, accepted))
}

/// Whether a host is the machine that looks it up: `localhost` and the names below it (RFC 6761, section
/// 6.3), and loopback and unspecified addresses.
fn is_this_machine(host: &Host<&str>) -> bool {
    let is_local = |it: IpAddr| it.is_loopback() || it.is_unspecified();
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name.rsplit('.').next() == Some("localhost")
        }
        Host::Ipv4(address) => is_local(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_local(IpAddr::V6(*address).to_canonical()),
    }
}

fn demo_accounts(wanted: bool, profile: Profile) -> Option<Fault> {
    let what = "would let everybody in: their password is published";
    (wanted && profile.is_live()).then_some((what, "false, in production, cloud-run and small"))
}

fn reset_token(wanted: bool, profile: Profile) -> Option<Fault> {
    let what = "would let anybody take over any account";
    (wanted && !profile.is_relaxed()).then_some((what, "false, outside development and test"))
}

fn rates(enabled: bool, profile: Profile) -> Option<Fault> {
    let what = "would let anybody guess passwords and share codes without end";
    (!enabled && !profile.is_relaxed()).then_some((what, "true, outside development and test"))
}

fn origins(origins: &[String], profile: Profile) -> Option<Fault> {
    let is_wild = origins.iter().any(|origin| origin == "*");
    let what = "has \"*\", which lets any page call the API";
    let accepted = "the origins of your web app, as in https://app.example.org";
    (is_wild && !profile.is_relaxed()).then_some((what, accepted))
}

fn unregistered_rooms(wanted: bool, profile: Profile) -> Option<Fault> {
    let what = "would let anybody use channels without a room";
    (wanted && !profile.is_relaxed()).then_some((what, "false, outside development and test"))
}

/// On Cloud Run the file system is in memory and ends with the instance.
fn ephemeral(settings: &Settings, environment: &Environment) -> Option<Fault> {
    let is_file = matches!(settings.database.url, DatabaseUrl::Sqlite(_));
    let is_refused = is_file && environment.is_cloud_run() && !settings.database.allow_ephemeral;
    let what = "is SQLite, and on Cloud Run (K_SERVICE is set) its data vanish with the instance";
    let accepted = "postgres://… in DATABASE_URL, or database.allow_ephemeral = true";
    is_refused.then_some((what, accepted))
}

/// As [`ephemeral`], for files in a folder.
fn ephemeral_files(settings: &Settings, environment: &Environment) -> Option<Fault> {
    let is_refused = settings.files.store.is_some()
        && environment.is_cloud_run()
        && !settings.database.allow_ephemeral;
    let what =
        "is a folder, and on Cloud Run (K_SERVICE is set) its files vanish with the instance";
    let accepted = "nothing, which refuses uploads, or database.allow_ephemeral = true";
    is_refused.then_some((what, accepted))
}
