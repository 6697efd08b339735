//! One list of routes, for the router and for OpenAPI.

/// Declares the routes of a crate, once: a `configure` for the router, and a `Documentation` of them
/// for the API's documentation. The first that matches takes a request, so fixed paths come before
/// those with a variable in the same place.
///
/// Routes that are `guarded` have a rate limit of their own. They are described with the others, and added
/// to the router behind their limit alone.
#[macro_export]
macro_rules! routes {
    (
        guarded { $($($guarded:ident)::+),+ $(,)? }
        $($($part:ident)::+),+ $(,)?
    ) => {
        $crate::routes!(@described $($($guarded)::+,)+ $($($part)::+),+);
        $crate::routes!(@added $($($part)::+),+);
    };
    (@described $($($part:ident)::+),+) => {
        /// The description of the routes of this crate.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($part)::+),+))]
        pub struct Documentation;
    };
    (@added $($($part:ident)::+),+) => {
        /// Adds the routes of this crate.
        pub fn configure(routes: &mut actix_web::web::ServiceConfig) {
            routes$(.service($($part)::+))+;
        }
    };
    ($($($part:ident)::+),+ $(,)?) => {
        $crate::routes!(@described $($($part)::+),+);
        $crate::routes!(@added $($($part)::+),+);
    };
}
