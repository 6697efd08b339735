//! Rules for every secret that people choose.

use std::collections::BTreeSet;

/// Minimum number of different bytes of a secret. Random text of 32 characters has fewer once in 10^15.
const DIFFERENT_BYTES_MIN: usize = 8;

/// The problem with a secret that [`has_blank_ends`].
pub(crate) const BLANK_ENDS: &str = "begins or ends with white space, which is easily added by accident and would make it another secret";

/// The problem with a secret that [`is_monotonous`].
pub(crate) const MONOTONOUS: &str = "has fewer than eight different characters";

/// Whether a secret begins or ends with white space, such as the line end of a file.
pub(crate) fn has_blank_ends(secret: &str) -> bool {
    secret.trim() != secret
}

/// Whether a secret has too few different bytes to be random.
pub(crate) fn is_monotonous(secret: &str) -> bool {
    secret.bytes().collect::<BTreeSet<_>>().len() < DIFFERENT_BYTES_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_eight_different_bytes_and_no_blank_ends() {
        assert!(!is_monotonous("abcdefgh") && is_monotonous("abcdefgabcdefgabcdefg"));
        assert!(is_monotonous(&"a".repeat(40)) && is_monotonous(""));
        for blank in ["secret\n", " secret", "secret\u{a0}", "\tsecret"] {
            assert!(has_blank_ends(blank), "{blank:?}");
        }
        assert!(!has_blank_ends("a secret"));
    }
}
