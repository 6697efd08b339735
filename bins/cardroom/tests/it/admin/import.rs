//! The import of accounts from a CSV file.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::auth::{sessions, status_of_login};
use crate::behind::Behind;
use crate::client::Counsellor;

const PATH: &str = "/api/admin/import-whitelist";

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

/// The form that a browser sends with a file.
fn form(request: RequestBuilder, part: &str, file_name: &str, file: &[u8]) -> RequestBuilder {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{file_name}\"\r\n\
         Content-Type: text/csv\r\n\r\n"
    );
    let body = [head.as_bytes(), file, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let media = format!("multipart/form-data; boundary={BOUNDARY}");
    request.header("content-type", media).body(body)
}

fn sent(by: &Counsellor<'_>, file: &str) -> RequestBuilder {
    form(by.request("POST", PATH), "file", "whitelist.csv", file.as_bytes())
}

async fn import(admin: &Counsellor<'_>, file: &str) -> Value {
    let (status, body) = ask(sent(admin, file)).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[testkit::on_both_databases]
async fn a_file_as_a_spreadsheet_saves_it_is_imported() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let file = "\u{feff}email,password,name,roles\r\n\
        Ada@Example.com,TestPassword123!,Ada Lovelace,\"client, observer\"\r\n\
        \r\n\
        grace@example.com,short\r\n\
        \"mei@example.com\",,\"陳, 美玲\",\r\n\
        nobody,TestPassword123!\r\n\
        wizard@example.com,TestPassword123!,,wizard\r\n\
        ada@example.com,another password\r\n\
        demo.admin@example.com,another password\r\n";
    let mut answer = import(&admin, file).await;
    let generated = answer["created_users"][2]["password"].take();
    let expected = json!({
        "total_rows": 7,
        "created": 3,
        "skipped": 1,
        "errors": [
            "Row 6: Invalid email format 'nobody'",
            "Row 7: Unknown role 'wizard'",
            "Row 8: Same address as row 2",
            "Row 9: Your own account cannot be changed by an import",
        ],
        "created_users": [
            { "email": "ada@example.com", "password": "TestPassword123!" },
            { "email": "grace@example.com", "password": "short" },
            { "email": "mei@example.com", "password": null },
        ],
    });
    assert_eq!(answer, expected);

    let user = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        ask(app.post("/api/auth/login", &body)).await.1["user"].clone()
    };
    let ada = user("ada@example.com", "TestPassword123!").await;
    assert_eq!(
        (&ada["name"], &ada["roles"]),
        (&json!("Ada Lovelace"), &json!(["client", "observer"]))
    );
    assert_eq!(ada["must_change_password"], false);
    let grace = user("grace@example.com", "short").await;
    assert_eq!((&grace["name"], &grace["roles"]), (&json!("grace"), &json!(["counselor"])));
    assert_eq!(grace["must_change_password"], true);
    let mei = user("mei@example.com", generated.as_str().unwrap()).await;
    assert_eq!((&mei["name"], &mei["must_change_password"]), (&json!("陳, 美玲"), &json!(true)));
    assert_eq!(sessions::status(&app, &admin.token).await, 200);
}

#[testkit::on_both_databases]
async fn an_account_that_exists_is_overwritten_and_its_sessions_end() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let id = "00000000-0000-0000-0001-000000000001";

    let answer = import(&admin, "demo.counselor@example.com,TestPassword123!\n").await;
    assert_eq!((&answer["created"], &answer["errors"]), (&json!(1), &json!([])));
    assert_eq!(sessions::status(&app, &counsellor.token).await, 401);
    assert_eq!(status_of_login(&app, "demo.counselor@example.com", "demo123").await, 401);
    let (_, user) = ask(admin.get(&format!("/api/admin/users/{id}"))).await;
    // Without a name and roles those of before stay.
    assert_eq!((&user["name"], &user["roles"]), (&json!("Dr. Sarah Chen"), &json!(["counselor"])));

    let row = "demo.counselor@example.com,TestPassword124!,Dr. Chen,observer";
    import(&admin, row).await;
    let (_, user) = ask(admin.get(&format!("/api/admin/users/{id}"))).await;
    assert_eq!((&user["name"], &user["roles"]), (&json!("Dr. Chen"), &json!(["observer"])));
    assert_eq!(status_of_login(&app, "demo.counselor@example.com", "TestPassword124!").await, 200);
    let (_, log) = ask(admin.get(&format!("/api/admin/audit-log?account_id={id}"))).await;
    let count = |action: &str| {
        log["entries"].as_array().unwrap().iter().filter(|it| it["action"] == action).count()
    };
    assert_eq!((count("password_assigned"), count("roles_changed"), count("renamed")), (2, 1, 1));
}

#[testkit::on_both_databases]
async fn a_file_that_cannot_be_imported_is_refused() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__BATCH_USERS", "2")]).await;
    let admin = app.admin().await;
    let post = || admin.request("POST", PATH);
    let three = "a@example.com\nb@example.com\nc@example.com\n";

    let mut answers = Vec::new();
    for (what, request) in [
        ("another name", form(post(), "file", "users.xlsx", three.as_bytes())),
        ("no file", form(post(), "other", "users.csv", three.as_bytes())),
        ("not UTF-8", form(post(), "file", "users.csv", b"a@example.com,\xa4\xa4")),
        ("too many rows", sent(&admin, three)),
        ("too large", sent(&admin, &"x".repeat(300 * 1024))),
        ("no form", admin.post(PATH, &json!({}))),
        ("cut off", post().header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\na@"))),
        ("a counsellor", sent(&app.counsellor().await, three)),
        ("no token", form(app.request("POST", PATH), "file", "users.csv", three.as_bytes())),
    ] {
        let (status, body) = ask(request).await;
        answers.push(format!("{what}: {status} {} {}", body["code"], body["detail"]));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("import_refused", answers.join("\n")));
    let (_, users) = ask(admin.get("/api/admin/users?q=a@example.com")).await;
    assert_eq!(users["total"], 0);
    assert_eq!(import(&admin, "email\n").await["total_rows"], 0);
}

#[testkit::on_both_databases]
async fn two_imports_of_one_file_leave_one_valid_password_for_each() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let rows: Vec<_> = (1..=20).map(|n| format!("test.user{n}@example.com\n")).collect();
    let file = rows.concat();

    let (one, other) = tokio::join!(import(&admin, &file), import(&admin, &file));

    assert_eq!((&one["created"], &other["created"]), (&json!(20), &json!(20)));
    for n in 0..20 {
        let (one, other) = (&one["created_users"][n], &other["created_users"][n]);
        assert_eq!(one["email"], other["email"]);
        let mut valid = 0;
        for user in [one, other] {
            let (email, password) = (user["email"].as_str(), user["password"].as_str());
            let status = status_of_login(&app, email.unwrap(), password.unwrap()).await;
            valid += u32::from(status == 200);
        }
        assert_eq!(valid, 1, "{one}, {other}");
    }
}

#[testkit::on_both_databases]
async fn people_log_in_while_a_long_file_is_imported() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__AUTH__BCRYPT_COST", "8"),
        ("CARDROOM__HASHING__WAIT_MAX_MS", "2000"),
    ])
    .await;
    let admin = app.admin().await;
    let rows: Vec<_> = (1..=150).map(|n| format!("test.user{n}@example.com\n")).collect();
    let file = rows.concat();
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    let mut logins = 0;
    let mut importing = Box::pin(import(&admin, &file));
    let imported = loop {
        let login = async {
            let start = Instant::now();
            (status_of_login(&app, "demo.counselor@example.com", "demo123").await, start.elapsed())
        };
        tokio::select! {
            imported = &mut importing => break imported,
            (status, took) = login => {
                assert_eq!(status, 200);
                longest = longest.max(took);
                logins += 1;
            }
        }
    };
    assert_eq!(imported["created"], 150);
    assert!(logins > 5, "{logins}");
    assert!(longest < start.elapsed() / 3, "{longest:?} of {:?}", start.elapsed());
}

#[testkit::on_both_databases]
async fn a_row_that_cannot_be_recorded_is_not_imported() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    Behind::of(&app).hide_audit_log().await;
    let answer = import(&admin, "a@example.com\ndemo.counselor@example.com,TestPassword123!").await;
    let expected = json!([
        "Row 1: Could not be stored, please import it again",
        "Row 2: Could not be stored, please import it again",
    ]);
    assert_eq!((&answer["created"], &answer["errors"]), (&json!(0), &expected));
    Behind::of(&app).show_audit_log().await;
    assert_eq!(status_of_login(&app, "demo.counselor@example.com", "demo123").await, 200);
}
