//! The payload of a join.

use serde_json::Value;

/// The payload of a join. A field that is missing or of another type has its default.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "as many as clients send")]
pub(crate) struct JoinRequest {
    /// Whether the client receives its own broadcasts (`broadcast.self`).
    pub(crate) receives_own: bool,
    /// Whether its broadcasts get a reply (`broadcast.ack`).
    pub(crate) wants_ack: bool,
    /// The earlier broadcasts that it asks for.
    pub(crate) replay: Option<Replay>,
    /// The presence key; empty: the server chooses one.
    pub(crate) presence_key: String,
    /// Whether it receives presence (`presence.enabled`).
    pub(crate) has_presence: bool,
    /// Whether the private channel of this topic is meant.
    pub(crate) is_private: bool,
    /// The access token.
    pub(crate) access_token: Option<String>,
    /// Whether it asks for changes of tables (`postgres_changes`), which are not served.
    pub(crate) wants_table_changes: bool,
}

/// The earlier broadcasts that a client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Replay {
    /// From this time on, in milliseconds since 1970.
    pub(crate) since: Option<i64>,
    /// After the broadcast with this id.
    pub(crate) after: Option<String>,
    /// At most this number, the latest.
    pub(crate) limit: Option<usize>,
}

impl JoinRequest {
    /// Parses the payload of a join.
    pub(super) fn of(payload: &str) -> Self {
        let payload: Value = serde_json::from_str(payload).unwrap_or_default();
        let config = &payload["config"];
        let (broadcast, presence) = (&config["broadcast"], &config["presence"]);
        let token = payload["access_token"].as_str().or(payload["user_token"].as_str());
        let tables = config["postgres_changes"].as_array();
        Self {
            receives_own: flag(&broadcast["self"]).unwrap_or(false),
            wants_ack: flag(&broadcast["ack"]).unwrap_or(false),
            replay: replay(&broadcast["replay"]),
            presence_key: text(&presence["key"]),
            // Clients older than the flag expect presence.
            has_presence: flag(&presence["enabled"]).unwrap_or(true),
            is_private: flag(&config["private"]).unwrap_or(false),
            access_token: token.map(str::to_owned),
            wants_table_changes: tables.is_some_and(|it| !it.is_empty()),
        }
    }
}

fn replay(value: &Value) -> Option<Replay> {
    let replay = value.as_object()?;
    let number = |key| replay.get(key).and_then(Value::as_i64);
    Some(Replay {
        since: number("since"),
        after: replay.get("after").and_then(Value::as_str).map(str::to_owned),
        limit: number("limit").and_then(|it| usize::try_from(it).ok()),
    })
}

/// Old clients write flags as strings.
fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_is_parsed() {
        let join = JoinRequest::of(
            r#"{"config":{"broadcast":{"self":true,"ack":"true","replay":{"since":5,"limit":3}},
            "presence":{"key":"key-A","enabled":false},"postgres_changes":[],"private":"true"},
            "access_token":"t","version":"realtime-js/2.119.1"}"#,
        );
        assert!(join.receives_own && join.wants_ack && join.is_private && !join.has_presence);
        assert_eq!(join.presence_key, "key-A");
        assert_eq!(join.access_token.as_deref(), Some("t"));
        assert_eq!(join.replay, Some(Replay { since: Some(5), after: None, limit: Some(3) }));
        assert!(!join.wants_table_changes);
    }

    #[test]
    fn a_missing_or_odd_field_has_its_default() {
        for payload in
            ["{}", "null", "7", r#"{"config":7}"#, r#"{"config":{"broadcast":{"self":7}}}"#]
        {
            let join = JoinRequest::of(payload);
            assert!(!join.receives_own && !join.wants_ack && !join.is_private, "{payload}");
            assert!(join.has_presence && join.replay.is_none() && join.access_token.is_none());
        }
        assert!(JoinRequest::of(r#"{"config":{"postgres_changes":[{}]}}"#).wants_table_changes);
    }
}
