//! The order in which requests get slots when there are not enough.

use actix_web::http::Method;
use utoipa::openapi::HttpMethod;

use crate::path_pattern::matches;

/// The priority of a request, highest first: work that is lost when it is refused, then people who are in
/// a room or join one, and last what is expensive and can wait.
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
    /// All, highest first.
    pub const ALL: [Self; 5] = [Self::Save, Self::Join, Self::Read, Self::LogIn, Self::Register];

    /// Its label in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Join => "join",
            Self::Read => "read",
            Self::LogIn => "login",
            Self::Register => "register",
        }
    }

    /// How many of `slots` are reserved for this priority, at least one, so that higher priorities do not
    /// starve it.
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

/// The priorities that routes declare beside their handlers.
#[derive(Default)]
pub struct Priorities(Vec<(Method, String, Priority)>);

impl Priorities {
    /// Declares the priority of a route; `P` is its description, which names methods and path. Those that
    /// are requested most often come first.
    pub fn declare<P: utoipa::Path>(&mut self, priority: Priority) {
        for method in P::methods() {
            self.0.push((method_of(&method), P::path(), priority));
        }
    }

    /// The priority of a request: the one that its route declares, else [`Priority::Read`] for a safe
    /// method and [`Priority::Join`] for every other. Requests about health and metrics have none and are
    /// always served.
    pub fn of(&self, method: &Method, path: &str) -> Option<Priority> {
        if is_watching(path) {
            return None;
        }
        if method.is_safe() {
            return Some(Priority::Read);
        }
        let mut declared = self.0.iter();
        let declared = declared.find(|(of, pattern, _)| of == method && matches(pattern, path));
        Some(declared.map_or(Priority::Join, |it| it.2))
    }
}

fn method_of(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

/// Whether a path is about health or metrics.
pub fn is_watching(path: &str) -> bool {
    path == "/metrics" || path == "/health" || path.starts_with("/health/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_leave_room_for_more_than_themselves() {
        for slots in 8..1000 {
            let shares: usize = Priority::ALL.iter().map(|it| it.share(slots)).sum();
            assert!(shares <= slots, "{slots}");
        }
    }
}
