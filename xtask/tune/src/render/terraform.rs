//! A Terraform resource.

use super::{ASKED, Facts, LIVE, PORT, SECRETS, SERVICE, STARTUP};

pub(super) fn text(facts: &Facts) -> String {
    let it = facts.deployment;
    let known = facts.variables().map(|(name, value)| (name, format!("\"{value}\"")));
    let asked = ASKED.map(|(name, variable)| (name, format!("var.{}", variable.to_lowercase())));
    let variables = [known, asked].concat();
    let variables = variables.iter().map(|(name, value)| {
        format!("      env {{\n        name  = \"{name}\"\n        value = {value}\n      }}\n")
    });
    let secrets = SECRETS.iter().map(|name| {
        format!(
            "      env {{\n        name = \"{name}\"\n        value_source {{\n          secret_key_ref {{\n            secret  = \"{name}\"\n            version = \"latest\"\n          }}\n        }}\n      }}\n"
        )
    });
    let env: String = variables.chain(secrets).collect();
    let inputs = ["image", "region", "cors_origins", "public_url"];
    let inputs = inputs.map(|name| format!("variable \"{name}\" {{ type = string }}\n")).concat();
    format!(
        "# {origin}
# The database is migrated before, through its direct URL.

{inputs}
resource \"google_cloud_run_v2_service\" \"{SERVICE}\" {{
  name     = \"{SERVICE}\"
  location = var.region

  scaling {{
    min_instance_count = {min}
  }}

  template {{
    execution_environment            = \"EXECUTION_ENVIRONMENT_GEN2\"
    max_instance_request_concurrency = {concurrency}
    timeout                          = \"{timeout}s\"

    scaling {{
      max_instance_count = {max}
    }}

    containers {{
      image = var.image

      ports {{
        container_port = {PORT}
      }}

      resources {{
        limits = {{
          cpu    = \"{cores}\"
          memory = \"{memory}Mi\"
        }}
        startup_cpu_boost = true
      }}

      startup_probe {{
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 120
        http_get {{
          path = \"{STARTUP}\"
          port = {PORT}
        }}
      }}

      liveness_probe {{
        period_seconds    = 10
        timeout_seconds   = 3
        failure_threshold = 3
        http_get {{
          path = \"{LIVE}\"
          port = {PORT}
        }}
      }}

{env}    }}
  }}
}}
",
        origin = facts.origin("terraform"),
        min = it.instances_min,
        max = it.instances_max,
        concurrency = it.concurrency,
        timeout = it.timeout_secs,
        cores = it.cores,
        memory = it.memory_mib,
    )
}
