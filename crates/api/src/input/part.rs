//! A part of a request, and the raw request that it is read from.

use actix_web::HttpRequest;
use serde_json::Value;
use values::{Issue, Location};

use crate::limits::BodyLimits;

/// The content type of JSON.
pub(crate) const JSON: &str = "application/json";

/// A part of a request: the path, the query, the body, a header, or a tuple of two to four of them.
pub trait RequestPart: Sized {
    /// The content types of the body that this part reads; empty when it reads no body.
    const MEDIA: &'static [&'static str] = &[];

    /// The largest body that this part reads, in bytes; `None` when it reads no body.
    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        let _ = limits;
        None
    }

    /// Reads the part, and records its faults in the list of the raw request.
    fn read(raw: &mut RawRequest<'_>) -> Option<Self>;
}

/// A request before it is parsed: its head, its whole body, and the faults so far.
pub struct RawRequest<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) body: &'a [u8],
    pub(crate) limits: BodyLimits,
    pub(crate) issues: Vec<Issue>,
}

impl RawRequest<'_> {
    /// The request's head.
    pub fn request(&self) -> &HttpRequest {
        self.request
    }

    /// The whole body.
    pub fn body(&self) -> &[u8] {
        self.body
    }

    /// The bounds of bodies.
    pub fn limits(&self) -> BodyLimits {
        self.limits
    }

    /// The body as the location of faults.
    pub fn body_location(&mut self) -> Location<'_> {
        Location::new(vec![Value::from("body")], &mut self.issues)
    }
}

/// No part, for requests without input.
impl RequestPart for () {
    fn read(_: &mut RawRequest<'_>) -> Option<Self> {
        Some(())
    }
}

/// Several parts of one request. All are read before one of them is missed, so that every fault is
/// reported.
macro_rules! tuple_part {
    ($($part:ident),+) => {
        impl<$($part: RequestPart),+> RequestPart for ($($part,)+) {
            const MEDIA: &'static [&'static str] = first_not_empty(&[$($part::MEDIA),+]);

            fn body_limit(limits: &BodyLimits) -> Option<usize> {
                [$($part::body_limit(limits)),+].into_iter().max().flatten()
            }

            fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
                let parts = ($($part::read(raw),)+);
                #[expect(non_snake_case, reason = "each value is named after its type")]
                let ($($part,)+) = parts;
                Some(($($part?,)+))
            }
        }
    };
}

tuple_part!(A, B);
tuple_part!(A, B, C);
tuple_part!(A, B, C, D);

/// The media types of the part that reads the body; one part of a request does at most.
const fn first_not_empty(lists: &[&'static [&'static str]]) -> &'static [&'static str] {
    let mut index = 0;
    while index < lists.len() {
        if !lists[index].is_empty() {
            return lists[index];
        }
        index += 1;
    }
    &[]
}
