# The database is migrated before, through its direct URL. Sizes are in sizes.auto.tfvars, which
# `cargo xtask tune render --write` writes from the profile.

variable "image" { type = string }
variable "region" { type = string }
variable "cors_origins" { type = string }
variable "public_url" { type = string }
variable "cpu" { type = number }
variable "memory_mib" { type = number }
variable "concurrency" { type = number }
variable "instances_min" { type = number }
variable "instances_max" { type = number }
variable "timeout_secs" { type = number }

resource "google_cloud_run_v2_service" "cardroom" {
  name     = "cardroom"
  location = var.region

  scaling {
    min_instance_count = var.instances_min
  }

  template {
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = var.concurrency
    timeout                          = "${var.timeout_secs}s"

    scaling {
      max_instance_count = var.instances_max
    }

    containers {
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = tostring(var.cpu)
          memory = "${var.memory_mib}Mi"
        }
        startup_cpu_boost = true
      }

      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 120
        http_get {
          path = "/health/startup"
          port = 8080
        }
      }

      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 3
        failure_threshold = 3
        http_get {
          path = "/health/live"
          port = 8080
        }
      }

      env {
        name  = "CARDROOM_PROFILE"
        value = "cloud-run"
      }
      env {
        name  = "CARDROOM__DATABASE__MIGRATE_AT_START"
        value = "false"
      }
      env {
        name  = "CARDROOM__CORS__ORIGINS"
        value = var.cors_origins
      }
      env {
        name  = "CARDROOM__SERVER__PUBLIC_URL"
        value = var.public_url
      }
      env {
        name = "DATABASE_URL"
        value_source {
          secret_key_ref {
            secret  = "DATABASE_URL"
            version = "latest"
          }
        }
      }
      env {
        name = "JWT_SECRET"
        value_source {
          secret_key_ref {
            secret  = "JWT_SECRET"
            version = "latest"
          }
        }
      }
      env {
        name = "CARDROOM__SERVER__METRICS_TOKEN"
        value_source {
          secret_key_ref {
            secret  = "CARDROOM__SERVER__METRICS_TOKEN"
            version = "latest"
          }
        }
      }
    }
  }
}
