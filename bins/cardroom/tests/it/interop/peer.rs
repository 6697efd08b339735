//! A package in a process of its own, which carries out commands.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Names the folder where the packages are installed.
pub(super) const FOLDER: &str = "CARDROOM_INTEROP";

/// How long anything may take; clients wait for seconds between two attempts.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// A package in a process of its own.
pub(super) struct Peer {
    pub(super) name: &'static str,
    child: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    received: Vec<Value>,
    /// Index of the first message that [`Self::wait`] looks at.
    seen: usize,
}

/// One of every package.
pub(super) fn all(url: &str) -> Vec<Peer> {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    [
        ("supabase-js 2.58", "supabase-js-2.58", "supabase"),
        ("supabase-js newest", "supabase-js-newest", "supabase"),
        ("realtime-js 2.15", "supabase-js-2.58", "realtime"),
        ("realtime-js newest", "supabase-js-newest", "realtime"),
        ("python", "python", "realtime"),
    ]
    .into_iter()
    .map(|(name, package, kind)| Peer::start(name, &folder, package, (kind, url)))
    .collect()
}

pub(super) fn is_subscribed(message: &Value) -> bool {
    message["channel"] == "main" && message["status"] == "SUBSCRIBED"
}

impl Peer {
    fn start(name: &'static str, folder: &Path, package: &str, (kind, url): (&str, &str)) -> Self {
        let place = folder.join(package);
        let (program, script) = match package {
            "python" => (place.join("bin/python"), "peer.py"),
            _ => (PathBuf::from("node"), "peer.mjs"),
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/interop").join(script);
        let mut child = Command::new(program)
            .arg(script.canonicalize().unwrap())
            .args([kind, url, "anon-key"])
            .current_dir(&place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(message) = serde_json::from_str(&line) {
                    let _ = sender.send(message);
                }
            }
        });
        let input = child.stdin.take().unwrap();
        Self { name, child, input, output, received: Vec::new(), seen: 0 }
    }

    /// Sends a command and waits until it is done. Returns its result.
    pub(super) fn command(&mut self, command: &str, channel: &str, details: &Value) -> Value {
        let mut line = json!({ "do": command, "channel": channel });
        line.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
        self.catch_up();
        let from = self.received.len();
        writeln!(self.input, "{line}").unwrap();
        let is_done = |it: &Value| it["did"] == command && it["channel"] == channel;
        self.wait_from(from, is_done)["result"].clone()
    }

    /// Makes the peer join a channel, which has to succeed.
    pub(super) fn enter(&mut self, channel: &str, topic: &str, details: &Value) {
        let mut details = details.clone();
        details["topic"] = json!(topic);
        self.command("open", channel, &details);
        let from = self.received.len();
        self.command("subscribe", channel, &json!({}));
        self.wait_from(from, |it| it["channel"] == channel && it["status"] == "SUBSCRIBED");
    }

    /// Makes the peer send a broadcast.
    pub(super) fn send(&mut self, channel: &str, event: &str, payload: &Value) -> Value {
        self.command("send", channel, &json!({ "event": event, "payload": payload }))
    }

    /// Waits for the first message that matches, of those since [`Self::forget`].
    pub(super) fn wait(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        self.wait_from(self.seen, is_meant)
    }

    fn wait_from(&mut self, from: usize, is_meant: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            if let Some(found) = self.received[from..].iter().find(|it| is_meant(it)) {
                return found.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(message) = self.output.recv_timeout(left) else {
                panic!("{} timed out; it received {:#?}", self.name, self.received);
            };
            self.received.push(message);
        }
    }

    /// Reads the messages that have arrived meanwhile.
    pub(super) fn catch_up(&mut self) {
        self.received.extend(self.output.try_iter());
    }

    /// Ignores all messages up to now.
    pub(super) fn forget(&mut self) {
        self.catch_up();
        self.seen = self.received.len();
    }

    /// All messages since [`Self::forget`].
    pub(super) fn all_received(&self) -> impl Iterator<Item = &Value> {
        self.received[self.seen..].iter()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
