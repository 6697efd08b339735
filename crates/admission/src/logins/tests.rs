//! Tests of the limits of failed log-ins.

use std::future::ready;

use settings::Rate;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Wrong,
    /// The password is right, but the account is inactive.
    Inactive,
    Limited,
}

impl From<Limited> for Outcome {
    fn from(_: Limited) -> Self {
        Self::Limited
    }
}

/// Five failures of a pair, twenty of an account, ten accounts of an address; one more an hour.
fn logins() -> Logins {
    let rate = |burst| Rate::hourly(1, burst);
    let rates = Rates {
        login_failures: rate(5),
        account_failures: rate(20),
        accounts_tried: rate(10),
        ..Rates::MAX
    };
    Logins::new(&rates, Buckets::default())
}

fn address(n: u8) -> ClientAddress {
    ClientAddress::from(std::net::IpAddr::from([203, 0, 113, n]))
}

async fn log_in(logins: &Logins, account: &str, from: u8, right: bool) -> Result<(), Outcome> {
    let outcome = if right { Ok(()) } else { Err(Outcome::Wrong) };
    let is_failure = |error: &Outcome| *error == Outcome::Wrong;
    logins.attempt(account, address(from), async || false, ready(outcome), is_failure).await
}

#[tokio::test]
async fn after_five_wrong_passwords_the_right_one_is_refused_too_but_not_elsewhere() {
    let logins = logins();
    for _ in 0..5 {
        assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Wrong));
    }
    assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Limited));
    assert_eq!(log_in(&logins, "ada", 1, true).await, Err(Outcome::Limited));
    assert_eq!(log_in(&logins, "ada", 2, true).await, Ok(()));
    assert_eq!(log_in(&logins, "bob", 1, true).await, Ok(()));
}

#[tokio::test]
async fn a_right_guess_among_wrong_ones_is_limited_too() {
    let logins = logins();
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let right = async { finished.await.map_err(|_| Outcome::Wrong) };
    let right =
        logins.attempt("ada", address(1), async || false, right, |error| *error == Outcome::Wrong);
    let wrong = async {
        for _ in 0..5 {
            assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Wrong));
        }
        finish.send(())
    };
    assert_eq!(tokio::join!(right, wrong).0, Err(Outcome::Limited));
}

#[tokio::test]
async fn a_right_password_of_an_inactive_account_is_limited_too() {
    let logins = logins();
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let inactive = async {
        let _ = finished.await;
        Err::<(), _>(Outcome::Inactive)
    };
    let inactive = logins.attempt(
        "ada",
        address(1),
        async || false,
        inactive,
        |error| *error == Outcome::Wrong,
    );
    let wrong = async {
        for _ in 0..5 {
            assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Wrong));
        }
        finish.send(())
    };
    assert_eq!(tokio::join!(inactive, wrong).0, Err(Outcome::Limited));
}

#[tokio::test]
async fn an_account_under_attack_admits_only_addresses_that_logged_in_before() {
    let logins = logins();
    assert_eq!(log_in(&logins, "ada", 200, true).await, Ok(()));
    for attacker in 0..20 {
        assert_eq!(log_in(&logins, "ada", attacker, false).await, Err(Outcome::Wrong));
    }
    assert_eq!(log_in(&logins, "ada", 100, true).await, Err(Outcome::Limited));
    // Its owner may also mistype the password.
    assert_eq!(log_in(&logins, "ada", 200, false).await, Err(Outcome::Wrong));
    assert_eq!(log_in(&logins, "ada", 200, true).await, Ok(()));
}

#[tokio::test]
async fn a_network_that_is_known_for_an_account_is_not_kept_out_by_others() {
    let logins = logins();
    for attacker in 0..20 {
        assert_eq!(log_in(&logins, "ada", attacker, false).await, Err(Outcome::Wrong));
    }
    let at_home = ClientAddress::from(std::net::IpAddr::from([198, 51, 100, 7]));
    let is_failure = |error: &Outcome| *error == Outcome::Wrong;
    let log_in = async |is_known, right: bool| {
        let outcome = ready(if right { Ok(()) } else { Err(Outcome::Wrong) });
        logins.attempt("ada", at_home, async || is_known, outcome, is_failure).await
    };
    assert_eq!(log_in(false, true).await, Err(Outcome::Limited));
    assert_eq!(log_in(true, false).await, Err(Outcome::Wrong));
    assert_eq!(log_in(true, true).await, Ok(()));
}

#[tokio::test]
async fn guesses_at_made_up_accounts_do_not_block_accounts_that_logged_in_at_the_address_before() {
    let logins = logins();
    assert_eq!(log_in(&logins, "ada", 1, true).await, Ok(()));
    for n in 0..20 {
        let _ = log_in(&logins, &format!("nobody-{n}"), 1, false).await;
    }
    assert_eq!(log_in(&logins, "ada", 1, true).await, Ok(()));
    assert_eq!(log_in(&logins, "bob", 1, true).await, Err(Outcome::Limited));
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_is_stopped() {
    let logins = logins();
    let mut revealed = 0;
    for n in 0..50 {
        revealed +=
            i32::from(log_in(&logins, &n.to_string(), 1, false).await == Err(Outcome::Wrong));
    }
    assert_eq!(revealed, 10);
}

#[tokio::test]
async fn successful_logins_are_not_counted() {
    let logins = logins();
    for _ in 0..1000 {
        assert_eq!(log_in(&logins, "ada", 1, true).await, Ok(()));
    }
}

#[tokio::test]
async fn concurrent_guesses_reveal_no_more_than_sequential_ones() {
    let logins = logins();
    let (go, _) = tokio::sync::broadcast::channel::<()>(1);
    let guesses = (0..50).map(|_| {
        let mut started = go.subscribe();
        let work = async move {
            let _ = started.recv().await;
            Err::<(), _>(Outcome::Wrong)
        };
        logins.attempt("ada", address(1), async || false, work, |error| *error == Outcome::Wrong)
    });
    let guesses: Vec<_> = guesses.collect();
    let all = futures::future::join_all(guesses);
    let (outcomes, _) = tokio::join!(all, async { go.send(()) });
    assert_eq!(outcomes.iter().filter(|it| **it == Err(Outcome::Wrong)).count(), 5);
}
