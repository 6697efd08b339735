//! The requests of a greedy client, which sends as much as the server accepts.

use super::{Ask, User};
use crate::watch::Watch;

/// Bytes of the largest state and of the largest broadcast: a little below `limits.state_bytes` and
/// `realtime.payload_bytes`.
const LARGEST_BYTES: usize = 250_000;

/// Members of a state that is patched, and operations of a patch.
const MEMBERS: usize = 9900;
const OPERATIONS: usize = 1000;

fn largest() -> String {
    "x".repeat(LARGEST_BYTES)
}

impl User {
    /// Saves a state of the largest size.
    pub(crate) async fn save_largest(&mut self, watch: &Watch) {
        let Some((document, marker)) = self.next_game(watch).await else { return };
        let token = self.account.token.clone();
        let body = format!(r#"{{"state":{{"marker":{marker},"x":"{}"}}}}"#, largest());
        let ask = Ask::new("greedy", "PUT", &document.path, 200).with(&token, &body);
        self.ask(watch, ask, |_| Ok(())).await;
    }

    /// Moves a member of a wide state to and fro; the first turn saves that state.
    pub(crate) async fn patch_widest(&mut self, watch: &Watch) {
        self.play_one_game();
        let Some((document, marker)) = self.next_game(watch).await else { return };
        let token = self.account.token.clone();
        if marker.trailing_zeros() >= 32 {
            let members: Vec<_> = (0..MEMBERS).map(|it| format!(r#""m{it}":{it}"#)).collect();
            let body = format!(r#"{{"state":{{{}}}}}"#, members.join(","));
            let ask = Ask::new("greedy", "PUT", &document.path, 200).with(&token, &body);
            self.ask(watch, ask, |_| Ok(())).await;
        }
        // There and back, so that the next patch finds the same state.
        let there =
            r#"{"op":"move","from":"/m0","path":"/t"},{"op":"move","from":"/t","path":"/m0"}"#;
        let body = format!("[{}]", vec![there; OPERATIONS / 2].join(","));
        let mut ask = Ask::new("greedy", "PATCH", &document.path, 200).with(&token, &body);
        ask.request.content_type = "application/json-patch+json";
        self.ask(watch, ask, |_| Ok(())).await;
    }

    /// Joins with a new session each time.
    pub(crate) async fn join_often(&mut self, watch: &Watch) {
        let Some(room) = self.shared.clone() else { return };
        self.session += 1;
        let path = format!("/api/visitors/join-room/{}", room.code);
        let body =
            format!(r#"{{"name":"G","session_id":"greedy-{}-{}"}}"#, self.number, self.session);
        let ask = Ask::new("greedy", "POST", &path, 201).with("", &body);
        self.ask(watch, ask, |_| Ok(())).await;
    }

    /// Reads the longest lists in turn: the states of its room, a history, its rooms, the visitors.
    pub(crate) async fn read_lists(&mut self, watch: &Watch) {
        if !self.has_saved() {
            for _ in 0..super::GAMES {
                self.save(watch).await;
            }
        }
        let Some((document, marker)) = self.next_game(watch).await else { return };
        let (token, room) = (self.account.token.clone(), document.room.id.clone());
        let path = match marker % 4 {
            0 => format!("/api/rooms/{room}/gameplay-states"),
            1 => format!("{}/history?limit=100", document.path),
            2 => "/api/rooms".to_owned(),
            _ => format!("/api/visitors/room/{room}"),
        };
        self.ask(watch, Ask::new("greedy", "GET", &path, 200).with(&token, ""), |_| Ok(())).await;
    }

    /// Broadcasts the largest payload to its own room.
    pub(crate) async fn broadcast_largest(&mut self, watch: &Watch) {
        let Some((document, _)) = self.next_game(watch).await else { return };
        let token = self.account.token.clone();
        let path = format!(
            "/realtime/v1/api/broadcast/room:{}:cards:greedy/events/moved",
            document.room.id
        );
        let body = format!(r#"{{"x":"{}"}}"#, largest());
        let ask = Ask::new("greedy", "POST", &path, 202).with(&token, &body);
        self.ask(watch, ask, |_| Ok(())).await;
    }

    /// Logs in under the step of a greedy client.
    pub(crate) async fn log_in_often(&mut self, watch: &Watch) {
        let account = self.account.clone();
        let body = format!(r#"{{"email":"{}","password":"{}"}}"#, account.email, account.password);
        let ask = Ask::new("greedy", "POST", "/api/auth/login", 200).with("", &body);
        self.ask(watch, ask, |_| Ok(())).await;
    }
}
