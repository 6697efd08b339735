//! How many statements a list takes, counted between the server and its database.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Url;
use serde_json::json;
use testkit::{Kind, TestDatabase};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::{Counsellor, Room};

/// Only PostgreSQL has a connection to count on; the code that sends statements is the same for both.
mod a_list_of_twenty_takes_no_more_statements_than_one_of_one {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let mut database = testkit::database().await;
            let counter = Counter::before(&mut database).await;
            let app = TestApp::spawn_on(database, &[("CARDROOM__DATABASE__POOL_SIZE", "1")]).await;
            let counsellor = app.counsellor().await;
            let room = counsellor.room().await;

            add(&app, &counsellor, &room, 1).await;
            // The first round prepares statements and looks up types.
            counter.count(&counsellor, &room).await;
            let one = counter.count(&counsellor, &room).await;
            for entry in 2..=20 {
                counsellor.room().await;
                add(&app, &counsellor, &room, entry).await;
            }
            let twenty = counter.count(&counsellor, &room).await;

            assert!(one.iter().all(|(_, count)| *count > 0), "{one:?}");
            assert_eq!(one, twenty);
        });
    }
}

/// A counsellor with a thousand clients and ten thousand records.
mod long_lists_of_clients_and_records_take_two_statements {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let mut database = testkit::database().await;
            let counter = Counter::before(&mut database).await;
            let app = TestApp::spawn_on(database, &[("CARDROOM__DATABASE__POOL_SIZE", "1")]).await;
            let counsellor = app.counsellor().await;
            let client = json!({ "name": "Mei" });
            let (_, client) = ask(counsellor.post("/api/clients", &client)).await;
            let records =
                format!("/api/clients/{}/consultation-records", client["id"].as_str().unwrap());
            Behind::of(&app).carry_out(THOUSANDS, "").await;

            for (path, items) in
                [("/api/clients".to_owned(), 1_000), (format!("{records}?limit=100"), 100)]
            {
                let mut least = usize::MAX;
                for _ in 0..4 {
                    let before = counter.0.load(Ordering::SeqCst);
                    let (status, list) = ask(counsellor.get(&path)).await;
                    assert_eq!((status, list.as_array().map(Vec::len)), (200, Some(items)));
                    least = least.min(counter.0.load(Ordering::SeqCst) - before);
                }
                let most = if path == "/api/clients" { 2 } else { 3 };
                assert!((1..=most).contains(&least), "{path}: {least}");
            }
        });
    }
}

/// Copies the only client and room a thousand times, and gives it ten thousand records.
const THOUSANDS: &str = "
    INSERT INTO consultation_records (id, client_id, counselor_id, room_id, session_date, topics,
        follow_up_required, created_at, updated_at)
        SELECT gen_random_uuid(), client_id, counselor_id, id, now() - n * interval '1 min', '[]', false,
            now(), now() FROM rooms, generate_series(1, 10000) n;
    INSERT INTO clients (id, counselor_id, name, name_key, tags, status, email_verified, version,
        created_at, updated_at)
        SELECT gen_random_uuid(), counselor_id, name, name_key, tags, status, false, 1,
            created_at - n * interval '1 s', now() FROM clients, generate_series(1, 1000) n;
    INSERT INTO rooms (id, name, counselor_id, share_code, created_at, client_id)
        SELECT gen_random_uuid(), 'A room', counselor_id, 'R' || row_number() OVER (), now(), id
        FROM clients;";

/// Adds a visitor and a game to the room, and a client with a room.
async fn add(app: &TestApp, counsellor: &Counsellor<'_>, room: &Room, entry: usize) {
    assert_eq!(app.join(&room.code, &format!("session-{entry}")).await.status(), 201);
    let state = format!("/api/rooms/{}/gameplay-states/game-{entry}", room.id);
    assert_eq!(ask(counsellor.put(&state, &json!({ "state": {} }))).await.0, 200);
    let client = json!({ "name": format!("Mei {entry}") });
    assert_eq!(ask(counsellor.post("/api/clients", &client)).await.0, 200);
}

/// A proxy that counts the statements on their way to PostgreSQL.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Puts a counter before the database.
    async fn before(database: &mut TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut url = Url::parse(&database.url.expose()).unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        database.url = url.as_str().parse().unwrap();
        let counter = Self::default();
        tokio::spawn(counter.clone().serve(listener, server));
        counter
    }

    async fn serve(self, listener: TcpListener, server: String) -> io::Result<()> {
        loop {
            let (from_client, to_client) = listener.accept().await?.0.into_split();
            let (mut from_server, to_server) = TcpStream::connect(&server).await?.into_split();
            tokio::spawn(self.clone().forward(from_client, to_server));
            let mut to_client = to_client;
            tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
        }
    }

    /// Forwards message by message: a letter, which the first one does not have, a length that includes
    /// itself, and the rest. `E` executes a prepared statement, `Q` is a simple query.
    async fn forward(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut message = Vec::new();
        loop {
            let length = from.read_u32().await?;
            message.extend(length.to_be_bytes());
            let rest = u64::from(length - 4);
            (&mut from).take(rest).read_to_end(&mut message).await?;
            to.write_all(&message).await?;
            message = vec![from.read_u8().await?];
            if matches!(message[0], b'E' | b'Q') {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// How many statements each list takes.
    async fn count(&self, counsellor: &Counsellor<'_>, room: &Room) -> Vec<(String, usize)> {
        let mut counts = Vec::new();
        for path in [
            "/api/rooms".to_owned(),
            "/api/rooms?include_inactive=true".to_owned(),
            "/api/clients".to_owned(),
            "/api/clients?search=mei&status=active".to_owned(),
            format!("/api/visitors/room/{}", room.id),
            format!("/api/rooms/{}/gameplay-states", room.id),
            format!("/api/rooms/{}/statistics", room.id),
        ] {
            let mut least = usize::MAX;
            // Once a second the account is read again, which belongs to no list.
            for _ in 0..3 {
                let before = self.0.load(Ordering::SeqCst);
                assert_eq!(ask(counsellor.get(&path)).await.0, 200, "{path}");
                least = least.min(self.0.load(Ordering::SeqCst) - before);
            }
            counts.push((path, least));
        }
        counts
    }
}
