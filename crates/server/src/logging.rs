//! Logs on standard error: text for people or one JSON object a line. Never a payload, key, token or SDP.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{LogConfig, LogFormat};

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
#[error(
    "log.level: {0}; write a level such as `info`, or directives such as `info,sideroom::rooms=debug`"
)]
pub struct LogError(#[from] ParseError);

/// Starts logging for the whole process. If something else logs already, that goes on.
pub fn init(config: &LogConfig) -> Result<(), LogError> {
    let filter = filter(config)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // A log that cannot be written must not end what it tells of.
        .log_internal_errors(false)
        .with_target(false);
    let begun = match config.format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .try_init(),
    };
    if begun.is_err() {
        tracing::debug!("another subscriber logs already");
    }
    Ok(())
}

/// The filter that a configuration asks for; also how `check-config` tells whether it is one.
pub fn filter(config: &LogConfig) -> Result<EnvFilter, LogError> {
    Ok(EnvFilter::builder().parse(&config.level)?)
}
