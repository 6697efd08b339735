//! The language of an answer, by `Accept-Language` (RFC 9110, section 12.5.4).

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// A language in which errors are explained to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Chinese in traditional characters, for every kind of Chinese: there is no other.
    Chinese,
}

impl Language {
    /// The language that a request prefers; none when it names no preference, as programs do.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let ranges = headers.get(ACCEPT_LANGUAGE)?.to_str().unwrap_or_default();
        let (mut best, mut best_weight) = (Self::English, 0);
        for (language, weight) in ranges.split(',').filter_map(range) {
            if weight > best_weight {
                (best, best_weight) = (language, weight);
            }
        }
        Some(best)
    }

    /// The name for `Content-Language`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-TW",
        }
    }
}

/// A range of a language that there is, and its weight in thousandths.
fn range(text: &str) -> Option<(Language, u32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?.split('-').next()?.to_ascii_lowercase();
    let language = match name.as_str() {
        "zh" => Language::Chinese,
        "en" | "*" => Language::English,
        _ => return None,
    };
    let weight = parts.find_map(|it| it.strip_prefix("q=").or_else(|| it.strip_prefix("Q=")));
    Some((language, weight.map_or(1_000, thousandths)))
}

/// A weight such as `0.8`; 0 when it is none.
fn thousandths(weight: &str) -> u32 {
    let weight: f32 = weight.trim().parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1_000.0) as u32;
    thousandths
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_preferred_language_is_taken_and_english_where_there_is_none() {
        #[track_caller]
        fn check(sent: &str, expected: Language) {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(sent).unwrap());
            assert_eq!(Language::of(&headers), Some(expected), "{sent}");
        }
        use Language::{Chinese, English};
        check("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", Chinese);
        check("en-US,en;q=0.9,zh-TW;q=0.8", English);
        check("zh-Hant", Chinese);
        check("ZH-tw", Chinese);
        check("zh;q=0.5, en;q=0.4", Chinese);
        check("zh;q=0.5, en;q=0.6", English);
        check("zh;q=0, *", English);
        check("fr, zh;q=0.1", Chinese);
        check("fr", English);
        check("*", English);
        check("", English);
        check("zh;q=x", English);
        assert_eq!(Language::of(&HeaderMap::new()), None);
    }
}
