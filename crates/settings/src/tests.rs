//! Loading as a whole, from an environment to settings or problems.

mod files;
mod layers;
mod problems;
mod profiles;

use crate::{Environment, Settings, load};

const SECRET: Variable = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
const POSTGRES: Variable = ("DATABASE_URL", "postgres://ann:hunter2@db:5432/cardroom");

const PUBLIC_URL: Variable = ("CARDROOM__SERVER__PUBLIC_URL", "https://app.example.org");

/// The name of a variable and its value.
type Variable<'a> = (&'a str, &'a str);

/// An environment of these variables, on a machine of two cores.
fn environment(variables: &[Variable]) -> Environment {
    Environment::new(variables.iter().copied()).with_cores(2)
}

fn settings(variables: &[Variable]) -> Settings {
    load(&environment(variables)).unwrap().settings
}

/// The problems of the settings, a line each; none when they load.
fn problems(variables: &[Variable]) -> Vec<String> {
    let problems = load(&environment(variables)).err();
    problems.map_or(Vec::new(), |it| it.0.iter().map(ToString::to_string).collect())
}
