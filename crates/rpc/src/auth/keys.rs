//! The keyring that is valid at present: it can be replaced while the server runs.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Keyring, Operator, Scope};

/// A handle on the keyring. Clones see the same one.
#[derive(Clone, Debug)]
pub struct Keys(watch::Sender<Arc<Keyring>>);

impl Keys {
    /// These to begin with.
    pub fn new(keyring: Keyring) -> Self {
        Self(watch::Sender::new(Arc::new(keyring)))
    }

    /// The keyring that is valid now.
    pub fn current(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.borrow())
    }

    /// Replaces all keys and certificates at once.
    pub fn replace(&self, keyring: Keyring) {
        self.0.send_replace(Arc::new(keyring));
    }

    /// Resolves when `operator` has lost `scope`: its key or certificate is gone, has another secret or
    /// opens less.
    pub(crate) fn withdrawn(
        &self,
        operator: &Operator,
        scope: Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut rings = self.0.subscribe();
        let (before, id) = (self.current(), operator.key_id.clone());
        async move {
            let lost = |ring: &Arc<Keyring>| !ring.still_opens(&before, &id, scope);
            if rings.wait_for(lost).await.is_err() {
                // The sender is gone, so the keys never change again.
                std::future::pending::<()>().await;
            }
        }
    }
}
