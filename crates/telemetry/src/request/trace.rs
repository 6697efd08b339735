//! The trace of a request, from the header `traceparent` (W3C Trace Context, section 3.2).

use actix_web::http::header::HeaderMap;

/// The header, if it is there once and well-formed, and the id of the trace in it.
pub(super) fn of(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut sent = headers.get_all("traceparent");
    match (sent.next(), sent.next()) {
        (Some(one), None) => {
            let header = one.to_str().ok()?;
            parse(header).map(|id| (header, id))
        }
        _ => None,
    }
}

fn parse(header: &str) -> Option<&str> {
    let mut parts = header.split('-');
    let mut next = |digits| parts.next().filter(|part| is_hex(part, digits));
    let (version, trace, parent, _flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
    let has_more = parts.next().is_some();
    let is_known = version != "ff" && !(version == "00" && has_more);
    let is_set = |id: &str| id.bytes().any(|digit| digit != b'0');
    (is_known && is_set(trace) && is_set(parent)).then_some(trace)
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[track_caller]
    fn check(header: &str, is_good: bool) {
        assert_eq!(parse(header), is_good.then_some(TRACE), "{header}");
    }

    #[test]
    fn a_trace_is_taken_from_a_header_that_is_well_formed() {
        check(&format!("00-{TRACE}-00f067aa0b3902b7-01"), true);
        check(&format!("01-{TRACE}-00f067aa0b3902b7-01-more"), true);
        check(&format!("00-{TRACE}-00f067aa0b3902b7-01-more"), false);
        check(&format!("ff-{TRACE}-00f067aa0b3902b7-01"), false);
        check(&format!("00-{}-00f067aa0b3902b7-01", TRACE.to_uppercase()), false);
        check(&format!("00-{TRACE}-0000000000000000-01"), false);
        check(&format!("00-{}-00f067aa0b3902b7-01", "0".repeat(32)), false);
        check(&format!("00-{TRACE}"), false);
        check("", false);
    }
}
