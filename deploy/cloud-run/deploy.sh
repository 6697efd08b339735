#!/usr/bin/env bash
# Deploys $IMAGE to Cloud Run in $REGION. The database is migrated before, through its direct URL:
# DATABASE_URL=$DIRECT_DATABASE_URL cardroom migrate. Secrets are those of Secret Manager.
#
# --max-instances counts for each revision; while one takes over from the other there are twice as
# many, which is what the connections are proved for.
#
# Sizes are in sizes.env, which `cargo xtask tune render --write` writes from the profile.
set -euo pipefail
source "$(dirname "$0")/sizes.env"

exec gcloud run deploy "${SERVICE:-cardroom}" \
    --image "${IMAGE:?}" \
    --region "${REGION:?}" \
    --execution-environment gen2 \
    --port 8080 \
    --cpu "${CPU}" \
    --memory "${MEMORY_MIB}Mi" \
    --cpu-boost \
    --concurrency "${CONCURRENCY}" \
    --min "${INSTANCES_MIN}" \
    --max-instances "${INSTANCES_MAX}" \
    --timeout "${TIMEOUT_SECS}" \
    --startup-probe "httpGet.path=/health/startup,httpGet.port=8080,periodSeconds=1,failureThreshold=120,timeoutSeconds=1" \
    --liveness-probe "httpGet.path=/health/live,httpGet.port=8080,periodSeconds=10,failureThreshold=3,timeoutSeconds=3" \
    --set-env-vars "^@^CARDROOM_PROFILE=cloud-run@CARDROOM__DATABASE__MIGRATE_AT_START=false@CARDROOM__CORS__ORIGINS=${CORS_ORIGINS:?}@CARDROOM__SERVER__PUBLIC_URL=${PUBLIC_URL:?}" \
    --set-secrets "DATABASE_URL=DATABASE_URL:latest,JWT_SECRET=JWT_SECRET:latest,CARDROOM__SERVER__METRICS_TOKEN=CARDROOM__SERVER__METRICS_TOKEN:latest" \
    "$@"
