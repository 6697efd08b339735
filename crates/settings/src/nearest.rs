//! Suggestions for misspelt keys.

use strsim::damerau_levenshtein;

/// Maximum edit distance between a key and a suggestion.
const DISTANCE_MAX: usize = 3;

/// The known key that is nearest to an unknown one, if one is near.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.map(|key| (distance(unknown, key), key));
    distances.min().filter(|(distance, _)| *distance <= DISTANCE_MAX).map(|(_, key)| key)
}

/// Edit distance of two keys; a different or missing section counts as one edit.
fn distance(one: &str, other: &str) -> usize {
    let whole = damerau_levenshtein(one, other);
    whole.min(1 + damerau_levenshtein(last(one), last(other)))
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_has_a_suggestion() {
        #[track_caller]
        fn check(unknown: &str, meant: Option<&str>) {
            let known = ["server.host", "server.port", "database.pool_size", "auth.jwt_secret"];
            assert_eq!(nearest(unknown, known.into_iter()), meant, "{unknown}");
        }
        check("server.prot", Some("server.port"));
        check("servr.port", Some("server.port"));
        check("server_port", Some("server.port"));
        check("port", Some("server.port"));
        check("db.pool_size", Some("database.pool_size"));
        check("auth.jwt-secret", Some("auth.jwt_secret"));
        check("weather.forecast", None);
        check("", None);
    }
}
