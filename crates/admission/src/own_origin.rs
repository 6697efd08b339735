//! The origin of the server as its client sees it.

use actix_web::HttpRequest;
use actix_web::http::header::HOST;

use crate::hops::TrustedHops;

/// The headers in which a trusted proxy passes on what the client asked for.
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";

/// The origin of pages that this server itself serves, such as `https://app.example.org`: the scheme and
/// the host of the request. Behind trusted proxies these are the forwarded ones, which pages cannot
/// name; `None` when the request names no host.
pub fn own_origin(request: &HttpRequest) -> Option<String> {
    let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
    let host = header(HOST.as_str());
    if TrustedHops::of(request) == TrustedHops(0) {
        return host.map(|host| format!("http://{host}"));
    }
    // The entry of the proxy next to the client stands first where several add theirs.
    let first =
        |list: &'static str| header(list).and_then(|it| it.split(',').next()).map(str::trim);
    let scheme = first(FORWARDED_PROTO).unwrap_or("http");
    first(FORWARDED_HOST).or(host).map(|host| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[track_caller]
    fn check(hops: usize, headers: &[(&'static str, &'static str)], origin: Option<&str>) {
        let request = TestRequest::default().app_data(TrustedHops(hops));
        let request = headers.iter().fold(request, |it, header| it.append_header(*header));
        assert_eq!(own_origin(&request.to_http_request()).as_deref(), origin, "{headers:?}");
    }

    #[test]
    fn forwarded_headers_count_behind_trusted_proxies_alone() {
        let direct = ("host", "cardroom.example:8000");
        let forwarded = ("x-forwarded-host", "app.example.org");
        let proto = ("x-forwarded-proto", "https");
        check(0, &[direct], Some("http://cardroom.example:8000"));
        check(0, &[direct, forwarded, proto], Some("http://cardroom.example:8000"));
        check(1, &[direct, forwarded, proto], Some("https://app.example.org"));
        check(1, &[direct, proto], Some("https://cardroom.example:8000"));
        check(1, &[], None);
    }
}
