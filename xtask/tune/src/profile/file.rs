//! The form of `config/tuning/NAME.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use settings::Profile as Env;
use toml::{Table, Value};

use super::Profile;
use crate::calibration::Calibration;
use crate::solve::{Deployment, Predicted, Solution};
use crate::target::Target;

/// Text below this line is written by hand, and preserved.
const YOURS: &str =
    "# From here on it is yours: tables as [override.database], which win over [settings].";

/// A file as it is.
pub(crate) struct File {
    pub(crate) text: String,
    pub(crate) data: Data,
}

/// The tables that tools read. The crate `settings` reads and checks the settings.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    #[serde(default)]
    #[expect(dead_code, reason = "named so that nothing else is taken for it")]
    provenance: Table,
    #[serde(default)]
    #[expect(dead_code, reason = "read by the crate `settings`")]
    settings: Table,
    #[serde(default, rename = "override")]
    pub(crate) overrides: Table,
    pub(crate) target: Option<Target>,
    pub(crate) deployment: Option<Deployment>,
    pub(crate) predicted: Option<Predicted>,
    pub(crate) calibration: Option<Calibration>,
}

impl File {
    pub(crate) fn parse(text: String) -> Result<Self> {
        let data = toml::from_str(&text)?;
        Ok(Self { text, data })
    }

    /// The text that was written by hand.
    fn yours(&self) -> &str {
        self.text.split_once(YOURS).map_or("\n", |(_, yours)| yours)
    }
}

/// The whole text of a profile's file.
pub(super) fn text(
    profile: &Profile,
    target: &Target,
    calibration: &Calibration,
    solution: &Solution,
    base: &Table,
) -> Result<String> {
    let env = profile.env;
    let mut text = format!(
        "# Written by `cargo xtask tune --env {env} --write`, and read by the server between base.toml \
         and\n# {env}.toml. `cargo xtask tune check` computes it again; `--explain KEY` derives a number.\n\n"
    );
    let Calibration { machine, date, commit, cores, .. } = calibration;
    writeln!(
        text,
        "[provenance]\nmachine = \"{machine}\"\ncores = {cores}\ndate = \"{date}\"\ncommit = \"{commit}\"\n"
    )?;
    text.push_str(&settings(env, solution, base)?);
    section(
        &mut text,
        "The machine and load to size for: change it here or with options, and tune again.",
        "target",
        target,
    )?;
    section(&mut text, "Sizes for the platform.", "deployment", &solution.deployment)?;
    section(
        &mut text,
        "Predictions, which `cargo xtask tune verify` compares with measurements.",
        "predicted",
        &solution.predicted,
    )?;
    section(&mut text, "Measurements.", "calibration", calibration)?;
    text.push_str(YOURS);
    text.push_str(profile.file.yours());
    Ok(text)
}

/// The settings that differ from `base.toml`, each below its reason.
fn settings(env: Env, solution: &Solution, base: &Table) -> Result<String> {
    let mut sections = BTreeMap::<&str, String>::new();
    // Tests have to mean the same on every machine.
    let numbers = solution.numbers.iter().filter(|_| env != Env::Test);
    for number in numbers {
        let Some((section, name)) = number.key.split_once('.') else { continue };
        let value = base.get(section).and_then(|it| it.get(name)).and_then(Value::as_integer);
        if value != i64::try_from(number.value).ok() {
            let lines = sections.entry(section).or_default();
            writeln!(lines, "# {}\n{name} = {}", number.why, number.value)?;
        }
    }
    let sections =
        sections.into_iter().map(|(name, lines)| format!("[settings.{name}]\n{lines}\n"));
    Ok(sections.collect())
}

/// A table with its comment. Numbers have four digits, since nothing here is known better.
fn section(text: &mut String, comment: &str, name: &str, value: &impl Serialize) -> Result<()> {
    let mut value = Value::try_from(value)?;
    round(&mut value);
    let table = Table::from_iter([(name.to_owned(), value)]);
    writeln!(text, "# {comment}\n{}", toml::to_string(&table)?)?;
    Ok(())
}

fn round(value: &mut Value) {
    match value {
        Value::Float(number) => *number = rounded(*number),
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| round(value)),
        _ => {}
    }
}

/// A number with four digits that count.
pub(crate) fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

/// The calibration as it will be when it is read again, so that it leads to the same numbers.
pub(crate) fn as_written(calibration: &Calibration) -> Result<Calibration> {
    let mut value = Value::try_from(calibration)?;
    round(&mut value);
    Ok(value.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::tests::calibration;
    use crate::solve::{Given, solve};

    #[test]
    fn numbers_have_four_digits() {
        let shown = [12345.678, 0.001_234_56, 0.0].map(|it| rounded(it).to_string());
        assert_eq!(shown, ["12350", "0.001235", "0"]);
    }

    #[test]
    fn what_is_written_is_read_again_and_what_people_wrote_is_kept() {
        let target = Target::of("cloud-run", 2, 1024).unwrap();
        let calibration = as_written(&calibration()).unwrap();
        let given = Given { bcrypt_cost: 10, hash_wait_max_ms: 10_000, write_lanes: 2 };
        let solution = solve(&target, given, &calibration);
        let base = "[database]\npool_size = 8\n".parse().unwrap();
        let mine = "\n# Because I say so.\n[override.database]\npool_size = 3\n";
        let before = format!("{YOURS}{mine}");
        let profile = Profile { env: Env::CloudRun, file: File::parse(before).unwrap() };

        let text = super::text(&profile, &target, &calibration, &solution, &base).unwrap();

        let file = File::parse(text).unwrap();
        assert_eq!(file.yours(), mine);
        assert_eq!(file.data.target, Some(target));
        assert_eq!(file.data.calibration, Some(calibration));
        assert_eq!(file.data.overrides["database"]["pool_size"].as_integer(), Some(3));
        assert!(file.text.contains("[settings.database]\n# F6 at least"), "{}", file.text);
    }
}
