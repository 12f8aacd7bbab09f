//! Reports about the connection of a request to the listener that accepted the connection.

use std::sync::Arc;

use crate::error::ApiError;

/// The kind of caller that has shown a valid token on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallerKind {
    /// A participant's client.
    Client,
    /// A signaling server.
    Operator,
}

/// A connection, as seen by the code that accepted it.
pub trait Connection: Send + Sync + 'static {
    /// Called when a caller has shown a valid token: the connection is not a stranger's, at least until the
    /// current request has been answered. False if there are too many connections of clients
    /// already: then this one stays a stranger's.
    #[must_use]
    fn known(&self, standing: CallerKind) -> bool;

    /// Called when a client has joined on the socket: from now on the connection is no stranger's. False as
    /// above.
    #[must_use]
    fn joined(&self) -> bool;
}

tokio::task_local! {
    static CURRENT: Arc<dyn Connection>;
}

/// Answers a request that came on `connection`. Without this call the listener hears nothing.
pub async fn on<F: Future>(connection: Arc<dyn Connection>, answer: F) -> F::Output {
    CURRENT.scope(connection, answer).await
}

/// The connection of the request that is being answered.
pub(crate) fn current() -> Option<Arc<dyn Connection>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Reports the caller to the listener, which may have too many already.
pub(crate) fn known(standing: CallerKind) -> Result<(), ApiError> {
    // Not set by listeners that want no reports.
    let fits = CURRENT.try_with(|connection| connection.known(standing));
    match fits {
        Ok(false) => Err(ApiError::TooManyConnections),
        Ok(true) | Err(_) => Ok(()),
    }
}
