//! Settings: a bad file is refused with its faults, and never ends the process by a panic.

use std::fs;
use std::str;

use ::settings::Environment;
use tempfile::TempDir;

use super::Inputs;

#[test]
fn no_file_of_settings_makes_reading_panic() {
    let base = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/base.toml")).unwrap();
    let sections: Vec<Vec<u8>> =
        str::from_utf8(&base).unwrap().split("\n\n").map(|it| it.as_bytes().to_vec()).collect();
    let mut inputs = Inputs::from("settings", sections);
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    while let Some(input) = inputs.next() {
        fs::write(folder.path().join("development.toml"), &input).unwrap();
        let variables = [("CARDROOM_CONFIG_DIR", path.as_str())];
        if let Err(problems) = ::settings::load(&Environment::new(variables)) {
            assert!(!problems.to_string().is_empty());
        }
    }
}
