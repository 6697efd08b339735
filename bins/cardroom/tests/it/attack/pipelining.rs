//! Requests that are sent without waiting for answers.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use crate::app::TestApp;
use crate::raw::send;

/// How long a request may take beside a flood here. In a release build it takes a few milliseconds;
/// before connections yielded it took longer than a test lasts.
const BESIDE_MAX: Duration = Duration::from_secs(2);

/// Connections that send one request again and again as fast as the server reads it.
struct Flood {
    goes_on: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn start(app: &TestApp, request: &str, connections: usize) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let answered = Arc::new(AtomicU64::new(0));
        let address = app.address.trim_start_matches("http://").to_owned();
        let requests = request.repeat(2000).into_bytes();
        let mut threads = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(&address).unwrap();
            let (mut reader, mut writer) = (stream.try_clone().unwrap(), stream);
            writer.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            let (writing, reading, answered) = (goes_on.clone(), goes_on.clone(), answered.clone());
            let requests = requests.clone();
            threads.push(thread::spawn(move || {
                let mut at = 0;
                while writing.load(Relaxed) {
                    // Bytes that were not accepted in time are sent next.
                    at = (at + writer.write(&requests[at..]).unwrap_or(0)) % requests.len();
                }
                let _ = writer.shutdown(Shutdown::Both);
            }));
            threads.push(thread::spawn(move || {
                let mut buffer = vec![0; 65536];
                while reading.load(Relaxed)
                    && let Ok(read @ 1..) = reader.read(&mut buffer)
                {
                    answered.fetch_add(read as u64, Relaxed);
                }
            }));
        }
        Self { goes_on, answered, threads }
    }

    /// Stops, and returns the bytes of all answers.
    fn stop(self) -> u64 {
        self.goes_on.store(false, Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.answered.load(Relaxed)
    }
}

#[tokio::test]
async fn two_pipelining_connections_do_not_delay_others() {
    let app = TestApp::spawn_on(testkit::sqlite_database().await.unwrap(), &[]).await;
    for path in ["/nowhere", "/health"] {
        let flood =
            Flood::start(&app, &format!("GET {path} HTTP/1.1\r\nhost: cardroom\r\n\r\n"), 2);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let start = Instant::now();
            // A new connection each time, so that both threads get requests.
            let answer = send(&app, "GET /health HTTP/1.0\r\nhost: cardroom\r\n\r\n").await;
            assert!(answer.starts_with("HTTP/1.0 200 "), "{path}: {answer}");
            slowest = slowest.max(start.elapsed());
        }
        assert!(flood.stop() > 100_000, "{path}: the flood is served meanwhile");
        assert!(slowest < BESIDE_MAX, "{path}: {slowest:?}");
    }
}

#[tokio::test]
async fn a_connection_that_goes_on_after_refusals_is_closed() {
    let app = TestApp::spawn_on(
        testkit::sqlite_database().await.unwrap(),
        &[("CARDROOM__RATES__ENABLED", "true"), ("CARDROOM__RATES__GENERAL", "1/hour burst 3")],
    )
    .await;
    let address = app.address.trim_start_matches("http://").to_owned();
    let answers = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut answers = Vec::new();
        while !answers.last().is_some_and(|it: &String| it.contains("connection: close")) {
            stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: cardroom\r\n\r\n").unwrap();
            answers.push(read_answer(&mut stream));
        }
        answers
    });
    let answers = answers.await.unwrap();

    let statuses: Vec<_> = answers.iter().map(|it| &it[9..12]).collect();
    assert_eq!(statuses, [["404"; 3].as_slice(), &["429"; 8]].concat());
}

/// Reads one answer that ends with its JSON body.
fn read_answer(stream: &mut TcpStream) -> String {
    let (mut answer, mut buffer) = (String::new(), [0; 4096]);
    while !answer.ends_with('}') {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the connection ended: {answer}");
        answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    answer
}

#[tokio::test]
async fn answers_to_requests_that_were_pipelined_come_in_their_order() {
    let app = TestApp::spawn_on(testkit::sqlite_database().await.unwrap(), &[]).await;
    let requests: Vec<_> = (0..100)
        .map(|n| {
            let last = if n == 99 { "connection: close\r\n" } else { "" };
            format!("GET /health HTTP/1.1\r\nhost: x\r\nx-request-id: request-{n:02}\r\n{last}\r\n")
        })
        .collect();

    let answers = send(&app, requests.concat()).await;

    let found: Vec<_> =
        answers.lines().filter_map(|it| it.strip_prefix("x-request-id: ")).collect();
    let sent: Vec<_> = (0..100).map(|n| format!("request-{n:02}")).collect();
    assert_eq!(found, sent);
}
