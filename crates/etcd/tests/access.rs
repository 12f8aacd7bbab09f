//! An etcd that wants certificates and passwords, and errors that say what is wrong with them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod members;

use std::path::Path;
use std::time::Duration;

use members::Members;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sideroom_cluster::{NodeId, NodeRecord, Outcome};
use sideroom_etcd::{
    Coordinator, Etcd, EtcdCoordinator, EtcdError, EtcdOptions, EtcdTls, EtcdUser,
};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

async fn renew(options: EtcdOptions) -> Outcome {
    let coordinator = EtcdCoordinator::new(Etcd::new(options).unwrap(), NodeId(1));
    coordinator
        .write(sideroom_cluster::Change::Renew {
            record: NodeRecord::default(),
            expected: None,
        })
        .await
}

async fn first_error(options: EtcdOptions) -> EtcdError {
    let coordinator = EtcdCoordinator::new(Etcd::new(options).unwrap(), NodeId(1));
    coordinator.read_node(NodeId(1)).await.unwrap_err()
}

/// A member that wants certificates of this authority, and those of a client.
struct Guarded {
    etcd: Members,
    authority: Authority,
    client: (String, String),
    /// The certificates as etcdctl's options.
    ctl: Vec<String>,
    _files: tempfile::TempDir,
}

impl Guarded {
    async fn start() -> Self {
        let authority = Authority::new();
        let files = tempfile::tempdir().unwrap();
        let address = members::own_address();
        let (server, client) = (authority.sign(&address.to_string()), authority.sign("node"));
        let path = |name: &str, text: &str| write(files.path(), name, text);
        let ca = path("ca.pem", &authority.0.pem());
        let arguments = [
            format!("--cert-file={}", path("server.pem", &server.0)),
            format!("--key-file={}", path("server.key", &server.1)),
            format!("--trusted-ca-file={ca}"),
            "--client-cert-auth".into(),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let etcd = Members::start_at("https", address, 1, &arguments).await;
        let ctl = vec![
            format!("--cacert={ca}"),
            format!("--cert={}", path("client.pem", &client.0)),
            format!("--key={}", path("client.key", &client.1)),
        ];
        Self {
            etcd,
            authority,
            client,
            ctl,
            _files: files,
        }
    }

    fn tls(&self) -> EtcdTls {
        EtcdTls {
            authority: self.authority.0.pem(),
            identity: Some(self.client.clone()),
            server_name: None,
        }
    }

    fn options(&self, tls: Option<EtcdTls>, user: Option<(&str, &str)>) -> EtcdOptions {
        EtcdOptions {
            tls,
            user: user.map(|(name, password)| EtcdUser {
                name: name.into(),
                password: password.into(),
            }),
            ..self.etcd.options()
        }
    }

    /// As a user, or as nobody.
    fn as_user(&self, user: Option<(&str, &str)>) -> EtcdOptions {
        self.options(Some(self.tls()), user)
    }

    async fn ctl(&self, arguments: &[&str]) {
        let ours = self.ctl.iter().map(String::as_str);
        let all: Vec<_> = ours.chain(arguments.iter().copied()).collect();
        self.etcd.ctl(&all).await.unwrap();
    }

    /// Waits until the member answers.
    async fn become_ready(&self) {
        let etcd = Etcd::new(self.as_user(None)).unwrap();
        let found = EtcdCoordinator::new(etcd, NodeId(1))
            .read_node(NodeId(1))
            .await;
        assert_eq!(found, Ok(None));
    }
}

#[tokio::test]
async fn only_certificates_of_the_authority_open_etcd() {
    if !members::is_there() {
        return;
    }
    let it = Guarded::start().await;
    it.become_ready().await;
    assert!(matches!(renew(it.as_user(None)).await, Outcome::Written(_)));
    let mut nobody = it.tls();
    nobody.identity = None;
    let mut stranger = it.tls();
    stranger.identity = Some(Authority::new().sign("node"));
    let mut another = it.tls();
    another.authority = Authority::new().0.pem();
    for wrong in [nobody, stranger, another] {
        let options = EtcdOptions {
            patience: Duration::from_secs(1),
            ..it.options(Some(wrong), None)
        };
        let error = first_error(options).await;
        assert!(matches!(error, EtcdError::Silent(_)), "{error}");
    }
    let error = Etcd::new(it.options(None, None)).err().unwrap().to_string();
    assert!(error.contains("authority"), "{error}");
}

#[tokio::test]
async fn a_user_with_a_password_has_the_keys_of_its_role_only() {
    if !members::is_there() {
        return;
    }
    let it = Guarded::start().await;
    it.become_ready().await;
    for step in [
        &["user", "add", "root:secret"][..],
        &["user", "add", "sideroom:pass"],
        &["role", "add", "sideroom"],
        &[
            "role",
            "grant-permission",
            "sideroom",
            "--prefix=true",
            "readwrite",
            "/sideroom/",
        ],
        &["user", "grant-role", "root", "root"],
        &["user", "grant-role", "sideroom", "sideroom"],
        &["auth", "enable"],
    ] {
        it.ctl(step).await;
    }
    let user = Some(("sideroom", "pass"));
    assert!(matches!(renew(it.as_user(user)).await, Outcome::Written(_)));
    let elsewhere = EtcdOptions {
        prefix: "/other/".into(),
        ..it.as_user(user)
    };
    // The last one: the client's certificate names nobody that etcd knows.
    for denied in [
        it.as_user(Some(("sideroom", "wrong"))),
        elsewhere,
        it.as_user(None),
    ] {
        let error = first_error(denied).await;
        assert!(matches!(error, EtcdError::Denied(_)), "{error}");
    }
}

#[tokio::test]
async fn addresses_that_cannot_work_are_refused_in_words() {
    let refused = |endpoint: &str| {
        let options = EtcdOptions {
            endpoints: vec![endpoint.into()],
            ..EtcdOptions::default()
        };
        Etcd::new(options).err().unwrap().to_string()
    };
    assert!(refused("127.0.0.1:2379").contains("http"));
    assert!(refused("ftp://a").contains("http"));
    assert!(refused("http://").contains("http://"));
    let nothing = EtcdOptions {
        endpoints: Vec::new(),
        ..EtcdOptions::default()
    };
    assert!(
        Etcd::new(nothing)
            .err()
            .unwrap()
            .to_string()
            .contains("endpoint")
    );
}
