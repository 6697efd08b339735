//! The refresh token as a cookie, for web apps that keep it from their scripts.
//!
//! The prefix `__Host-` makes browsers refuse it over plain HTTP, for another path, or from another
//! host (RFC 6265bis, section 4.1.3.2); `SameSite=Strict` sends it from pages of our own site only, so
//! that no other page refreshes or logs out.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderName, SET_COOKIE};

/// Its name.
const NAME: &str = "__Host-refresh";

/// The header that sets the cookie for as many seconds.
pub(crate) fn set(token: &str, seconds: i64) -> (HeaderName, String) {
    let cookie = Cookie::build(NAME, token)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::seconds(seconds));
    (SET_COOKIE, cookie.finish().to_string())
}

/// The header that takes the cookie back.
pub(crate) fn clear() -> (HeaderName, String) {
    set("", 0)
}

/// The refresh token that came as a cookie.
pub(crate) fn read(request: &HttpRequest) -> Option<String> {
    request.cookie(NAME).map(|it| it.value().to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::COOKIE;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let read = |value: &str| {
            read(&TestRequest::default().insert_header((COOKIE, value)).to_http_request())
        };
        assert_eq!(read("a=b; __Host-refresh=token; c=d").as_deref(), Some("token"));
        assert_eq!(read("broken; __Host-refresh=token").as_deref(), Some("token"));
        assert_eq!(read("refresh=token; X__Host-refresh=token"), None);
        assert_eq!(read(""), None);
    }
}
