//! The registry of metrics, in the format of Prometheus.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::gauge;
pub use metrics_exporter_prometheus::PrometheusHandle as Registry;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use metrics_process::Collector;

use crate::lines;

/// How often samples of histograms are merged while no scrape does it.
pub const GATHER_EVERY: Duration = Duration::from_secs(5);

/// Upper bounds of the buckets of durations, in seconds: from one fsync to the longest wait.
const SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.5, 1.0, 2.0, 4.0, 8.0,
];

/// Upper bounds of the buckets of sizes: doublings up to the largest group and queue.
const SIZES: [f64; 13] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];

/// The kind of build, for comparisons of measurements.
const BUILD: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

static REGISTRY: LazyLock<Result<Registry, BuildError>> = LazyLock::new(install);

/// The registry of this process. Measurements before the first call are lost.
///
/// # Errors
/// When another recorder is installed in this process.
pub fn registry() -> Result<&'static Registry, &'static BuildError> {
    REGISTRY.as_ref()
}

fn install() -> Result<Registry, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets(&SIZES)?
        .install_recorder()
}

/// All metrics in the text format of Prometheus.
pub fn render(registry: &Registry) -> String {
    lines::measure();
    Collector::default().collect();
    gauge!("cardroom_build_info", "version" => env!("CARGO_PKG_VERSION"), "build" => BUILD)
        .set(1.0);
    registry.render()
}
