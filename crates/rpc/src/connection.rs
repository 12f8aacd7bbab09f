//! The connection that a request came on, as far as its listener wants to know of it.

use std::sync::Arc;

/// Who has shown a valid token on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// A participant's client.
    Client,
    /// A signaling server.
    Operator,
}

/// A connection, as its listener keeps it.
pub trait Connection: Send + Sync + 'static {
    /// Somebody has shown a valid token: the connection is not one of a stranger's, at least until the
    /// request that is under way has been answered.
    fn known(&self, standing: Standing);

    /// The same for a socket, until it is closed.
    fn joined(&self);
}

tokio::task_local! {
    static CURRENT: Arc<dyn Connection>;
}

/// Answers a request that came on `connection`. A listener that does not use this is told nothing.
pub async fn on<F: Future>(connection: Arc<dyn Connection>, answer: F) -> F::Output {
    CURRENT.scope(connection, answer).await
}

/// The connection of the request that is being answered.
pub(crate) fn current() -> Option<Arc<dyn Connection>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Tells the listener who called.
pub(crate) fn known(standing: Standing) {
    // A listener that does not want to know has not set it.
    let _ = CURRENT.try_with(|connection| connection.known(standing));
}
