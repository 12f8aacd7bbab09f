//! Observation of the writer, for metrics.

use std::time::Duration;

/// Is told what the writer does, for metrics.
pub trait CommitObserver: Send + Sync + 'static {
    /// A transaction of so many changes, with so many bytes of rows, was done.
    fn handle_commit(&self, took: Duration, changes: usize, row_bytes: u64);
    /// Changes that were not kept.
    fn handle_failure(&self, changes: usize);
}
