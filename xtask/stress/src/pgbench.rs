//! PostgreSQL's own benchmark, on the table of the states: prepared upserts of one row each, as a server
//! without group commit would write them.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::document;

/// Variables that name the program, and a migrated database for it alone.
const PROGRAM: &str = "CARDROOM_PGBENCH";
const URL: &str = "CARDROOM_PGBENCH_URL";

const CONNECTIONS: &str = "50";
const SECONDS: &str = "5";

/// The marker of the document: as long as that of one of fifty users.
const MARKER: u64 = 25 << 32;

const ROOM: &str = "00000000-0000-4000-8000-00000000000a";

/// The owner and the room that the states belong to.
const SETUP: &str = "
    INSERT INTO users (id, email, name, hashed_password, roles, created_at)
        VALUES ('00000000-0000-4000-8000-00000000000b', 'b@example.com', '', '', '', now())
        ON CONFLICT DO NOTHING;
    INSERT INTO rooms (id, name, counselor_id, share_code, created_at)
        VALUES ('00000000-0000-4000-8000-00000000000a', '', '00000000-0000-4000-8000-00000000000b',
            'BENCH1', now())
        ON CONFLICT DO NOTHING;";

/// Upserts a second, if the variables name a benchmark.
pub(crate) async fn rate_of_given() -> Result<Option<f64>> {
    match (env::var(PROGRAM), env::var(URL)) {
        (Ok(program), Ok(url)) => rate(Path::new(&program), &url).await.map(Some),
        _ => Ok(None),
    }
}

async fn rate(program: &Path, url: &str) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let (setup, upsert) = (folder.path().join("setup.sql"), folder.path().join("upsert.sql"));
    fs::write(&setup, SETUP)?;
    fs::write(&upsert, upsert_script())?;
    run(program, url, &["-t", "1"], &setup).await?;
    // The document is sent each time, and parsed by PostgreSQL, as for a save.
    let sent = format!("state={}", document::state(MARKER));
    let load = ["-M", "prepared", "-c", CONNECTIONS, "-j", "2", "-T", SECONDS, "-D", &sent];
    tps(&run(program, url, &load, &upsert).await?)
}

async fn run(program: &Path, url: &str, load: &[&str], script: &Path) -> Result<String> {
    let mut command = Command::new(program);
    command.arg("--no-vacuum").args(load).arg("-f").arg(script).arg(url).kill_on_drop(true);
    let output = command.output().await.context("cannot run pgbench")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The rate in the report of pgbench.
fn tps(report: &str) -> Result<f64> {
    let rate = report.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).context("pgbench reported no rate")?;
    Ok(rate.parse()?)
}

/// Upserts in as many games as the load plays.
fn upsert_script() -> String {
    format!(
        "\\set game random(1, 1000)\n\
         INSERT INTO gameplay_states (id, room_id, gameplay_id, state, last_played_at, created_at, \
         updated_at) VALUES (gen_random_uuid(), '{ROOM}', 'game-' || :game, :state, now(), \
         now(), now()) ON CONFLICT (room_id, gameplay_id) DO UPDATE SET state = excluded.state, \
         version = gameplay_states.version + 1, last_played_at = excluded.last_played_at, \
         updated_at = excluded.updated_at;\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_report() {
        let report = "latency average = 4.5 ms\ntps = 11023.400000 (without initial connection)\n";
        assert!((tps(report).unwrap() - 11_023.4).abs() < 1e-9);
        assert!(tps("nothing").is_err());
    }

    #[test]
    fn the_upsert_is_in_the_room_of_the_setup() {
        assert!(SETUP.contains(ROOM) && upsert_script().contains(ROOM));
    }
}
