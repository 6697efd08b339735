//! A warning about a proxy that the settings do not name.

use settings::Settings;
use tracing::warn;

/// Warns when clients can reach the server only through a proxy, by the profile and the address that it
/// listens on, and `server.trusted_hops` names none.
pub(crate) fn warn_of_unnamed(settings: &Settings) {
    if is_unnamed(settings) {
        warn!(
            "server.trusted_hops is 0, but a server that listens on {} is reached through a proxy: all \
             clients count as one in the rate limits and in server.connections_per_address; set \
             CARDROOM__SERVER__TRUSTED_HOPS=1 if the proxy appends the client to X-Forwarded-For",
            settings.server.host,
        );
    }
}

fn is_unnamed(settings: &Settings) -> bool {
    let server = &settings.server;
    settings.profile.is_live() && server.host.is_loopback() && server.trusted_hops == 0
}

#[cfg(test)]
mod tests {
    use settings::Environment;

    use super::*;

    #[track_caller]
    fn check(profile: &str, changes: &[(&str, &str)], expected: bool) {
        let given = [
            ("CARDROOM_PROFILE", profile),
            ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
            ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org"),
            ("DATABASE_URL", "postgres://host/name"),
        ];
        let variables = given.iter().chain(changes).copied();
        let settings = settings::load(&Environment::new(variables)).unwrap().settings;
        assert_eq!(is_unnamed(&settings), expected, "{profile} {changes:?}");
    }

    #[test]
    fn a_live_server_on_loopback_is_behind_a_proxy() {
        check("production", &[], true);
        check("small", &[], true);
        check("small", &[("CARDROOM__SERVER__TRUSTED_HOPS", "1")], false);
        check("production", &[("HOST", "0.0.0.0")], false);
        check("cloud-run", &[], false);
        check("staging", &[], false);
        check("development", &[], false);
    }
}
