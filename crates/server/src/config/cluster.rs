//! `cluster.*`: how this node reaches etcd and other nodes. A single node leaves all of it out.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Config;
use super::validate::Check;

/// Other nodes, with which this one shares its rooms. Without `etcd` the node is alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// Client addresses of etcd's members, such as `https://etcd-1:2379`. Empty: this node is alone.
    pub etcd: Vec<String>,
    /// All keys in etcd begin with this, so that several clusters can share one etcd.
    pub etcd_prefix: String,
    /// PEM file with the authority of etcd's certificates, for `https`.
    pub etcd_authority_file: String,
    /// PEM file with this node's certificate for etcd, if etcd asks for one.
    pub etcd_certificate_file: String,
    /// PEM file with that certificate's private key.
    pub etcd_key_file: String,
    /// The user in etcd, if it has users.
    pub etcd_user: String,
    /// File with the user's password.
    pub etcd_password_file: String,
    /// Where other nodes connect.
    pub listen: SocketAddr,
    /// The address at which other nodes reach this one, `host:port`. Empty: that of `listen`.
    pub advertise: String,
    /// PEM file with the authority that signs the nodes' certificates; `sideroom cluster init` makes it.
    pub authority_file: String,
    /// PEM file with this node's certificate, for the name in `node.name`.
    pub certificate_file: String,
    /// PEM file with that certificate's private key.
    pub key_file: String,
    /// The media of rooms on a node that reaches neither etcd nor the other nodes.
    pub when_alone: WhenAlone,
}

/// What happens to media on a node that is cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenAlone {
    /// They go on. Another node may have taken the room meanwhile, and moves there are not followed here.
    Continue,
    /// They stop until etcd answers.
    Stop,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            etcd: Vec::new(),
            etcd_prefix: "/sideroom/".into(),
            etcd_authority_file: String::new(),
            etcd_certificate_file: String::new(),
            etcd_key_file: String::new(),
            etcd_user: String::new(),
            etcd_password_file: String::new(),
            listen: super::any(7903),
            advertise: String::new(),
            authority_file: String::new(),
            certificate_file: String::new(),
            key_file: String::new(),
            when_alone: WhenAlone::Continue,
        }
    }
}

impl ClusterConfig {
    /// True if the node is one of a cluster.
    pub const fn is_on(&self) -> bool {
        !self.etcd.is_empty()
    }
}

impl Config {
    pub(super) fn check_cluster(&self, check: &mut Check) {
        let cluster = &self.cluster;
        if !cluster.is_on() {
            check.that(
                *cluster == ClusterConfig::default(),
                "cluster.etcd",
                "other settings of the cluster are given, but not the addresses of etcd; give them, or leave out \
                 all of [cluster]",
            );
            return;
        }
        self.check_etcd(check);
        check.that(
            self.webhooks.receivers.is_empty(),
            "webhooks.receivers",
            "a node of a cluster posts no events yet; take the receivers out and watch the rooms instead \
             (EventService/Watch), or leave out [cluster]",
        );
        check.that(
            is_label(&self.node.name),
            "node.name",
            "a node of a cluster needs a name of its own that fits a host name: 1 to 63 small letters, digits and \
             hyphens, such as media-1",
        );
        check.that(
            cluster.listen.port() != 0 || cluster.advertise.is_empty(),
            "cluster.listen",
            "give a port that is not 0: others connect to the address in cluster.advertise",
        );
        let others = [self.http.listen, self.grpc.listen, self.admin.listen].map(|at| at.port());
        let port = cluster.listen.port();
        check.that(
            port == 0 || !others.contains(&port),
            "cluster.listen",
            "it needs a port of its own, which is not that of http, grpc or admin",
        );
        check.that(
            !cluster.advertise.is_empty() || !cluster.listen.ip().is_unspecified(),
            "cluster.advertise",
            "give the host and port at which other nodes reach this one, such as media-1.internal:7903",
        );
        let has_port = |address: &str| {
            let port = address.rsplit_once(':');
            port.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        check.that(
            cluster.advertise.is_empty() || has_port(&cluster.advertise),
            "cluster.advertise",
            "give a host and a port, such as media-1.internal:7903",
        );
        for (key, file) in [
            ("cluster.authority_file", &cluster.authority_file),
            ("cluster.certificate_file", &cluster.certificate_file),
            ("cluster.key_file", &cluster.key_file),
        ] {
            check.that(
                !file.is_empty(),
                key,
                "nodes know each other by certificates; `sideroom cluster init` makes them",
            );
        }
    }

    fn check_etcd(&self, check: &mut Check) {
        let cluster = &self.cluster;
        let all_begin = |scheme: &str| cluster.etcd.iter().all(|it| it.starts_with(scheme));
        check.that(
            all_begin("http://") || all_begin("https://"),
            "cluster.etcd",
            "each address begins with http://, or each with https://",
        );
        check.that(
            all_begin("https://") != cluster.etcd_authority_file.is_empty(),
            "cluster.etcd_authority_file",
            "name the authority of etcd's certificates if its addresses begin with https://, and only then",
        );
        check.that(
            cluster.etcd_certificate_file.is_empty() == cluster.etcd_key_file.is_empty(),
            "cluster.etcd_key_file",
            "set both etcd_certificate_file and etcd_key_file, or neither",
        );
        check.that(
            cluster.etcd_certificate_file.is_empty() || !cluster.etcd_authority_file.is_empty(),
            "cluster.etcd_certificate_file",
            "a certificate can be shown over https:// only; set etcd_authority_file",
        );
        check.that(
            cluster.etcd_user.is_empty() == cluster.etcd_password_file.is_empty(),
            "cluster.etcd_password_file",
            "set both etcd_user and etcd_password_file, or neither",
        );
        check.that(
            !cluster.etcd_prefix.trim_matches('/').is_empty(),
            "cluster.etcd_prefix",
            "it must not be empty: other programs may use the same etcd",
        );
    }
}

/// True for a part of a host name: certificates name nodes so.
pub(crate) fn is_label(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(is_inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
