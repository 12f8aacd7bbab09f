//! Errors of a run, each with its remedy.

use std::io;

use thiserror::Error;

/// Why there is no result.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The server under test could not be started or ended early.
    #[error(
        "the server did not start: {0}; run it by hand to see why, or name it with --server-bin"
    )]
    Server(String),
    /// The server refused a request.
    #[error("the server refused {method}: {message}")]
    Refused {
        /// The HTTP method and path.
        method: String,
        /// The server's answer.
        message: String,
    },
    /// Clients did not get connected.
    #[error("{missing} of {wanted} clients did not connect, the first because {why}")]
    Connect {
        /// How many did not.
        missing: usize,
        /// The number expected.
        wanted: usize,
        why: String,
    },
    /// The scenario cannot use the answer.
    #[error("the server's answer cannot be used: {0}")]
    Answer(String),
    /// The target does not support the scenario.
    #[error("{target} does not do {what}: choose another --target")]
    NotSupported { target: String, what: &'static str },
    /// A socket or a file failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
