//! A script for `gcloud`.

use super::{ASKED, Facts, LIVE, PORT, SECRETS, SERVICE, STARTUP};

pub(super) fn text(facts: &Facts) -> String {
    let it = facts.deployment;
    let known = facts.variables().map(|(name, value)| format!("{name}={value}"));
    let asked = ASKED.map(|(name, variable)| format!("{name}=${{{variable}:?}}"));
    // Origins are separated by commas, so that the variables are not.
    let variables = [known, asked].concat().join("@");
    let secrets = SECRETS.map(|name| format!("{name}={name}:latest")).join(",");
    format!(
        "#!/usr/bin/env bash
# {origin}
#
# Deploys $IMAGE to Cloud Run in $REGION. The database is migrated before, through its direct URL:
# DATABASE_URL=$DIRECT_DATABASE_URL cardroom migrate. Secrets are those of Secret Manager.
#
# --max-instances counts for each revision; while one takes over from the other there are twice as
# many, which is what the connections are proved for.
set -euo pipefail

exec gcloud run deploy \"${{SERVICE:-{SERVICE}}}\" \\
    --image \"${{IMAGE:?}}\" \\
    --region \"${{REGION:?}}\" \\
    --execution-environment gen2 \\
    --port {PORT} \\
    --cpu {cores} \\
    --memory {memory}Mi \\
    --cpu-boost \\
    --concurrency {concurrency} \\
    --min {min} \\
    --max-instances {max} \\
    --timeout {timeout} \\
    --startup-probe \"httpGet.path={STARTUP},httpGet.port={PORT},periodSeconds=1,failureThreshold=120,timeoutSeconds=1\" \\
    --liveness-probe \"httpGet.path={LIVE},httpGet.port={PORT},periodSeconds=10,failureThreshold=3,timeoutSeconds=3\" \\
    --set-env-vars \"^@^{variables}\" \\
    --set-secrets \"{secrets}\" \\
    \"$@\"
",
        origin = facts.origin("gcloud"),
        cores = it.cores,
        memory = it.memory_mib,
        concurrency = it.concurrency,
        min = it.instances_min,
        max = it.instances_max,
        timeout = it.timeout_secs,
    )
}
