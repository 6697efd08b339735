//! A Knative service, for `gcloud run services replace`.

use super::{ASKED, Facts, LIVE, PORT, SECRETS, SERVICE, STARTUP};

pub(super) fn text(facts: &Facts) -> String {
    let it = facts.deployment;
    let known = facts.variables().map(|(name, value)| (name, value.to_owned()));
    let asked = ASKED.map(|(name, variable)| (name, format!("${{{variable}}}")));
    let variables = [known, asked].concat();
    let variables = variables.iter().map(|(name, value)| {
        format!("            - name: {name}\n              value: \"{value}\"\n")
    });
    let secrets = SECRETS.iter().map(|name| {
        format!(
            "            - name: {name}\n              valueFrom:\n                secretKeyRef:\n                  name: {name}\n                  key: latest\n"
        )
    });
    let env: String = variables.chain(secrets).collect();
    format!(
        "# {origin}
# Fill in and apply: envsubst < service.yaml | gcloud run services replace - --region \"$REGION\"
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: {SERVICE}
  annotations:
    run.googleapis.com/minScale: \"{min}\"
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/maxScale: \"{max}\"
        run.googleapis.com/execution-environment: gen2
        run.googleapis.com/startup-cpu-boost: \"true\"
    spec:
      containerConcurrency: {concurrency}
      timeoutSeconds: {timeout}
      containers:
        - image: ${{IMAGE}}
          ports:
            - containerPort: {PORT}
          resources:
            limits:
              cpu: \"{cores}\"
              memory: {memory}Mi
          startupProbe:
            httpGet:
              path: {STARTUP}
              port: {PORT}
            periodSeconds: 1
            timeoutSeconds: 1
            failureThreshold: 120
          livenessProbe:
            httpGet:
              path: {LIVE}
              port: {PORT}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          env:
{env}",
        origin = facts.origin("service-yaml"),
        min = it.instances_min,
        max = it.instances_max,
        concurrency = it.concurrency,
        timeout = it.timeout_secs,
        cores = it.cores,
        memory = it.memory_mib,
    )
}
