//! The priorities of all routes.

use admission::Priorities;

/// What the crates declare, saves first, because a request is compared with one after the other.
pub(crate) fn declared() -> Priorities {
    let mut priorities = Priorities::default();
    gameplay::prioritize(&mut priorities);
    notes::prioritize(&mut priorities);
    auth::prioritize(&mut priorities);
    administration::prioritize(&mut priorities);
    priorities
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use admission::Priority;

    use super::*;

    #[test]
    fn work_that_is_lost_goes_first_and_health_is_outside() {
        let priorities = declared();
        let check = |method: Method, path: &str, priority: Option<Priority>| {
            assert_eq!(priorities.of(&method, path), priority, "{method} {path}");
        };
        check(Method::GET, "/health", None);
        check(Method::GET, "/health/ready", None);
        check(Method::GET, "/metrics", None);
        check(Method::PUT, "/api/rooms/7/gameplay-states/love", Some(Priority::Save));
        check(Method::PATCH, "/api/rooms/7/gameplay-states/love", Some(Priority::Save));
        check(
            Method::POST,
            "/api/rooms/7/gameplay-states/a/history/3/restore",
            Some(Priority::Save),
        );
        check(Method::PUT, "/api/rooms/7/notes", Some(Priority::Save));
        check(Method::POST, "/api/auth/refresh", Some(Priority::Save));
        check(Method::POST, "/api/visitors/join-room/AB12CD", Some(Priority::Join));
        check(Method::PUT, "/api/visitors/7/heartbeat", Some(Priority::Join));
        check(Method::POST, "/api/rooms", Some(Priority::Join));
        check(Method::POST, "/api/auth/logout", Some(Priority::Join));
        check(Method::GET, "/api/rooms/7/gameplay-states/love", Some(Priority::Read));
        check(Method::GET, "/api/auth/me", Some(Priority::Read));
        check(Method::GET, "/nowhere", Some(Priority::Read));
        check(Method::POST, "/api/auth/login", Some(Priority::LogIn));
        check(Method::POST, "/api/auth/register", Some(Priority::Register));
        check(Method::POST, "/api/auth/reset-password", Some(Priority::Register));
        check(Method::POST, "/api/admin/users/batch", Some(Priority::Register));
    }
}
