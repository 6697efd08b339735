//! Exporting spans to a collector, by OTLP over HTTP.
//!
//! A background thread sends them in batches. The queue is bounded (2,048 spans, the limit of the SDK), and
//! a span that finds it full is dropped.

use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Status, TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use parking_lot::Mutex;
use settings::Log;
use tracing::{Span, Subscriber, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::TelemetryError;
use crate::outcome::Ended;

/// Time limit of the collector for a batch, and for the last one at the end of the process.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// The exporter, until [`finish`] takes it.
static PROVIDER: Mutex<Option<SdkTracerProvider>> = Mutex::new(None);

/// Starts logging, and sending spans to the collector of the settings if they name one.
pub(crate) fn init<S>(lines: S, settings: &Log) -> Result<(), TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync + 'static,
{
    let provider = settings.otlp_endpoint.as_deref().map(provider).transpose()?;
    let tracer = provider.as_ref().map(|it| it.tracer("cardroom"));
    let layer = tracer.map(|it| {
        let layer = tracing_opentelemetry::layer().with_tracer(it);
        layer.with_location(false).with_threads(false)
    });
    lines.with(layer).try_init()?;
    *PROVIDER.lock() = provider;
    Ok(())
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(EXPORT_TIMEOUT)
        .build();
    let exporter = exporter.map_err(|error| TelemetryError::Traces(Box::new(error)))?;
    let resource = Resource::builder().with_service_name("cardroom").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(provider.with_resource(resource).build())
}

/// Sends the queued spans.
pub(crate) fn finish() {
    let provider = PROVIDER.lock().take();
    if let Some(Err(error)) = provider.map(|it| it.shutdown_with_timeout(EXPORT_TIMEOUT)) {
        warn!("the last traces were not sent: {error}");
    }
}

/// Continues the trace of the client.
pub(crate) fn continue_from(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = [("traceparent".to_owned(), traceparent.to_owned())].into();
    let carrier: std::collections::HashMap<String, String> = carrier;
    // A span that is not recorded has no parent.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}

/// Adds the outcome of a request to its span.
pub(crate) fn describe(span: &Span, ended: &Ended<'_>) {
    let Ended { method, route, status } = *ended;
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.set_status(Status::error(status.to_string()));
    }
}
