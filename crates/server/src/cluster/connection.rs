//! From the configuration to connections: to etcd, and the certificates for other nodes.

use std::sync::Arc;
use std::time::Duration;

use sideroom_etcd::{CommitObserver, Etcd, EtcdError, EtcdOptions, EtcdStore, EtcdTls, EtcdUser};

use super::link::{Identity, Links, LinksError};
use crate::config::{ClusterConfig, Config};
use crate::metrics;
use crate::tls::{Tls, TlsError};

/// The files and addresses of `cluster.*` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// A file cannot be read.
    #[error("{key}: {path}: {source}")]
    File {
        /// The key of the configuration that names the file.
        key: &'static str,
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// etcd's addresses or certificates cannot be used.
    #[error("cluster.etcd: {0}")]
    Etcd(#[from] EtcdError),
    /// The certificates for other nodes cannot be used.
    #[error("{}", in_cluster(.0))]
    Tls(#[from] TlsError),
    /// The same, by the client's part.
    #[error(transparent)]
    Links(#[from] LinksError),
    /// No certificate is named.
    #[error("cluster.certificate_file: there is none; `sideroom cluster init` makes one")]
    NoCertificate,
}

/// The files of the cluster have keys of their own.
fn in_cluster(error: &TlsError) -> String {
    let text = error.to_string();
    text.replace("tls.client_authority_file", "cluster.authority_file")
        .replace("tls.", "cluster.")
}

/// The connections of one node.
pub struct Connection {
    pub(super) etcd: Etcd,
    pub(super) store: EtcdStore,
    pub(super) tls: Tls,
    pub(super) identity: Identity,
}

impl Connection {
    /// Reads the files, and prepares the connections. Has to be called within a tokio runtime.
    pub fn open(config: &Config) -> Result<Self, ConnectionError> {
        let cluster = &config.cluster;
        let etcd = open_etcd(cluster)?;
        let files = crate::config::TlsConfig {
            certificate_file: cluster.certificate_file.clone(),
            key_file: cluster.key_file.clone(),
            client_authority_file: cluster.authority_file.clone(),
            client_revocation_file: String::new(),
        };
        let tls = Tls::read(&files)?.ok_or(ConnectionError::NoCertificate)?;
        let store = EtcdStore::start(etcd.clone(), Some(Arc::new(Observer)));
        Ok(Self {
            etcd,
            store,
            tls,
            identity: read_identity(cluster)?,
        })
    }

    /// The store of the rooms.
    pub fn store(&self) -> EtcdStore {
        self.store.clone()
    }
}

/// The client of etcd, alone: for tools.
pub(super) fn open_etcd(cluster: &ClusterConfig) -> Result<Etcd, ConnectionError> {
    let tls = match cluster.etcd_authority_file.as_str() {
        "" => None,
        authority => Some(EtcdTls {
            authority: read("cluster.etcd_authority_file", authority)?,
            identity: match cluster.etcd_certificate_file.as_str() {
                "" => None,
                certificate => Some((
                    read("cluster.etcd_certificate_file", certificate)?,
                    read("cluster.etcd_key_file", &cluster.etcd_key_file)?,
                )),
            },
            server_name: None,
        }),
    };
    let user = match cluster.etcd_user.as_str() {
        "" => None,
        name => Some(EtcdUser {
            name: name.to_owned(),
            password: read("cluster.etcd_password_file", &cluster.etcd_password_file)?
                .trim_end()
                .to_owned(),
        }),
    };
    Ok(Etcd::new(EtcdOptions {
        endpoints: cluster.etcd.clone(),
        prefix: cluster.etcd_prefix.clone(),
        tls,
        user,
        nonce: crate::rooms::draw(),
        ..EtcdOptions::default()
    })?)
}

/// Links to other nodes, alone: for tools.
pub(super) fn open_links(cluster: &ClusterConfig) -> Result<Links, ConnectionError> {
    Ok(Links::new(read_identity(cluster)?, 0))
}

fn read_identity(cluster: &ClusterConfig) -> Result<Identity, ConnectionError> {
    Ok(Identity {
        authority: read("cluster.authority_file", &cluster.authority_file)?,
        certificate: read("cluster.certificate_file", &cluster.certificate_file)?,
        key: read("cluster.key_file", &cluster.key_file)?,
    })
}

fn read(key: &'static str, path: &str) -> Result<String, ConnectionError> {
    std::fs::read_to_string(path).map_err(|source| ConnectionError::File {
        key,
        path: path.to_owned(),
        source,
    })
}

/// Counts what the writer does.
struct Observer;

impl CommitObserver for Observer {
    fn handle_commit(&self, took: Duration, changes: usize, row_bytes: u64) {
        metrics::stored(took, changes, row_bytes);
    }

    fn handle_failure(&self, changes: usize) {
        metrics::store_failed(changes);
    }
}
