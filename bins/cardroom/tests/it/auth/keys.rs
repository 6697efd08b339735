//! Changing the secret while people are logged in.

use super::sessions::{next, pair, status};
use crate::app::TestApp;

const OLD: &str = "an old secret of the tests and long enough for HS256";
const NEW: &str = "a new secret of the tests and long enough for HS256";

/// A server that signs with one secret and accepts tokens of others.
async fn instance(of: Option<&TestApp>, active: &str, passive: &str) -> TestApp {
    let changes = [("JWT_SECRET", active), ("CARDROOM__AUTH__PASSIVE_JWT_SECRETS", passive)];
    match of {
        Some(app) => TestApp::spawn_on(app.database.clone(), &changes).await,
        None => TestApp::spawn_with(&changes).await,
    }
}

#[testkit::on_both_databases]
async fn changing_the_secret_ends_no_session() {
    let old = instance(None, OLD, "").await;
    let before = pair(&old).await;

    // First the new secret is accepted everywhere, then it signs, then the old one is removed.
    let knows_new = instance(Some(&old), OLD, NEW).await;
    let signs_new = instance(Some(&old), NEW, OLD).await;
    let new = next(&signs_new, &before.refresh).await.unwrap();
    for app in [&knows_new, &signs_new] {
        assert_eq!(status(app, &before.access).await, 200);
        assert_eq!(status(app, &new.access).await, 200);
        // A repeated request returns the token that was derived with the other secret.
        assert_eq!(next(app, &before.refresh).await.unwrap().refresh, new.refresh);
    }

    let forgot_old = instance(Some(&old), NEW, "").await;
    assert_eq!(status(&forgot_old, &before.access).await, 401);
    assert_eq!(status(&forgot_old, &new.access).await, 200);
    let idle = pair(&old).await;
    assert!(next(&forgot_old, &idle.refresh).await.is_ok());
}

#[testkit::on_both_databases]
async fn tokens_signed_with_a_secret_outside_the_ring_are_refused() {
    let one = instance(None, OLD, "").await;
    let other = instance(Some(&one), NEW, "").await;
    let pair = pair(&one).await;
    assert_eq!(status(&other, &pair.access).await, 401);
}
