//! Variables, as for systemd's `EnvironmentFile` or `docker run --env-file`.

use std::fmt::Write as _;

use super::Facts;

pub(super) fn text(facts: &Facts) -> String {
    let mut text = format!(
        "# {}\n#\n# The profile has these numbers already; here they are for whoever runs another one.\n\
         # Secrets come on top: JWT_SECRET, and DATABASE_URL for PostgreSQL.\nCARDROOM_PROFILE={}\n",
        facts.origin("env"),
        facts.env
    );
    for number in facts.numbers {
        let name = number.key.to_uppercase().replace('.', "__");
        // Writing to a string cannot fail.
        let _ = write!(text, "# {}\nCARDROOM__{name}={}\n", number.why, number.value);
    }
    text
}
