//! The versions of the protocol.

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 1.0.0: objects.
    V1,
    /// 2.0.0: arrays, and binary frames for broadcasts.
    V2,
}

impl Version {
    /// Reads the version that a handshake asks for (`vsn`). The default is 1.0.0.
    pub(crate) fn parse(text: Option<&str>) -> Option<Self> {
        match text.unwrap_or_default() {
            "" | "1.0.0" => Some(Self::V1),
            "2.0.0" => Some(Self::V2),
            _ => None,
        }
    }
}
