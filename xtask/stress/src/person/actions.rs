//! What people do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Ask, Person};
use crate::engine::Watch;
use crate::evidence::{Document, Joined, Room, Saved};

/// Saves of one person at most; keeps markers of all below 2^53, which JSON readers agree on.
const SAVES_MAX: u64 = 1 << 32;

impl Person {
    /// Logs in, and looks whether the answer is about oneself.
    pub(crate) async fn log_in(&mut self, watch: &Watch) {
        let account = self.account.clone();
        let body = format!(r#"{{"email":"{}","password":"{}"}}"#, account.email, account.password);
        let ask = Ask {
            step: "login",
            method: "POST",
            path: "/api/auth/login",
            body: &body,
            token: "",
            status: 200,
        };
        let read = |body: &[u8]| {
            let answer = json(body)?;
            text(&answer, "access_token")?;
            match answer["user"]["email"].as_str() {
                Some(email) if email == account.email => Ok(()),
                other => Err(format!("{} logged in and became {other:?}", account.email)),
            }
        };
        self.ask(watch, ask, read).await;
    }

    /// Opens a room of one's own.
    pub(crate) async fn open_room(&mut self, watch: &Watch) {
        let token = self.account.token.clone();
        let body = format!(r#"{{"name":"stress {}"}}"#, self.number);
        let ask = Ask {
            step: "room",
            method: "POST",
            path: "/api/rooms",
            body: &body,
            token: &token,
            status: 201,
        };
        let read = |body: &[u8]| {
            let answer = json(body)?;
            Ok((text(&answer, "id")?, text(&answer, "share_code")?))
        };
        if let Answer::Good((id, code)) = self.ask(watch, ask, read).await {
            self.play_in(&Arc::new(Room { id, code, token }));
        }
    }

    /// Takes the shared room for one's own if it was opened with the same account, for oneself alone.
    fn adopt_room(&mut self) -> bool {
        let mine = |it: &&Arc<Room>| it.token == self.account.token;
        let Some(room) = self.shared.as_ref().filter(mine).cloned() else { return false };
        self.play_in(&room);
        true
    }

    fn play_in(&mut self, room: &Arc<Room>) {
        let games = (0..self.games).map(|game| Document::new(room, &format!("game-{game}")));
        self.own = Some(games.collect());
    }

    /// Saves the next game in one's own room, which is opened before if there is none.
    pub(crate) async fn save(&mut self, watch: &Watch) {
        if self.own.is_none() && !self.adopt_room() {
            self.open_room(watch).await;
        }
        let Some(games) = &self.own else { return };
        let Some(document) = games.get(usize::try_from(self.saves % self.games).unwrap_or(0))
        else {
            return;
        };
        let document = document.clone();
        let marker = self.number as u64 * SAVES_MAX + self.saves;
        self.saves += 1;
        self.save_in(watch, document, marker).await;
    }

    async fn save_in(&mut self, watch: &Watch, document: Document, marker: u64) {
        let token = self.account.token.clone();
        let body = format!(r#"{{"state":{}}}"#, document::state(marker));
        let ask = Ask {
            step: "save",
            method: "PUT",
            path: &document.path,
            body: &body,
            token: &token,
            status: 200,
        };
        let read = |body: &[u8]| {
            version(body).ok_or_else(|| "a save was acknowledged without a version".to_owned())
        };
        match self.ask(watch, ask, read).await {
            Answer::Good(version) => {
                self.evidence.saves.push(Saved { document: document.clone(), version, marker });
            }
            Answer::Unsure => self.evidence.unsure_saves.push(document.clone()),
            Answer::Refused => {}
        }
    }

    /// Loads what one saved last, if anything, and looks whether it is what was acknowledged, or later.
    pub(crate) async fn load(&mut self, watch: &Watch) {
        let Some(saved) = self.evidence.saves.last() else { return };
        let (path, acknowledged) = (saved.document.path.clone(), saved.version);
        let token = self.account.token.clone();
        let ask =
            Ask { step: "load", method: "GET", path: &path, body: "", token: &token, status: 200 };
        let read = |body: &[u8]| match version(body) {
            Some(version) if version >= acknowledged => Ok(()),
            other => Err(format!("version {acknowledged} was saved, and {other:?} loaded")),
        };
        self.ask(watch, ask, read).await;
    }

    /// Joins the shared room with a session that was never there.
    pub(crate) async fn join(&mut self, watch: &Watch) {
        self.session += 1;
        let session = format!("session-{}-{}", self.number, self.session);
        self.join_as(watch, "join", session).await;
    }

    /// Joins the shared room with the session of the last join, as after a reload of the page.
    pub(crate) async fn join_again(&mut self, watch: &Watch) {
        if let Some((session, _)) = self.visitor.clone() {
            self.join_as(watch, "rejoin", session).await;
        }
    }

    async fn join_as(&mut self, watch: &Watch, step: &'static str, session: String) {
        let Some(room) = self.shared.clone() else { return };
        let path = format!("/api/visitors/join-room/{}", room.code);
        let body = format!(r#"{{"name":"Mei","session_id":"{session}"}}"#);
        let ask = Ask { step, method: "POST", path: &path, body: &body, token: "", status: 201 };
        match self.ask(watch, ask, |body| text(&json(body)?, "id")).await {
            Answer::Good(visitor) => {
                self.visitor = Some((session.clone(), visitor.clone()));
                self.evidence.joins.push(Joined { room, session, visitor });
            }
            Answer::Unsure => self.evidence.unsure_joins.push(room),
            Answer::Refused => {}
        }
    }

    /// Gives a sign of life as the visitor of the last join.
    pub(crate) async fn heartbeat(&mut self, watch: &Watch) {
        let Some((_, visitor)) = &self.visitor else { return };
        let path = format!("/api/visitors/{visitor}/heartbeat");
        let ask =
            Ask { step: "heartbeat", method: "PUT", path: &path, body: "", token: "", status: 200 };
        self.ask(watch, ask, |_| Ok(())).await;
    }

    /// Reads the shared room by its code.
    pub(crate) async fn read_room(&mut self, watch: &Watch) {
        let Some(room) = self.shared.clone() else { return };
        let path = format!("/api/rooms/by-code/{}", room.code);
        let ask =
            Ask { step: "read", method: "GET", path: &path, body: "", token: "", status: 200 };
        let id = room.id.as_bytes();
        let read = |body: &[u8]| {
            let found = body.windows(id.len()).any(|it| it == id);
            if found { Ok(()) } else { Err("read another room".to_owned()) }
        };
        self.ask(watch, ask, read).await;
    }
}

impl Person {
    /// Waits as the last refusal said, if there was one; no longer than `most`.
    pub(crate) async fn wait_as_told(&mut self, most: Duration) {
        if let Some(time) = self.told.take() {
            tokio::time::sleep(time.min(most)).await;
        }
    }

    /// Asks how the server is.
    pub(crate) async fn look_at_health(&mut self, watch: &Watch) {
        let ask = Ask {
            step: "health",
            method: "GET",
            path: "/health",
            body: "",
            token: "",
            status: 200,
        };
        self.ask(watch, ask, |_| Ok(())).await;
    }
}

/// The version in the answer to a save, found without reading the state before it.
fn version(body: &[u8]) -> Option<i64> {
    const KEY: &[u8] = b"\"version\":";
    let start = body.windows(KEY.len()).rposition(|it| it == KEY)? + KEY.len();
    let digits = body[start..].iter().take_while(|it| it.is_ascii_digit()).count();
    std::str::from_utf8(&body[start..start + digits]).ok()?.parse().ok()
}

fn json(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))
}

fn text(answer: &Value, key: &str) -> Result<String, String> {
    answer[key].as_str().map(str::to_owned).ok_or_else(|| format!("no `{key}` in the answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_answer_s_own() {
        let body = br#"{"state":{"version":3},"id":"x","version":17,"last_played_at":""}"#;

        assert_eq!(version(body), Some(17));
        assert_eq!(version(b"{}"), None);
    }
}
