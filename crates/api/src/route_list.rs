//! One list of routes, for the router and for the description.

/// Declares the routes of a crate, once: a `configure` for the router, and a `Documentation` of them
/// for the API's documentation. The first that matches takes a request, so fixed paths come before
/// those with a variable in the same place.
#[macro_export]
macro_rules! routes {
    ($($($part:ident)::+),+ $(,)?) => {
        /// The description of the routes of this crate.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($part)::+),+))]
        pub struct Documentation;

        /// Adds the routes of this crate.
        pub fn configure(routes: &mut actix_web::web::ServiceConfig) {
            routes$(.service($($part)::+))+;
        }
    };
}
