//! Changing and archiving clients.

use serde_json::json;

use super::{create, names, path_of};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_change_changes_what_it_names_and_no_more() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let body = json!({ "name": "Mei", "email": "mei@example.com", "phone": "1", "notes": "n",
        "tags": ["a"] });
    let (_, client) = ask(counsellor.post("/api/clients", &body)).await;
    let path = path_of(&client);
    let mut transcript = Transcript::default();

    transcript.say("nothing", counsellor.put(&path, &json!({}))).await;
    transcript.say("a phone", counsellor.put(&path, &json!({ "phone": "2" }))).await;
    let form = json!({ "name": "Mei L.", "email": "MEI@example.com", "phone": "2", "notes": "",
        "tags": ["a", "b"], "status": "inactive" });
    transcript.say("the whole form", counsellor.put(&path, &form)).await;
    let nulls = json!({ "name": null, "email": null, "phone": null, "notes": null, "tags": null });
    transcript.say("nulls", counsellor.put(&path, &nulls)).await;
    transcript.say("archive", counsellor.request("DELETE", &path)).await;
    transcript.say("again", counsellor.request("DELETE", &path)).await;
    transcript.say("how it is then", counsellor.get(&path)).await;
    transcript.check("clients_change");
}

#[testkit::on_both_databases]
async fn a_condition_names_the_version_that_may_be_changed() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = path_of(&client);
    let change = |name: &str, tag: &str| {
        counsellor.put(&path, &json!({ "name": name })).header("if-match", tag)
    };
    let tag =
        |version: u32| format!("\"{version}-{}\"", client["id"].as_str().unwrap().replace('-', ""));
    let mut transcript = Transcript::default();

    transcript.say("at version 1", change("Lin", &tag(1))).await;
    transcript.say("no longer", change("Wu", &tag(1))).await;
    transcript.say("one of two", change("Wu", &format!("{}, {}", tag(1), tag(2)))).await;
    transcript.say("any", change("Ho", "*")).await;
    transcript.say("malformed", change("Xu", "4")).await;
    let archive = counsellor.request("DELETE", &path).header("if-match", tag(1));
    transcript.say("archiving", archive).await;
    transcript.check("clients_conditions");
    assert_eq!(names(&counsellor, "status=active").await, ["Ho"]);
}
