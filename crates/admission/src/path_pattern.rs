//! Paths of routes, as their descriptions write them: `/api/rooms/{room_id}`.
//!
//! Without the router's regular expressions: they would be compiled again for each route and thread.

/// Whether a path has the segments of a pattern; one in braces stands for any text.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(segment))
                if expected == segment || (expected.starts_with('{') && !segment.is_empty()) => {}
            // Most paths end here at their second or third segment: every guard asks.
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_a_pattern_with_as_many_segments() {
        let pattern = "/api/rooms/{room_id}/gameplay-states/{gameplay_id}";
        assert!(matches(pattern, "/api/rooms/1/gameplay-states/2"));
        for other in [
            "/api/rooms/1/gameplay-states",
            "/api/rooms/1/gameplay-states/",
            "/api/rooms/1/gameplay-states/2/history",
            "/api/rooms//gameplay-states/2",
            "/api/rooms/1/statistics/2",
            "/",
            "",
        ] {
            assert!(!matches(pattern, other), "{other}");
        }
        assert!(matches("/api/rooms", "/api/rooms"));
    }
}
