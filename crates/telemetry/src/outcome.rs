//! The outcome of a request, as lines and traces describe it.

/// The target of request lines, for the filter of the log.
pub(crate) const TARGET: &str = "request";

/// The outcome of a request, for its trace.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "only traces read it"))]
pub(crate) struct Ended<'a> {
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
}
