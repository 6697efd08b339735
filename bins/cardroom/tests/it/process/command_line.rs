//! The commands of the program.

use std::process::Output;

use super::cardroom;

const SECRET: &str = "neither published nor short: 4f1d0c7e9b2a";

fn run(argument: &str, variables: &[(&str, &str)]) -> (Output, String, String) {
    let output = cardroom(variables).arg(argument).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

/// The message of a check that fails.
fn problems(variables: &[(&str, &str)]) -> String {
    let (output, stdout, stderr) = run("check", variables);
    assert!(!output.status.success(), "{stdout}");
    stderr
}

#[test]
fn the_program_names_itself_and_its_commands() {
    let (output, stdout, _) = run("--version", &[]);
    assert!(output.status.success());
    assert_eq!(stdout, format!("cardroom {}\n", env!("CARGO_PKG_VERSION")));

    let (output, stdout, _) = run("--help", &[]);
    assert!(output.status.success());
    for word in ["serve", "migrate", "check", "openapi", "DATABASE_URL", "CARDROOM_PROFILE"] {
        assert!(stdout.contains(word), "{stdout}");
    }
    assert!(!run("dance", &[]).0.status.success());
}

#[test]
fn a_check_prints_every_value_with_its_source_and_no_secret() {
    let (output, stdout, stderr) = run(
        "check",
        &[
            ("CARDROOM_PROFILE", "production"),
            ("JWT_SECRET", SECRET),
            ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org"),
            ("DATABASE_URL", "postgres://cardroom:hunter2@db.example.org/cardroom"),
            ("CARDROOM__MAIL__SMTP_URL", "smtps://me:hunter3@mail.example.org"),
            ("CARDROOM__DATABASE__POOL_SIZE", "12"),
        ],
    );
    assert!(output.status.success(), "{stderr}");
    for secret in [SECRET, "hunter2", "hunter3"] {
        assert!(!stdout.contains(secret) && !stderr.contains(secret), "{secret}: {stdout}");
    }
    let line = |key: &str| {
        let line = stdout.lines().find(|line| line.starts_with(&format!("{key} ")));
        line.unwrap_or_else(|| panic!("no {key}: {stdout}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("profile")[1..], ["production", "environment", "variable", "CARDROOM_PROFILE"]);
    assert_eq!(line("auth.jwt_secret")[1..], ["***", "environment", "variable", "JWT_SECRET"]);
    assert_eq!(line("database.url")[1], "postgres://cardroom:***@db.example.org/cardroom");
    assert_eq!(line("database.pool_size")[1], "12");
    assert_eq!(line("auth.bcrypt_cost")[1..], ["12", "production.toml"]);
    assert_eq!(line("limits.body_bytes")[1..], ["65536", "base.toml"]);
}

#[test]
fn all_bad_settings_are_named_at_once_with_their_source_and_what_is_accepted() {
    let problems = problems(&[
        ("PORT", "70000"),
        ("CARDROOM__DATABASE__POOL_SIZE", "0"),
        ("CARDROOM__AUTH__BCRYPT_COST", "cheap"),
        ("CARDROOM__AUTH__REGISTRATION", "perhaps"),
        ("CARDROOM__SERVER__PROT", "8000"),
        ("DATABASE_URL", "mysql://me:hunter2@db/cardroom"),
    ]);
    for (key, source, accepted) in [
        ("server.port", "PORT", "0 to 65535"),
        ("database.pool_size", "CARDROOM__DATABASE__POOL_SIZE", "1 to 500"),
        ("auth.bcrypt_cost", "CARDROOM__AUTH__BCRYPT_COST", "4 to 15"),
        ("auth.registration", "CARDROOM__AUTH__REGISTRATION", "true or false"),
        ("server.prot", "CARDROOM__SERVER__PROT", "server.port"),
        ("database.url", "DATABASE_URL", "postgres://"),
    ] {
        let line = problems.lines().find(|line| line.trim().starts_with(&format!("{key}:")));
        let line = line.unwrap_or_else(|| panic!("no {key}: {problems}"));
        assert!(line.contains(source) && line.contains(accepted), "{line}");
    }
    assert!(problems.contains("6 problems"), "{problems}");
    assert!(!problems.contains("hunter2"), "{problems}");
}

#[test]
fn production_refuses_missing_published_and_weak_secrets() {
    for (secret, fault) in [
        ("", "is missing"),
        ("development-secret-known-to-everybody", "is a published default"),
        ("test-secret-known-to-everybody-and-no-more", "is a published default"),
        ("thirty-one bytes are not enough", "is too short"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "has fewer than eight different characters"),
        ("a secret of one's own, from a file\n", "begins or ends with white space"),
    ] {
        for profile in ["production", "staging", "cloud-run", "small"] {
            let variables = [
                ("CARDROOM_PROFILE", profile),
                ("JWT_SECRET", secret),
                ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org"),
                ("DATABASE_URL", "postgres://me@db.example.org/cardroom"),
            ];
            let problems = problems(&variables);
            assert!(problems.contains(&format!("auth.jwt_secret: {fault}")), "{problems}");
            let (output, _, refusal) = run("serve", &variables);
            assert!(!output.status.success());
            assert_eq!(refusal, problems);
        }
    }
}
