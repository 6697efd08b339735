//! Lists of clients: filters, searches and pages.

use serde_json::json;

use super::{create, names, path_of};
use crate::app::{TestApp, ask};
use crate::behind::Behind;

#[testkit::on_both_databases]
async fn a_search_finds_texts_in_any_case_in_which_wildcards_are_letters() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    for (name, email) in [
        ("100% Mei", "mei@example.com"),
        ("100 Mei", "other@example.com"),
        ("Änne_O'Neil", "aenne@example.com"),
        ("ΟΔΟΣ", "odos@example.com"),
        ("陳同學", "CHEN@EXAMPLE.COM"),
        (r"back\slash", "back@example.com"),
    ] {
        let body = json!({ "name": name, "email": email });
        assert_eq!(ask(counsellor.post("/api/clients", &body)).await.0, 200);
    }

    for (search, found) in [
        ("mei", vec!["100 Mei", "100% Mei"]),
        ("MEI@", vec!["100% Mei"]),
        ("%25", vec!["100% Mei"]),
        ("0%25", vec!["100% Mei"]),
        ("_", vec!["Änne_O'Neil"]),
        ("ÄNNE_o'", vec!["Änne_O'Neil"]),
        ("σ", vec!["ΟΔΟΣ"]),
        ("%E9%99%B3", vec!["陳同學"]),
        ("chen@example", vec!["陳同學"]),
        (r"\", vec![r"back\slash"]),
        ("nobody", vec![]),
    ] {
        let mut names = names(&counsellor, &format!("search={search}")).await;
        names.sort();
        let mut found = found;
        found.sort_unstable();
        assert_eq!(names, found, "{search}");
    }
    assert_eq!(names(&counsellor, "search=").await.len(), 6);
}

#[testkit::on_both_databases]
async fn a_status_lists_its_clients_alone() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    for (name, status) in [("A", "active"), ("B", "inactive"), ("C", "archived")] {
        let client = create(&counsellor, name).await;
        let change = counsellor.put(&path_of(&client), &json!({ "status": status }));
        assert_eq!(ask(change).await.1["status"], status);
    }
    assert_eq!(names(&counsellor, "").await, ["C", "B", "A"]);
    assert_eq!(names(&counsellor, "status=inactive").await, ["B"]);
    assert_eq!(names(&counsellor, "status=archived&search=c").await, ["C"]);
    assert!(names(&counsellor, "status=archived&search=b").await.is_empty());
}

#[testkit::on_both_databases]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    for n in 0..7 {
        create(&counsellor, &format!("Client {n}")).await;
    }
    // Equal times are ordered by id.
    let same = "UPDATE clients SET created_at = (SELECT min(created_at) FROM clients)";
    Behind::of(&app).carry_out(same, same).await;

    let all = names(&counsellor, "").await;
    let mut seen = Vec::new();
    let mut path = "/api/clients?limit=3&search=client&status=active".to_owned();
    loop {
        let answer = counsellor.get(&path).send().await.unwrap();
        let link = answer.headers().get("link").map(|it| it.to_str().unwrap().to_owned());
        let page: serde_json::Value = answer.json().await.unwrap();
        let page = page.as_array().unwrap();
        seen.extend(page.iter().map(|it| it["name"].as_str().unwrap().to_owned()));
        match link {
            Some(link) => {
                assert_eq!(page.len(), 3);
                path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
                assert!(path.contains("search=client"), "{path}");
            }
            None => break,
        }
    }
    assert_eq!(seen, all);

    let foreign = create(&app.other_counsellor().await, "Foreign").await;
    let after = format!("/api/clients?after={}", foreign["id"].as_str().unwrap());
    assert_eq!(ask(counsellor.get(&after)).await.0, 404);
}
