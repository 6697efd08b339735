//! Both spellings of a path are served: with and without a slash at its end.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::middleware::Next;

/// Takes slashes away that a path has too many of: at its end, and beside one another. The layer of
/// actix-web that does so searches every path with a regular expression, also those that have none.
pub(crate) async fn trim<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let path = request.path();
    let has_too_many = (path.len() > 1 && path.ends_with('/')) || path.contains("//");
    if let Some(uri) = has_too_many.then(|| trimmed(request.uri())).flatten() {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

fn trimmed(uri: &Uri) -> Option<Uri> {
    let segments = uri.path().split('/').filter(|segment| !segment.is_empty());
    let mut path: String = segments.flat_map(|segment| ["/", segment]).collect();
    if path.is_empty() {
        path.push('/');
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_go_and_the_query_stays() {
        for (sent, served) in [
            ("/", "/"),
            ("//", "/"),
            ("/api/rooms/", "/api/rooms"),
            ("//api///rooms//", "/api/rooms"),
            ("/api/rooms/?a=//", "/api/rooms?a=//"),
            ("/a%2F/", "/a%2F"),
        ] {
            assert_eq!(trimmed(&sent.parse().unwrap()).unwrap(), served, "{sent}");
        }
    }
}
