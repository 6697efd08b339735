//! Access tokens: only a token that was issued is accepted.

use super::Inputs;
use crate::app::{TestApp, body_of};

#[testkit::on_both_databases]
async fn no_mutated_token_is_accepted() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let code = counsellor.room().await.code;
    let visitor =
        body_of(app.join(&code, "s").await).await["visitor_token"].as_str().unwrap().to_owned();
    let given = [counsellor.token, app.admin().await.token];
    let corpus = [&given[0], &given[1], &visitor].map(|it| it.clone().into_bytes()).to_vec();
    let mut inputs = Inputs::from("tokens", corpus);
    while let Some(input) = inputs.next() {
        // What a header cannot hold does not reach the server.
        let Ok(text) = String::from_utf8(input.clone()) else { continue };
        let request = app.get("/api/auth/me").header("authorization", format!("Bearer {text}"));
        let Ok(answer) = request.send().await else { continue };
        let status = answer.status().as_u16();
        // Blanks around a header's value are not a part of it (RFC 9110, 5.5).
        let is_given = given.iter().any(|it| it == text.trim());
        if status >= 500 || (status == 200 && !is_given) {
            inputs.fail(&input, status);
        }
    }
}
