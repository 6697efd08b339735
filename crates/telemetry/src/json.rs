//! Lines for machines: one JSON object each, in the field names that Google Cloud Logging reads
//! (<https://cloud.google.com/logging/docs/structured-logging>). They serve any other reader as well.

use std::fmt::{self, Debug};

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::outcome;

/// Where Google Cloud Logging looks for the trace that a line belongs to.
const TRACE: &str = "logging.googleapis.com/trace";

/// Writes an event, with the fields of the spans around it, as one JSON object.
pub(crate) struct JsonLine;

impl<S, F> FormatEvent<S, F> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, F>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line::default();
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<F>>() {
                line.0.extend(serde_json::from_str::<Map<_, _>>(fields).unwrap_or_default());
            }
        }
        event.record(&mut line);
        if event.metadata().target() == outcome::TARGET {
            line.gather_request();
        }
        if let Some(trace) = line.0.remove("trace_id") {
            line.0.insert(TRACE.into(), trace);
        }
        line.0.insert("severity".into(), severity(*event.metadata().level()).into());
        let time = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        line.0.insert("time".into(), time.into());
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

/// The fields of a line.
#[derive(Default)]
struct Line(Map<String, Value>);

impl Line {
    /// Moves the fields of a request to the object that log viewers read.
    fn gather_request(&mut self) {
        let mut take = |name| self.0.remove(name).unwrap_or_default();
        let seconds = take("duration_ms").as_f64().unwrap_or_default() / 1e3;
        let request = json!({
            "requestMethod": take("method"),
            "requestUrl": take("route"),
            "status": take("status"),
            "latency": format!("{seconds:.6}s"),
        });
        self.0.insert("httpRequest".into(), request);
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        // Events of the `log` crate carry their origin as fields.
        if !field.name().starts_with("log.") {
            self.0.insert(field.name().into(), value.into());
        }
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}"));
    }
}
