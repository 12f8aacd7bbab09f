//! SIGHUP: reads the configuration again and applies who may call (`auth`) and the certificates (`tls`), all of
//! it or nothing. The rest of the configuration holds until the next start.

use std::sync::Arc;

use sideroom_rpc::auth::Keys;
use tokio::signal::unix::Signal;
use tokio::task::spawn_blocking;

use crate::config::{Config, ConfigError};
use crate::metrics::reloaded;
use crate::serve::{ServeError, check, make_dev};
use crate::tls::{self, Tls, TlsError};

/// Reads the configuration from where the running one came from.
pub type Source = Box<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>;

/// The parts of the server that a reload of the configuration replaces.
pub struct Reload {
    /// Where the configuration comes from.
    pub source: Source,
    /// True for a development server, which makes a key of its own.
    pub dev: bool,
    /// The configuration that the server was started with.
    pub running: Arc<Config>,
    /// The keys and certificates of callers.
    pub keys: Keys,
    /// The ports' certificates.
    pub tls: Option<Tls>,
}

impl Reload {
    /// Reads again at every signal.
    pub async fn on(self, mut hangup: Signal) {
        let this = Arc::new(self);
        while hangup.recv().await.is_some() {
            let reload = Arc::clone(&this);
            // Files may lie on a slow disk.
            match spawn_blocking(move || reload.once()).await {
                Ok(Ok(config)) => this.applied(&config),
                Ok(Err(error)) => {
                    tracing::error!(%error, "SIGHUP: nothing has changed");
                    reloaded("refused");
                }
                Err(error) => {
                    tracing::error!(%error, "SIGHUP: reading the configuration failed");
                    reloaded("refused");
                }
            }
        }
    }

    /// Everything is read and checked before anything is replaced.
    fn once(&self) -> Result<Config, ServeError> {
        let mut config = (self.source)()?;
        if self.dev {
            if config.auth.keys.is_empty() {
                config.auth.keys.clone_from(&self.running.auth.keys);
            }
            make_dev(&mut config);
        }
        check(&config)?;
        let keyring = config.keyring()?;
        let files = tls::TlsFiles::files(&config.tls)?;
        match (&self.tls, files) {
            (Some(tls), Some(files)) => tls.replace(files),
            (None, None) => {}
            _ => return Err(TlsError::SwitchedOver.into()),
        }
        self.keys.replace(keyring);
        Ok(config)
    }

    fn applied(&self, config: &Config) {
        tracing::info!(
            keys = config.auth.keys.len(),
            certificates = config.auth.certificates.len(),
            "SIGHUP: keys and certificates were read again"
        );
        let waiting = self.running.sections_that_wait(config);
        if !waiting.is_empty() {
            let sections = waiting.join(", ");
            tracing::warn!(%sections, "SIGHUP: changes of these sections wait for a restart");
        }
        reloaded("applied");
    }
}
