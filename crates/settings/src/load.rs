//! Loading of the settings.

use crate::effective::Effective;
use crate::keys::Keys;
use crate::problem::{Problem, Problems};
use crate::{Environment, Profile, Settings, checks, layers};

/// Valid settings.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every value in effect with its source: the profile first, then section by section.
    pub effective: Vec<Effective>,
}

/// Reads the settings of the profile that the environment chooses, and checks them.
///
/// # Errors
/// With all problems. An unknown profile or a file that is not TOML is reported alone, because the rest
/// cannot be checked.
pub fn load(environment: &Environment) -> Result<Loaded, Problems> {
    let (profile, chosen) = profile(environment)?;
    let mut keys = Keys::new(layers::overlay(profile, environment)?, environment.cores());
    let settings = Settings::read(profile, &mut keys);
    checks::check(&settings, environment, &mut keys);
    let effective = [vec![chosen], keys.finish()?].concat();
    Ok(Loaded { settings, effective })
}

/// The profile and its source.
fn profile(environment: &Environment) -> Result<(Profile, Effective), Problems> {
    let variable = "CARDROOM_PROFILE";
    let (name, source) = match environment.variable(variable) {
        Some(name) => (name, format!("environment variable {variable}")),
        None => ("development", format!("{variable} is not set")),
    };
    match name.parse() {
        Ok(profile) => {
            Ok((profile, Effective { key: "profile".into(), value: name.into(), source }))
        }
        Err(_) => Err(Problems(vec![Problem {
            key: variable.into(),
            what: format!("{name:?} is no profile"),
            source,
            accepted: Profile::ALL.map(Profile::as_str).join(", "),
        }])),
    }
}
