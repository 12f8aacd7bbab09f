//! With a certificate both ports speak TLS; with an authority the gRPC port takes only clients that the authority has
//! signed; and an unfinished handshake keeps no other client waiting.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::routing::get;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use sideroom::config::{Config, TlsConfig};
use sideroom::front::patience;
use sideroom::listen::descriptors::Budget;
use sideroom::listen::{self, OpenConnections, PortConfig};
use sideroom::tls::Tls;
use sideroom_rpc::auth::ShownCertificate;
use sideroom_rpc::proxies::Proxies;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    /// An authority, and certificates for a server and a client.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let files = Self { directory };
        let key = KeyPair::generate().unwrap();
        let authority =
            CertifiedIssuer::self_signed(CertificateParams::new(vec![]).unwrap(), key).unwrap();
        std::fs::write(files.path("authority.pem"), authority.pem()).unwrap();
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            std::fs::write(files.path(&format!("{name}.pem")), certificate.pem()).unwrap();
            std::fs::write(files.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn config(&self, authority: bool) -> TlsConfig {
        let text = |name| self.path(name).display().to_string();
        TlsConfig {
            certificate_file: text("server.pem"),
            key_file: text("server.key"),
            client_authority_file: if authority {
                text("authority.pem")
            } else {
                String::new()
            },
            client_revocation_file: String::new(),
        }
    }

    async fn connect(
        &self,
        address: SocketAddr,
        client: Option<&str>,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.path("authority.pem"))).unwrap();
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let key = self.path(&format!("{name}.key"));
                let certificate = certificate(&self.path(&format!("{name}.pem")));
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate], key)
                    .unwrap()
            }
        };
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// The server's answer, if there is one.
    async fn ask(
        &self,
        address: SocketAddr,
        client: Option<&str>,
    ) -> Result<String, std::io::Error> {
        let mut stream = self.connect(address, client).await?;
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

async fn serve(listener: TcpListener, grpc: bool, tls: Tls) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    let keys = "app:0123456789abcdef0123456789abcdef".to_owned();
    let config = Config::load(None, [("SIDEROOM_AUTH_KEYS".to_owned(), keys)]).unwrap();
    let who =
        get(
            async |request: Request| match request.extensions().get::<Arc<ShownCertificate>>() {
                None => "a stranger".to_owned(),
                Some(shown) => format!("shown {}", shown.names.join(",")),
            },
        );
    let host = get(async |headers: HeaderMap| {
        let host = headers.get("host").and_then(|host| host.to_str().ok());
        host.unwrap_or("nobody").to_owned()
    });
    let router = Router::new().route("/", who).route("/host", host);
    let door = PortConfig {
        name: "test",
        guests: OpenConnections::new(Budget::share(1_024, 1, 1_000), 100, Proxies::default()),
        patience: patience(&config),
        tls: Some(if grpc { tls.grpc() } else { tls.http() }),
        turn: None,
    };
    listen::open(door, listener, router, None);
    address
}

#[tokio::test]
async fn a_slow_handshake_keeps_nobody_waiting() {
    let files = Files::new();
    let tls = Tls::read(&files.config(false)).unwrap().unwrap();
    let address = serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), false, tls).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let answer = files.ask(address, None).await.unwrap();
    assert!(answer.ends_with("a stranger"), "{answer}");
}

/// Browsers speak HTTP/2 over TLS, and the rules for pages of other origins read the host.
#[tokio::test]
async fn a_request_of_http_2_has_its_host_too() {
    let files = Files::new();
    let tls = Tls::read(&files.config(false)).unwrap().unwrap();
    let address = serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), false, tls).await;
    let stream = TokioIo::new(files.connect(address, None).await.unwrap());
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://meet.example:7900/host")
        .body(Body::empty())
        .unwrap();
    let answer = client.send_request(request).await.unwrap();
    let body = to_bytes(Body::new(answer.into_body()), 100).await.unwrap();
    assert_eq!(body, "meet.example:7900");
}

#[tokio::test]
async fn with_an_authority_grpc_is_for_its_clients_only() {
    let files = Files::new();
    let tls = Tls::read(&files.config(true)).unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = serve(listener, true, tls).await;
    let answer = files.ask(address, Some("client")).await.unwrap();
    assert!(answer.ends_with("shown localhost"), "{answer}");
    let refused = files.ask(address, None).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn files_that_are_wrong_are_named() {
    let files = Files::new();
    let mut config = files.config(true);
    config.key_file = "/nowhere.key".into();
    let Err(error) = Tls::read(&config) else {
        panic!("read a key from nowhere")
    };
    assert!(
        error
            .to_string()
            .starts_with("tls.key_file: /nowhere.key: "),
        "{error}"
    );
    config = files.config(true);
    config.key_file = files.path("client.key").display().to_string();
    let Err(error) = Tls::read(&config) else {
        panic!("a key of another certificate")
    };
    assert!(
        error.to_string().starts_with("tls.certificate_file: "),
        "{error}"
    );
    config = files.config(true);
    config.client_authority_file = files.path("client.key").display().to_string();
    let Err(error) = Tls::read(&config) else {
        panic!("an authority without a certificate")
    };
    assert!(
        error
            .to_string()
            .ends_with("there is no certificate in this file"),
        "{error}"
    );
    assert!(Tls::read(&TlsConfig::default()).unwrap().is_none());
}
