//! `tune render`: the values that the plain files in `deploy/` refer to.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use settings::Profile as Env;

use crate::arguments::Form;
use crate::findings::Findings;
use crate::profile::Profile;
use crate::solve::{Deployment, Number, Solution};

/// The committed files of values.
const FILES: [(Env, Form, &str); 4] = [
    (Env::CloudRun, Form::CloudRun, "deploy/cloud-run/sizes.env"),
    (Env::CloudRun, Form::Tfvars, "deploy/cloud-run/sizes.auto.tfvars"),
    (Env::Production, Form::Env, "deploy/production.env"),
    (Env::Small, Form::Env, "deploy/small.env"),
];

/// The values of a profile in a form.
pub(crate) fn text(env: Env, form: Form) -> Result<String> {
    let profile = Profile::read(env)?;
    let target = profile.target()?;
    let calibration = profile.file.data.calibration.as_ref();
    let calibration = calibration.context("the profile is not tuned: tune --write comes first")?;
    let Solution { deployment, numbers, .. } = profile.solve(&target, calibration)?;
    let values = match form {
        Form::Env => settings(env, &numbers),
        Form::CloudRun => {
            sizes(&deployment, |name, value| format!("{}={value}", name.to_uppercase()))
        }
        Form::Tfvars => sizes(&deployment, |name, value| format!("{name} = {value}")),
    };
    Ok(format!("# Written by `cargo xtask tune render --write` from the profile {env}.\n{values}"))
}

/// Settings as variables, as for systemd's `EnvironmentFile` or `docker run --env-file`.
fn settings(env: Env, numbers: &[Number]) -> String {
    let mut text = format!(
        "#\n# The profile has these numbers already; here they are for another one. Secrets are added to\n\
         # these: JWT_SECRET, and DATABASE_URL for PostgreSQL.\nCARDROOM_PROFILE={env}\n"
    );
    for Number { key, value, why, .. } in numbers {
        let name = key.to_uppercase().replace('.', "__");
        // Writing to a string cannot fail.
        let _ = write!(text, "# {why}\nCARDROOM__{name}={value}\n");
    }
    text
}

/// Sizes of the service, a line for each.
fn sizes(it: &Deployment, line: impl Fn(&str, String) -> String) -> String {
    let sizes = [
        ("cpu", it.cores.to_string()),
        ("memory_mib", it.memory_mib.to_string()),
        ("concurrency", it.concurrency.to_string()),
        ("instances_min", it.instances_min.to_string()),
        ("instances_max", it.instances_max.to_string()),
        ("timeout_secs", it.timeout_secs.to_string()),
    ];
    sizes.map(|(name, value)| line(name, value) + "\n").concat()
}

/// Writes the files of values.
pub(crate) fn write() -> Result<()> {
    for (env, form, path) in FILES {
        fs::write(path, text(env, form)?)?;
        println!("wrote {path}");
    }
    Ok(())
}

/// The files that differ from their profile.
pub(crate) fn check() -> Result<Findings> {
    let mut findings = Findings::default();
    for (env, form, path) in FILES {
        if fs::read_to_string(path).ok() != Some(text(env, form)?) {
            let what = format!("{path} differs from its profile");
            findings.fault(&what, "cargo xtask tune render --write");
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        Deployment {
            instances_min: 1,
            instances_max: 3,
            instances_needed: 1,
            concurrency: 937,
            cores: 2.0,
            memory_mib: 1024,
            memory_needed_mib: 300,
            timeout_secs: 3600,
        }
    }

    /// A file of `deploy/`.
    fn file(name: &str) -> String {
        let path = format!("{}/../../deploy/cloud-run/{name}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_size_has_a_line() {
        let found = sizes(&deployment(), |name, value| format!("{name} = {value}"));
        let expected = "cpu = 2\nmemory_mib = 1024\nconcurrency = 937\ninstances_min = 1\n\
                        instances_max = 3\ntimeout_secs = 3600\n";
        assert_eq!(found, expected);
    }

    #[test]
    fn every_size_is_used_by_every_file_that_reads_them() {
        let names = sizes(&deployment(), |name, _| name.to_owned());
        let (shell, yaml, terraform) = (file("deploy.sh"), file("service.yaml"), file("main.tf"));
        for name in names.lines() {
            let variable = format!("${{{}}}", name.to_uppercase());
            assert!(shell.contains(&variable) && yaml.contains(&variable), "{variable}");
            let declared = format!("variable \"{name}\" {{ type = number }}");
            assert!(terraform.contains(&declared), "{declared}");
            assert!(terraform.contains(&format!("var.{name}")), "{name}");
        }
    }

    #[test]
    fn a_deployment_names_its_secrets_and_holds_none() {
        for text in ["deploy.sh", "service.yaml", "main.tf"].map(file) {
            for name in
                ["DATABASE_URL", "JWT_SECRET", "/health/startup", "/health/live", "cloud-run"]
            {
                assert!(text.contains(name), "{name}: {text}");
            }
            assert!(!text.contains("DIRECT_DATABASE_URL="), "{text}");
        }
    }

    #[test]
    fn variables_of_the_environment_are_the_names_of_settings() {
        let (why, follows) = ("F6 so".to_owned(), Vec::new());
        let number = Number { key: "database.pool_size", value: 4, why, follows };
        let text = settings(Env::Small, &[number]);
        assert!(
            text.contains("CARDROOM_PROFILE=small\n# F6 so\nCARDROOM__DATABASE__POOL_SIZE=4\n")
        );
    }
}
