//! Who goes first when not everybody can.

use actix_web::http::Method;

/// Who goes first when not everybody can, the first first: work that is lost when it is refused, people
/// at a table before people at the door, and last what is dear and can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Saving a state, and staying logged in.
    Save,
    /// Joining a room, and every other change.
    Join,
    /// Reading.
    Read,
    /// Logging in.
    LogIn,
    /// Registering, and whatever else hashes a password.
    Register,
}

impl Priority {
    /// All, the first first.
    pub const ALL: [Self; 5] = [Self::Save, Self::Join, Self::Read, Self::LogIn, Self::Register];

    /// The priority of a request; none of one that watches the service, which is always let in.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        let is_read = method.is_safe();
        match path.trim_end_matches('/') {
            path if is_watching(path) => None,
            "/api/auth/refresh" => Some(Self::Save),
            "/api/auth/login" => Some(Self::LogIn),
            path if !is_read && hashes(path) => Some(Self::Register),
            _ if is_read => Some(Self::Read),
            path if path.contains("/gameplay-states/") => Some(Self::Save),
            _ => Some(Self::Join),
        }
    }

    /// What metrics call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Join => "join",
            Self::Read => "read",
            Self::LogIn => "login",
            Self::Register => "register",
        }
    }

    /// How many of `slots` are kept for this priority, so that nothing above it starves it and a flood
    /// of it starves nothing else: a part, and one at the least.
    pub(super) fn share(self, slots: usize) -> usize {
        let part = match self {
            Self::Save => 8,
            Self::Join | Self::Read => 16,
            Self::LogIn | Self::Register => 32,
        };
        (slots / part).max(1)
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// Whether a path tells how the service is.
pub fn is_watching(path: &str) -> bool {
    path == "/metrics" || path == "/health" || path.starts_with("/health/")
}

fn hashes(path: &str) -> bool {
    const SMALL: [&str; 2] = ["/api/auth/logout", "/api/auth/sessions"];
    let is_account = path.starts_with("/api/auth/") || path.starts_with("/api/admin/users");
    is_account && !SMALL.iter().any(|it| path.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_goes_first_and_what_watches_is_outside() {
        #[track_caller]
        fn check(method: &Method, path: &str, priority: Option<Priority>) {
            assert_eq!(Priority::of(method, path), priority, "{method} {path}");
        }
        check(&Method::GET, "/health", None);
        check(&Method::GET, "/health/ready", None);
        check(&Method::GET, "/metrics", None);
        check(&Method::PUT, "/api/rooms/7/gameplay-states/love", Some(Priority::Save));
        check(&Method::PATCH, "/api/rooms/7/gameplay-states/love/", Some(Priority::Save));
        check(&Method::POST, "/api/auth/refresh", Some(Priority::Save));
        check(&Method::POST, "/api/visitors/join-room/AB12CD", Some(Priority::Join));
        check(&Method::PUT, "/api/visitors/7/heartbeat", Some(Priority::Join));
        check(&Method::POST, "/api/rooms", Some(Priority::Join));
        check(&Method::POST, "/api/auth/logout", Some(Priority::Join));
        check(&Method::GET, "/api/rooms/7/gameplay-states/love", Some(Priority::Read));
        check(&Method::GET, "/api/auth/me", Some(Priority::Read));
        check(&Method::GET, "/nowhere", Some(Priority::Read));
        check(&Method::POST, "/api/auth/login", Some(Priority::LogIn));
        check(&Method::POST, "/api/auth/login/", Some(Priority::LogIn));
        check(&Method::POST, "/api/auth/register", Some(Priority::Register));
        check(&Method::POST, "/api/auth/reset-password", Some(Priority::Register));
        check(&Method::POST, "/api/admin/users/batch", Some(Priority::Register));
    }

    #[test]
    fn shares_leave_room_for_more_than_themselves() {
        for slots in 8..1000 {
            let shares: usize = Priority::ALL.iter().map(|it| it.share(slots)).sum();
            assert!(shares <= slots, "{slots}");
        }
    }
}
