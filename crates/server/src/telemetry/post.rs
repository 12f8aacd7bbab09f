//! How batches of spans reach the collector: one request each, from the exporter's own thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;

/// A collector that takes longer has lost the batch.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes read of a collector's answer.
const ANSWER_BYTES: u64 = 64 * 1_024;

/// Posts, and tells once when it fails and once when it works again.
#[derive(Debug)]
pub(super) struct Post {
    agent: Agent,
    failing: AtomicBool,
}

impl Default for Post {
    fn default() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build();
        Self {
            agent: config.into(),
            failing: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl HttpClient for Post {
    /// Blocks, which is what the exporter's thread is for.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = self.send(request);
        let trouble = match &answered {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        let failed_before = self.failing.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(trouble) if !failed_before => {
                tracing::warn!(%trouble, "the collector takes no spans; they are dropped");
            }
            None if failed_before => tracing::info!("the collector takes spans again"),
            _ => {}
        }
        answered
    }
}

impl Post {
    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.to_vec());
        let (parts, mut body) = self.agent.run(request)?.into_parts();
        let answer = body.with_config().limit(ANSWER_BYTES).read_to_vec()?;
        Ok(Response::from_parts(parts, Bytes::from(answer)))
    }
}
