//! The envelope of a message that is too large to be kept, read while its bytes pass.

use serde_json::value::RawValue;

use super::binary::{self, Head};
use super::incoming::{ClientMessage, Request};
use super::malformed::Malformed;
use super::reference::Ref;
use super::version::Version;

/// Longest value of the envelope, in bytes of JSON; a longer one counts as absent.
const VALUE_BYTES_MAX: usize = 1024;

/// Largest number of values in an envelope; later ones are ignored.
const VALUES_MAX: usize = 8;

/// Reads the envelope of a message.
#[derive(Debug)]
pub(crate) enum EnvelopeScanner {
    /// The beginning of a binary message.
    Binary(Vec<u8>),
    /// The outer object or array of a text message.
    Json(Box<JsonScanner>),
}

/// Collects the scalars of the outer object or array of a JSON text.
#[derive(Debug, Default)]
pub(crate) struct JsonScanner {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// The scalar that is being read.
    scalar: Vec<u8>,
    key: Option<Vec<u8>>,
    values: Vec<(Option<Vec<u8>>, Vec<u8>)>,
}

impl EnvelopeScanner {
    /// A scanner at the beginning of a text or a binary message.
    pub(crate) fn new(is_text: bool) -> Self {
        if is_text { Self::Json(Box::default()) } else { Self::Binary(Vec::new()) }
    }

    /// Reads on.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Binary(head) => {
                let missing = binary::HEAD_BYTES_MAX.saturating_sub(head.len());
                head.extend_from_slice(&bytes[..missing.min(bytes.len())]);
            }
            Self::Json(scanner) => bytes.iter().for_each(|byte| scanner.read(*byte)),
        }
    }

    /// The message without its payload.
    ///
    /// # Errors
    /// When it is no message of this version.
    pub(crate) fn finish(self, version: Version) -> Result<ClientMessage, Malformed> {
        match (self, version) {
            (Self::Binary(_), Version::V1) => Err(Malformed),
            (Self::Binary(beginning), Version::V2) => {
                let Head { join_ref, reference, topic, .. } = binary::head(&beginning)?;
                Ok(ClientMessage {
                    join_ref: Ref::of_text(&join_ref),
                    reference: Ref::of_text(&reference),
                    topic: topic.into_owned(),
                    request: Request::Oversized { is_broadcast: true },
                })
            }
            (Self::Json(scanner), version) => scanner.finish(version),
        }
    }
}

impl JsonScanner {
    fn read(&mut self, byte: u8) {
        if self.is_in_string {
            self.push(byte);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.end_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.end_value(),
            b':' if self.depth == 1 => self.key = Some(std::mem::take(&mut self.scalar)),
            byte if byte.is_ascii_whitespace() => {}
            byte => {
                self.is_in_string = byte == b'"';
                self.push(byte);
            }
        }
    }

    fn push(&mut self, byte: u8) {
        if self.depth == 1 && self.scalar.len() <= VALUE_BYTES_MAX {
            self.scalar.push(byte);
        }
    }

    fn end_value(&mut self) {
        if self.depth == 1 && self.values.len() < VALUES_MAX {
            self.values.push((self.key.take(), std::mem::take(&mut self.scalar)));
        }
    }

    fn finish(self, version: Version) -> Result<ClientMessage, Malformed> {
        let find = |index: usize, name: &str| match version {
            Version::V1 => self.values.iter().find(|(key, _)| is_text(key.as_deref(), name)),
            Version::V2 => self.values.get(index),
        };
        let value = |index, name| find(index, name).map(|(_, value)| value.as_slice());
        let text = |index, name| {
            let value = value(index, name).ok_or(Malformed)?;
            serde_json::from_slice::<String>(value).map_err(|_| Malformed)
        };
        let reference = |index, name| {
            let raw = value(index, name).map(serde_json::from_slice::<&RawValue>);
            Ref::of_json(raw.and_then(Result::ok))
        };
        Ok(ClientMessage {
            join_ref: reference(0, "join_ref"),
            reference: reference(1, "ref"),
            topic: text(2, "topic")?,
            request: Request::Oversized { is_broadcast: text(3, "event")? == "broadcast" },
        })
    }
}

fn is_text(json: Option<&[u8]>, text: &str) -> bool {
    json.is_some_and(|it| serde_json::from_slice::<String>(it).is_ok_and(|it| it == text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: Version, text: &str, expected: Result<(&str, &str, bool), Malformed>) {
        let mut scanner = EnvelopeScanner::new(true);
        text.as_bytes().chunks(3).for_each(|chunk| scanner.feed(chunk));
        let read = scanner.finish(version);
        let read = read.as_ref().map(|it| {
            let is_broadcast = it.request == Request::Oversized { is_broadcast: true };
            (it.reference.json(), it.topic.as_str(), is_broadcast)
        });
        assert_eq!(read.map_err(|it| *it), expected, "{text}");
    }

    #[test]
    fn the_envelope_is_found_wherever_the_payload_stands() {
        check(
            Version::V1,
            r#"{ "payload": {"ref":"no","topic":["no"]}, "topic" : "a\"}", "event":"broadcast", "ref": 7 }"#,
            Ok(("7", "a\"}", true)),
        );
        check(
            Version::V2,
            r#"[null, "2", "t", "presence", {"ref":["]","\\"]}]"#,
            Ok((r#""2""#, "t", false)),
        );
    }

    #[test]
    fn a_text_without_an_envelope_is_malformed() {
        for text in ["", "xxxxxxx", "[[[[", r#"["1","2"]"#, r#"{"topic":"t"}"#, "\"x", "]]}},,::"] {
            check(Version::V1, text, Err(Malformed));
            check(Version::V2, text, Err(Malformed));
        }
        let long = format!(r#"[null,null,"{}","broadcast",{{}}]"#, "x".repeat(2000));
        check(Version::V2, &long, Err(Malformed));
    }
}
