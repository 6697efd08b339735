//! `tune render`: what a platform has to be told, in its own words.

mod environment;
mod gcloud;
mod service_yaml;
mod terraform;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use settings::Profile as Env;

use crate::arguments::Form;
use crate::check::Findings;
use crate::profile::Profile;
use crate::solve::{Deployment, Number};

/// The name of the service, wherever one is needed.
pub(super) const SERVICE: &str = "cardroom";

/// Where the platform asks whether an instance has started, and whether it still lives.
pub(super) const STARTUP: &str = "/health/startup";
pub(super) const LIVE: &str = "/health/live";

/// The port of the profile `cloud-run`.
pub(super) const PORT: u16 = 8080;

/// Secrets of the service, each the name of a variable and of a secret of the platform. The direct
/// URL of the database is none of them: whoever deploys migrates.
pub(super) const SECRETS: [&str; 3] =
    ["DATABASE_URL", "JWT_SECRET", "CARDROOM__SERVER__METRICS_TOKEN"];

/// Variables that only whoever deploys knows, and what they are called there.
pub(super) const ASKED: [(&str, &str); 2] =
    [("CARDROOM__CORS__ORIGINS", "CORS_ORIGINS"), ("CARDROOM__SERVER__PUBLIC_URL", "PUBLIC_URL")];

/// Files that are committed: of which profile, in which form, and where.
const FILES: [(Env, Form, &str); 5] = [
    (Env::CloudRun, Form::Gcloud, "deploy/cloud-run/deploy.sh"),
    (Env::CloudRun, Form::ServiceYaml, "deploy/cloud-run/service.yaml"),
    (Env::CloudRun, Form::Terraform, "deploy/cloud-run/main.tf"),
    (Env::Production, Form::Env, "deploy/production.env"),
    (Env::Small, Form::Env, "deploy/small.env"),
];

/// What there is to tell.
pub(super) struct Facts<'a> {
    pub(super) env: Env,
    pub(super) deployment: &'a Deployment,
    pub(super) numbers: &'a [Number],
}

impl Facts<'_> {
    /// Variables whose values are known.
    pub(super) fn variables(&self) -> [(&'static str, &'static str); 2] {
        // Whoever deploys migrates first, past the pooler.
        [("CARDROOM_PROFILE", self.env.as_str()), ("CARDROOM__DATABASE__MIGRATE_AT_START", "false")]
    }

    /// The first line of a file, after what makes it a comment.
    pub(super) fn origin(&self, form: &str) -> String {
        format!("Written by `cargo xtask tune render --write` (--env {} --as {form}).", self.env)
    }
}

/// The text of a profile in a form.
pub(crate) fn text(env: Env, form: Form) -> Result<String> {
    let profile = Profile::read(env)?;
    let target = profile.target()?;
    let calibration = profile.file.data.calibration.as_ref();
    let calibration = calibration.context("the profile is not tuned: tune --write comes first")?;
    let solution = profile.solve(&target, calibration)?;
    let facts = Facts { env, deployment: &solution.deployment, numbers: &solution.numbers };
    Ok(match form {
        Form::Gcloud => gcloud::text(&facts),
        Form::ServiceYaml => service_yaml::text(&facts),
        Form::Terraform => terraform::text(&facts),
        Form::Env => environment::text(&facts),
    })
}

/// Writes the files of `deploy/`.
pub(crate) fn write() -> Result<()> {
    for (env, form, path) in FILES {
        if let Some(folder) = Path::new(path).parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text(env, form)?)?;
        println!("wrote {path}");
    }
    Ok(())
}

/// Which files of `deploy/` are not what would be written.
pub(crate) fn check() -> Result<Findings> {
    let mut findings = Findings::default();
    for (env, form, path) in FILES {
        if fs::read_to_string(path).ok() != Some(text(env, form)?) {
            findings.fault(
                &format!("{path} differs from its profile"),
                "cargo xtask tune render --write",
            );
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_every_number_and_no_secret() {
        let deployment = Deployment {
            instances_min: 1,
            instances_max: 3,
            instances_needed: 1,
            concurrency: 937,
            cores: 2.0,
            memory_mib: 1024,
            memory_needed_mib: 300,
            timeout_secs: 3600,
        };
        let facts = Facts { env: Env::CloudRun, deployment: &deployment, numbers: &[] };
        for text in [gcloud::text(&facts), service_yaml::text(&facts), terraform::text(&facts)] {
            for word in ["937", "3600", "1024Mi", STARTUP, LIVE, "cloud-run", "JWT_SECRET"] {
                assert!(text.contains(word), "{word}: {text}");
            }
            assert!(!text.contains("DIRECT_DATABASE_URL="), "{text}");
        }
    }

    #[test]
    fn variables_of_the_environment_are_the_names_of_settings() {
        let number = Number {
            key: "database.pool_size",
            value: 4,
            why: "F6 so".to_owned(),
            follows: Vec::new(),
        };
        let deployment = toml::from_str(
            "instances_min = 1\ninstances_max = 1\ninstances_needed = 1\nconcurrency = 1\ncores = 1.0\n\
             memory_mib = 1\nmemory_needed_mib = 1\ntimeout_secs = 1",
        );
        let facts = Facts { env: Env::Small, deployment: &deployment.unwrap(), numbers: &[number] };
        let text = environment::text(&facts);
        assert!(text.contains("# F6 so\nCARDROOM__DATABASE__POOL_SIZE=4\n"), "{text}");
    }
}
