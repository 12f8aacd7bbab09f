//! How to reach etcd, and how long to wait for it.

use std::fmt;
use std::time::Duration;

/// How a node reaches etcd.
#[derive(Clone, Debug)]
pub struct EtcdOptions {
    /// The members' client addresses, `http://…` or `https://…`.
    pub endpoints: Vec<String>,
    /// All keys begin with this, so that several clusters can share one etcd.
    pub prefix: String,
    /// For `https`: the certificates.
    pub tls: Option<EtcdTls>,
    /// For an etcd with users.
    pub user: Option<EtcdUser>,
    /// One attempt at one member.
    pub attempt: Duration,
    /// The one attempt of a conditional write of this node. Shorter than the time for which a renewal is good, so that
    /// there is time for another member.
    pub write_attempt: Duration,
    /// All attempts of one call together: long enough for etcd to elect another leader.
    pub patience: Duration,
    /// A number drawn at random in this process: it tells this process's writes from others'.
    pub nonce: u64,
    /// Rows before its newest snapshot that a room's journal keeps at least.
    pub journal_rows: u64,
}

/// Certificates as PEM.
#[derive(Clone)]
pub struct EtcdTls {
    /// Signs the members' certificates.
    pub authority: String,
    /// This node's certificate and key, if etcd asks for one.
    pub identity: Option<(String, String)>,
    /// The name in the members' certificates, if it is not the host of the endpoint.
    pub server_name: Option<String>,
}

/// A user of etcd.
#[derive(Clone)]
pub struct EtcdUser {
    /// The user's name.
    pub name: String,
    /// The user's password.
    pub password: String,
}

impl Default for EtcdOptions {
    fn default() -> Self {
        Self {
            endpoints: vec!["http://127.0.0.1:2379".into()],
            prefix: "/sideroom/".into(),
            tls: None,
            user: None,
            attempt: Duration::from_secs(1),
            write_attempt: Duration::from_millis(400),
            patience: Duration::from_secs(4),
            nonce: 0,
            journal_rows: 5_000,
        }
    }
}

impl fmt::Debug for EtcdTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("EtcdTls");
        out.field("server_name", &self.server_name);
        out.field("identity", &self.identity.is_some());
        out.finish_non_exhaustive()
    }
}

impl fmt::Debug for EtcdUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("EtcdUser");
        out.field("name", &self.name);
        out.finish_non_exhaustive()
    }
}
