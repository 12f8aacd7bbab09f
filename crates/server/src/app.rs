//! Composition of the planes.

use std::error::Error;
use std::time::Duration;

use crate::serve::Launch;
use crate::shutdown::Phase;

/// Runs everything until the server is to close.
pub async fn run(launch: Launch) -> Result<(), Box<dyn Error + Send + Sync>> {
    launch.shutdown.advance(Phase::Running);
    let deadline = Duration::from_secs(launch.config.node.drain_deadline_s.into());
    launch.shutdown.drain(deadline, std::future::ready(())).await;
    Ok(())
}
