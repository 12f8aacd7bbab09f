//! An authority, certificates that it signs, and callers of gRPC that show them.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rcgen::string::Ia5String;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CertifiedIssuer, KeyIdMethod, KeyPair,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A directory with an authority's files.
pub(crate) struct Authority {
    directory: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let params = CertificateParams::new(vec![]).unwrap();
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let this = Self { directory, issuer };
        this.write("authority.pem", &this.issuer.pem());
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Signs a certificate: `file`.pem and `file`.key.
    pub(crate) fn sign(&self, file: &str, names: &[SanType], serial: u64) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.subject_alt_names = names.to_vec();
        params.serial_number = Some(SerialNumber::from(serial));
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.write(&format!("{file}.pem"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }

    /// Writes the authority's list of revoked certificates.
    pub(crate) fn revoke(&self, file: &str, serials: &[u64]) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2124, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        self.write(file, &list.signed_by(&self.issuer).unwrap().pem().unwrap());
    }

    /// The SHA-256 of a certificate, as openssl prints it.
    pub(crate) fn fingerprint(&self, file: &str) -> String {
        let der = certificate(&self.path(&format!("{file}.pem")));
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der);
        let bytes: Vec<_> = hash.as_ref().iter().map(|b| format!("{b:02X}")).collect();
        bytes.join(":")
    }

    /// Connects with the certificate in `file`. The server's own certificate is handed back as well.
    pub(crate) async fn connect(
        &self,
        address: &str,
        file: Option<&str>,
    ) -> Result<Caller, String> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.path("authority.pem"))).unwrap();
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match file {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("{file}.key"))).unwrap();
                let chain = vec![certificate(&self.path(&format!("{file}.pem")))];
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let said = |error: &dyn std::error::Error| error.to_string();
        let stream = TcpStream::connect(address).await.map_err(|e| said(&e))?;
        let name = ServerName::try_from("localhost").unwrap();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = connecting.await.map_err(|e| said(&e))?;
        let server = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|e| said(&e))?;
        let ended = tokio::spawn(async move { drop(connection.await) });
        Ok(Caller {
            sender,
            ended,
            server,
        })
    }
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

/// A connection over which gRPC is spoken.
pub(crate) struct Caller {
    sender: SendRequest<Body>,
    /// Ends with the connection.
    pub(crate) ended: tokio::task::JoinHandle<()>,
    /// The server's certificate.
    pub(crate) server: Vec<u8>,
}

/// The status of a call: gRPC's code and message.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Status {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// An answer that comes in pieces.
pub(crate) struct Answer {
    head: HeaderMap,
    body: Incoming,
}

impl Caller {
    /// Begins a call.
    pub(crate) async fn begin(
        &mut self,
        method: &str,
        message: &impl Message,
        token: Option<&str>,
    ) -> Result<Answer, String> {
        let message = message.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let body = [&[0][..], &length, &message].concat();
        let mut request = Request::post(format!("https://localhost/sideroom.v1.{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.sender.send_request(request).await;
        let (head, body) = response.map_err(|e| e.to_string())?.into_parts();
        Ok(Answer {
            head: head.headers,
            body,
        })
    }

    /// A call and its status.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        message: &impl Message,
        token: Option<&str>,
    ) -> Result<Status, String> {
        self.begin(method, message, token).await?.status().await
    }
}

impl Answer {
    /// The next bytes, or the trailers.
    async fn frame(&mut self) -> Result<Option<Result<Bytes, HeaderMap>>, String> {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame.map_err(|e| e.to_string())?;
        Ok(Some(match frame.into_data() {
            Ok(data) => Ok(data),
            Err(frame) => Err(frame.into_trailers().unwrap_or_default()),
        }))
    }

    /// Waits for the first message.
    pub(crate) async fn first(&mut self) {
        let first = self.frame().await.unwrap();
        assert!(matches!(first, Some(Ok(_))), "{first:?} {:?}", self.head);
    }

    /// Waits for the end.
    pub(crate) async fn status(mut self) -> Result<Status, String> {
        let mut fields = self.head.clone();
        while let Some(frame) = self.frame().await? {
            if let Err(trailers) = frame {
                fields.extend(trailers);
            }
        }
        let text = |name| {
            let value = fields.get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        Ok(Status {
            code: text("grpc-status"),
            message: text("grpc-message"),
        })
    }
}

/// A DNS name of a certificate.
pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(Ia5String::try_from(name).unwrap())
}

/// A URI of a certificate.
pub(crate) fn uri(name: &str) -> SanType {
    SanType::URI(Ia5String::try_from(name).unwrap())
}
