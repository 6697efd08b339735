//! What operators watch: the metrics, and the dashboard and alerts in `deploy/` that read them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{TestApp, ask};

const DASHBOARD: &str = include_str!("../../../../deploy/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../../../deploy/alerts.yml");

/// The metrics of a server after various requests.
async fn metrics() -> String {
    let app = TestApp::spawn_with(&[("CARDROOM__SERVER__COUNT_EVERY_SECS", "1")]).await;
    let room = app.counsellor().await.room().await;
    assert_eq!(app.join(&room.code, "session-1").await.status(), 201);
    assert_eq!(ask(app.post("/api/auth/login", &json!({}))).await.0, 422);
    // Each is 1 once the rows have been counted.
    let counted = ["cardroom_sessions 1", "cardroom_open_rooms 1", "cardroom_present_visitors 1"];
    for _ in 0..200 {
        let metrics = app.get("/metrics").send().await.unwrap().text().await.unwrap();
        if counted.iter().all(|figure| metrics.lines().any(|line| line == *figure)) {
            return metrics;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("sessions, rooms and visitors were not counted")
}

#[testkit::on_both_databases]
async fn requests_are_measured_by_route_and_pools_and_process_are_reported() {
    let metrics = metrics().await;
    let join = r#"method="POST",route="/api/visitors/join-room/{share_code}",status="201""#;
    let refused = r#"method="POST",route="/api/auth/login",status="422""#;
    for figure in [
        format!("cardroom_http_requests_total{{{join}}}"),
        format!("cardroom_http_requests_total{{{refused}}}"),
        format!("cardroom_http_request_duration_seconds_bucket{{{join},le=\"1\"}}"),
        "cardroom_pool_size{pool=".into(),
        "cardroom_pool_open{pool=".into(),
        "cardroom_pool_in_use{pool=".into(),
        "cardroom_pool_waiting{pool=".into(),
        "cardroom_sqlite_wal_bytes ".into(),
        "cardroom_pool_wait_duration_seconds_count{pool=".into(),
        "cardroom_log_lines_dropped_total ".into(),
        format!("cardroom_build_info{{version=\"{}\",build=\"", env!("CARGO_PKG_VERSION")),
        "process_resident_memory_bytes ".into(),
        "process_open_fds ".into(),
        "process_cpu_seconds_total ".into(),
        "process_start_time_seconds ".into(),
    ] {
        assert!(metrics.lines().any(|line| line.starts_with(&figure)), "{figure}: {metrics}");
    }
}

#[testkit::on_both_databases]
async fn the_dashboard_and_the_alerts_name_only_existing_metrics() {
    let metrics = metrics().await;
    let there: BTreeSet<_> = metrics.lines().filter_map(|it| it.split([' ', '{']).next()).collect();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let shown: Vec<_> = targets.map(|it| it["expr"].as_str().unwrap()).collect();
    let alerts: Vec<_> = ALERTS.lines().filter_map(|it| it.trim().strip_prefix("expr: ")).collect();
    assert!(shown.len() >= 10 && alerts.len() >= 3);
    for expression in shown.into_iter().chain(alerts) {
        let words = expression.split(|c: char| !c.is_alphanumeric() && c != '_');
        let named = words.filter(|it| it.starts_with("cardroom_") || it.starts_with("process_"));
        let unknown: Vec<_> = named.filter(|name| !there.contains(name)).collect();
        assert!(unknown.is_empty(), "{expression}: {unknown:?}");
    }
}
