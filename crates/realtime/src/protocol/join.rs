//! What a client says when it joins.

use serde_json::Value;

/// What a client says when it joins. What is missing or of another kind has its default.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "as many as clients send")]
pub(crate) struct JoinRequest {
    /// Whether its own broadcasts come back to it.
    pub(crate) hears_itself: bool,
    /// Whether its broadcasts are answered.
    pub(crate) wants_answers: bool,
    /// Which broadcasts of the past it wants.
    pub(crate) replay: Option<Replay>,
    /// Under which name people shall see it; empty: any.
    pub(crate) presence_key: String,
    /// Whether it wants to know who is there.
    pub(crate) sees_people: bool,
    /// Whether it means the private channel of this name.
    pub(crate) is_private: bool,
    /// Who it says it is.
    pub(crate) access_token: Option<String>,
    /// Whether it wants changes of tables, which there are none of here.
    pub(crate) wants_tables: bool,
}

/// Which broadcasts of the past a client wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Replay {
    /// Those of this moment and later, in milliseconds since 1970.
    pub(crate) since: Option<i64>,
    /// Those after the one with this id.
    pub(crate) after: Option<String>,
    /// At most so many, the latest.
    pub(crate) limit: Option<usize>,
}

impl JoinRequest {
    /// Reads the payload of a join.
    pub(super) fn of(payload: &str) -> Self {
        let payload: Value = serde_json::from_str(payload).unwrap_or_default();
        let config = &payload["config"];
        let (broadcast, presence) = (&config["broadcast"], &config["presence"]);
        let token = payload["access_token"].as_str().or(payload["user_token"].as_str());
        let tables = config["postgres_changes"].as_array();
        Self {
            hears_itself: flag(&broadcast["self"]).unwrap_or(false),
            wants_answers: flag(&broadcast["ack"]).unwrap_or(false),
            replay: replay(&broadcast["replay"]),
            presence_key: text(&presence["key"]),
            // Clients that do not know the flag expect to be told.
            sees_people: flag(&presence["enabled"]).unwrap_or(true),
            is_private: flag(&config["private"]).unwrap_or(false),
            access_token: token.map(str::to_owned),
            wants_tables: tables.is_some_and(|it| !it.is_empty()),
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

/// Old clients write flags as texts.
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
    fn a_join_is_read() {
        let join = JoinRequest::of(
            r#"{"config":{"broadcast":{"self":true,"ack":"true","replay":{"since":5,"limit":3}},
            "presence":{"key":"key-A","enabled":false},"postgres_changes":[],"private":"true"},
            "access_token":"t","version":"realtime-js/2.119.1"}"#,
        );
        assert!(join.hears_itself && join.wants_answers && join.is_private && !join.sees_people);
        assert_eq!(join.presence_key, "key-A");
        assert_eq!(join.access_token.as_deref(), Some("t"));
        assert_eq!(join.replay, Some(Replay { since: Some(5), after: None, limit: Some(3) }));
        assert!(!join.wants_tables);
    }

    #[test]
    fn what_is_missing_or_odd_has_its_default() {
        for payload in
            ["{}", "null", "7", r#"{"config":7}"#, r#"{"config":{"broadcast":{"self":7}}}"#]
        {
            let join = JoinRequest::of(payload);
            assert!(!join.hears_itself && !join.wants_answers && !join.is_private, "{payload}");
            assert!(join.sees_people && join.replay.is_none() && join.access_token.is_none());
        }
        assert!(JoinRequest::of(r#"{"config":{"postgres_changes":[{}]}}"#).wants_tables);
    }
}
