//! Traces, sent to an OpenTelemetry collector if one is configured: a span for every call, command and join.
//! Like log lines, spans carry rooms, participants and request ids, never a token, a session description or a
//! chat message.

mod calls;
mod post;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Tracer};

use crate::config::Config;

pub use calls::trace_calls;

/// How long the last spans may take at the end.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
#[error("telemetry.otlp_endpoint: {0}; give the base of a collector such as http://127.0.0.1:4318")]
pub struct TelemetryError(#[from] opentelemetry_otlp::ExporterBuildError);

/// Sends spans as long as it lives; dropping it sends the rest.
#[derive(Debug)]
pub struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// Begins, if there is somewhere to send to.
    pub fn start(config: &Config) -> Result<Option<Self>, TelemetryError> {
        let endpoint = config.telemetry.otlp_endpoint.trim_end_matches('/');
        if endpoint.is_empty() {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(post::Post::default())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .build()?;
        let share = f64::from(config.telemetry.sample_percent) / 100.0;
        let resource = Resource::builder()
            .with_service_name("sideroom")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new(
                "service.instance.id",
                config.node.name.clone(),
            ))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                share,
            ))))
            .with_resource(resource)
            .build();
        Ok(Some(Self(provider)))
    }

    pub(crate) fn tracer(&self) -> Tracer {
        self.0.tracer("sideroom")
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_SPANS) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}
