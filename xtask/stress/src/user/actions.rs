//! The requests of ordinary users.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Ask, User};
use crate::document;
use crate::evidence::{Document, Joined, Room, Saved};
use crate::watch::Watch;

/// Saves of one user at most: markers stay below 2^53, up to which JSON readers agree on numbers.
const SAVES_MAX: u64 = 1 << 32;

impl User {
    /// Logs in, and checks that the answer is about its own account.
    pub(crate) async fn log_in(&mut self, watch: &Watch) {
        let account = self.account.clone();
        let body = format!(r#"{{"email":"{}","password":"{}"}}"#, account.email, account.password);
        let ask = Ask::new("login", "POST", "/api/auth/login", 200).with("", &body);
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

    /// Opens a room of its own.
    pub(crate) async fn open_room(&mut self, watch: &Watch) {
        let token = self.account.token.clone();
        let body = format!(r#"{{"name":"stress {}"}}"#, self.number);
        let ask = Ask::new("room", "POST", "/api/rooms", 201).with(&token, &body);
        let read = |body: &[u8]| {
            let answer = json(body)?;
            Ok((text(&answer, "id")?, text(&answer, "share_code")?))
        };
        if let Answer::Good((id, code)) = self.ask(watch, ask, read).await {
            self.play_in(&Arc::new(Room { id, code, token }));
        }
    }

    /// Plays in the shared room if its own account opened it; returns whether it did.
    fn adopt_room(&mut self) -> bool {
        let mine = |it: &&Arc<Room>| it.token == self.account.token;
        let Some(room) = self.shared.as_ref().filter(mine).cloned() else { return false };
        self.play_in(&room);
        true
    }

    fn play_in(&mut self, room: &Arc<Room>) {
        // Users that share a room do not share its games.
        let number = self.number;
        let games = (0..self.games).map(|it| Document::new(room, &format!("game-{number}-{it}")));
        self.own = Some(games.collect());
    }

    /// The next game in its own room, which is opened if there is none, and the marker of the next save.
    pub(super) async fn next_game(&mut self, watch: &Watch) -> Option<(Document, u64)> {
        if self.own.is_none() && !self.adopt_room() {
            self.open_room(watch).await;
        }
        let games = self.own.as_ref()?;
        let document = games.get(usize::try_from(self.saves % self.games).ok()?)?.clone();
        let marker = self.number as u64 * SAVES_MAX + self.saves;
        self.saves += 1;
        Some((document, marker))
    }

    /// Saves the next game in its own room.
    pub(crate) async fn save(&mut self, watch: &Watch) {
        let Some((document, marker)) = self.next_game(watch).await else { return };
        let token = self.account.token.clone();
        let body = format!(r#"{{"state":{}}}"#, document::state(marker));
        let ask = Ask::new("save", "PUT", &document.path, 200).with(&token, &body);
        let read = |body: &[u8]| {
            version(body).ok_or_else(|| "a save was acknowledged without a version".to_owned())
        };
        match self.ask(watch, ask, read).await {
            Answer::Good(version) => {
                let document = document.clone();
                self.evidence.saves.push(Saved { document, version, marker });
            }
            Answer::Unsure => self.evidence.unsure_saves.push(document.clone()),
            Answer::Refused => {}
        }
    }

    /// Loads the state of its last save, and checks that it is that version or a later one.
    pub(crate) async fn load(&mut self, watch: &Watch) {
        let Some(saved) = self.evidence.saves.last() else { return };
        let (path, acknowledged) = (saved.document.path.clone(), saved.version);
        let token = self.account.token.clone();
        let ask = Ask::new("load", "GET", &path, 200).with(&token, "");
        let read = |body: &[u8]| match version(body) {
            Some(version) if version >= acknowledged => Ok(()),
            other => Err(format!("version {acknowledged} was saved, and {other:?} loaded")),
        };
        self.ask(watch, ask, read).await;
    }

    /// Joins the shared room with a new session.
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
        let ask = Ask::new(step, "POST", &path, 201).with("", &body);
        match self.ask(watch, ask, |body| text(&json(body)?, "id")).await {
            Answer::Good(visitor) => {
                self.visitor = Some((session.clone(), visitor.clone()));
                self.evidence.joins.push(Joined { room, session, visitor });
            }
            Answer::Unsure => self.evidence.unsure_joins.push(room),
            Answer::Refused => {}
        }
    }

    /// Sends a heartbeat as the visitor of the last join.
    pub(crate) async fn heartbeat(&mut self, watch: &Watch) {
        let Some((_, visitor)) = &self.visitor else { return };
        let path = format!("/api/visitors/{visitor}/heartbeat");
        self.ask(watch, Ask::new("heartbeat", "PUT", &path, 200), |_| Ok(())).await;
    }

    /// Reads the shared room by its code.
    pub(crate) async fn read_room(&mut self, watch: &Watch) {
        let Some(room) = self.shared.clone() else { return };
        let path = format!("/api/rooms/by-code/{}", room.code);
        let id = room.id.as_bytes();
        let read = |body: &[u8]| {
            let found = body.windows(id.len()).any(|it| it == id);
            if found { Ok(()) } else { Err("read another room".to_owned()) }
        };
        self.ask(watch, Ask::new("read", "GET", &path, 200), read).await;
    }

    /// Waits for the `Retry-After` of the last refusal, if there was one, but no longer than `most`.
    pub(crate) async fn wait_to_retry(&mut self, most: Duration) {
        if let Some(time) = self.retry_after.take() {
            tokio::time::sleep(time.min(most)).await;
        }
    }

    /// Reads the health of the server.
    pub(crate) async fn read_health(&mut self, watch: &Watch) {
        self.ask(watch, Ask::new("health", "GET", "/health", 200), |_| Ok(())).await;
    }
}

/// The version in the answer to a save, found without parsing the state before it.
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
