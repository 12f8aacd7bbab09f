//! Logs on standard error: text for people or one JSON object a line. Never a payload, key, token or SDP.

mod repeated;

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

use repeated::Repeated;

use crate::config::{LogConfig, LogFormat};
use crate::telemetry::Telemetry;

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
#[error(
    "log.level: {0}; write a level such as `info`, or directives such as `info,sideroom::rooms=debug`"
)]
pub struct LogError(#[from] ParseError);

/// Starts logging for the whole process, and the spans of `telemetry`. If something else logs already,
/// that goes on.
pub fn init(config: &LogConfig, telemetry: Option<&Telemetry>) -> Result<(), LogError> {
    let filter = filter(config)?;
    let lines = tracing_subscriber::fmt::layer::<Registry>()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // A log that cannot be written must not end the server.
        .log_internal_errors(false)
        .with_target(false);
    let lines = match config.format {
        LogFormat::Text => lines.compact().boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .boxed(),
    };
    let spans = telemetry.map(|telemetry| {
        tracing_opentelemetry::layer()
            .with_tracer(telemetry.tracer())
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_target("sideroom", LevelFilter::INFO))
    });
    let begun = tracing_subscriber::registry()
        .with(lines.with_filter(filter.and(repeated().clone())))
        .with(spans)
        .try_init();
    if begun.is_err() {
        tracing::debug!("another subscriber logs already");
    }
    Ok(())
}

/// Warnings of libraries that were held back.
fn repeated() -> &'static Repeated {
    static REPEATED: OnceLock<Repeated> = OnceLock::new();
    REPEATED.get_or_init(Repeated::default)
}

/// Writes the summaries that are due of repeated warnings. Call it every few seconds.
pub fn report_repeated() {
    repeated().report();
}

/// The filter that a configuration asks for; also how `check-config` tells whether it is one.
pub fn filter(config: &LogConfig) -> Result<EnvFilter, LogError> {
    Ok(EnvFilter::builder().parse(&config.level)?)
}
