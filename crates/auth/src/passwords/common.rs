//! Common passwords, which attackers try first.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The commonest passwords of published leaks in lower case, those of four characters and more: the
/// list by Royce Williams that Django carries (BSD-3-Clause).
static PUBLISHED: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Words that suggest themselves for this service.
const OURS: [&str; 11] = [
    "cardroom",
    "changeit",
    "confidential",
    "consult",
    "consultation",
    "counseling",
    "counselling",
    "counsellor",
    "counselor",
    "development",
    "staging",
];

/// Common endings of the words above.
const ENDINGS: [&str; 38] = [
    "", "!", "!!", "!1", "*", ".", "0", "00", "000", "007", "01", "1", "1!", "11", "111", "12",
    "12!", "123", "123!", "123.", "1234", "1234!", "12345", "123456", "1234567", "12345678", "2",
    "21", "22", "3", "321", "5", "69", "7", "77", "88", "99", "@123",
];

/// Whether a password is common, in any case: a word of the lists, alone, with a common ending, or with a
/// year between 1940 and 2039.
pub(crate) fn contain(password: &str) -> bool {
    let lower = password.to_lowercase();
    let begins = |start: &str| PUBLISHED.contains(start) || OURS.contains(&start);
    let ends_usually = ENDINGS.iter().any(|it| lower.strip_suffix(it).is_some_and(begins));
    let (start, year) = lower.split_at_checked(lower.len().saturating_sub(4)).unwrap_or_default();
    let is_year = year.parse().is_ok_and(|year: u16| (1940..2040).contains(&year));
    ends_usually || (is_year && begins(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_found_in_every_case_and_with_usual_endings() {
        for common in [
            "password",
            "Password1",
            "PASSWORD123!",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "Summer2024",
            "letmein123",
            "Passw0rd",
            "1q2w3e4r5t",
            "11111111",
            "monkey12",
            "welcome2026",
            "Cardroom1!",
        ] {
            assert!(contain(common), "{common}");
        }
        for good in [
            "correct horse",
            "first new",
            "TestPassword123!",
            "ääääääää",
            "x password",
            "2024-2024",
        ] {
            assert!(!contain(good), "{good}");
        }
    }

    #[test]
    fn the_list_is_in_order_and_in_lower_case() {
        let lines: Vec<_> = include_str!("common.txt").lines().collect();
        assert!(lines.is_sorted() && PUBLISHED.len() == lines.len());
        assert!(lines.iter().all(|it| **it == it.to_lowercase() && it.chars().count() >= 4));
    }
}
