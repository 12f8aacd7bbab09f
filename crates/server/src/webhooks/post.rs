//! One request to a receiver, over connections that are kept open. It follows no redirects and reads no more of
//! an answer than its status needs.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use axum::http::{Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::signature;

/// The most bytes of an answer that are read, so that the connection can be used again.
const ANSWER_BYTES: usize = 64 * 1_024;
/// Connections that are kept open at most.
const IDLE: usize = 32;
/// Statuses by which a receiver says that it will never take these events.
const REFUSALS: [StatusCode; 3] = [
    StatusCode::BAD_REQUEST,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// Why a receiver has not taken a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub(super) why: String,
    /// The receiver refuses these events, and not only now.
    pub(super) refused: bool,
    /// How long the receiver asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    fn of(why: impl ToString) -> Self {
        Self {
            why: why.to_string(),
            refused: false,
            retry_after: None,
        }
    }
}

/// Posts to one URL.
pub(super) struct Poster {
    url: Uri,
    host: String,
    port: u16,
    /// The value of `Host`.
    authority: String,
    tls: Option<TlsConnector>,
    within: Duration,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Poster {
    /// To a URL that has been validated. `tls` is used for `https`.
    pub(super) fn new(url: Uri, tls: Option<TlsConnector>, within: Duration) -> Self {
        let tls = tls.filter(|_| url.scheme_str() == Some("https"));
        let usual = if tls.is_some() { 443 } else { 80 };
        let host = url.host().unwrap_or_default();
        Self {
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: url.port_u16().unwrap_or(usual),
            authority: url.authority().map(ToString::to_string).unwrap_or_default(),
            url,
            tls,
            within,
            idle: Mutex::default(),
        }
    }

    /// Posts a body. An answer of success means that it was taken.
    pub(super) async fn post(&self, body: Bytes, signature: &str) -> Result<(), Failure> {
        let answered = timeout(self.within, self.answered(body, signature)).await;
        let status = answered.unwrap_or_else(|_| {
            let within = self.within.as_millis();
            Err(Failure::of(format!("no answer within {within} ms")))
        })?;
        judge(&status)
    }

    async fn answered(&self, body: Bytes, signature: &str) -> Result<Response<()>, Failure> {
        let kept = self.idle().pop();
        if let Some(mut connection) = kept
            && connection.ready().await.is_ok()
        {
            // The receiver may have closed it at this moment: a new one is tried then.
            if let Ok(answer) = self.send(&mut connection, body.clone(), signature).await {
                return Ok(self.finish(connection, answer).await);
            }
        }
        let mut connection = self.connect().await.map_err(Failure::of)?;
        let answer = self.send(&mut connection, body, signature).await;
        let answer = answer.map_err(Failure::of)?;
        Ok(self.finish(connection, answer).await)
    }

    async fn send(
        &self,
        connection: &mut SendRequest<Body>,
        body: Bytes,
        signature: &str,
    ) -> hyper::Result<Response<Incoming>> {
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("sideroom/", env!("CARGO_PKG_VERSION")))
            .header(signature::HEADER, signature)
            .body(Body::from(body))
            .expect("invariant: the URL has been validated");
        connection.send_request(request).await
    }

    /// Reads the rest of a short answer, and keeps the connection.
    async fn finish(
        &self,
        connection: SendRequest<Body>,
        answer: Response<Incoming>,
    ) -> Response<()> {
        let (parts, mut body) = answer.into_parts();
        let mut read = 0;
        while !body.is_end_stream() && read < ANSWER_BYTES {
            let next = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx));
            match next.await {
                Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) => return Response::from_parts(parts, ()),
                None => break,
            }
        }
        let mut idle = self.idle();
        if read < ANSWER_BYTES && idle.len() < IDLE {
            idle.push(connection);
        }
        drop(idle);
        Response::from_parts(parts, ())
    }

    async fn connect(&self) -> io::Result<SendRequest<Body>> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => self.begin(tcp).await,
            Some(tls) => {
                let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
                self.begin(tls.connect(name, tcp).await?).await
            }
        }
    }

    async fn begin<S>(&self, stream: S) -> io::Result<SendRequest<Body>>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (connection, driver) = handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // Ends with the connection; its errors are those of the requests.
        tokio::spawn(driver);
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Body>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn judge(answer: &Response<()>) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let why = match status.is_redirection() {
        true => format!("it answers {status}; redirects are not followed, so name the final URL"),
        false => format!("it answers {status}"),
    };
    let seconds = answer.headers().get(RETRY_AFTER);
    let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
    Err(Failure {
        why,
        refused: REFUSALS.contains(&status),
        retry_after: seconds.map(Duration::from_secs),
    })
}

/// For https: trusts the authorities of this file, or of the system.
pub(super) fn connector(authority_file: &str) -> Result<TlsConnector, String> {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

    let path = match authority_file {
        "" => system_authorities().ok_or(
            "the system has no file of certificate authorities; install ca-certificates, or name one in \
             authority_file",
        )?,
        file => file.to_owned(),
    };
    let read = CertificateDer::pem_file_iter(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut roots = RootCertStore::empty();
    // The system's files hold some that rustls does not take.
    let (taken, _) = roots.add_parsable_certificates(read.filter_map(Result::ok));
    if taken == 0 {
        return Err(format!("{path}: there is no certificate authority in it"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Where systems keep their certificate authorities.
fn system_authorities() -> Option<String> {
    let named = std::env::var("SSL_CERT_FILE").ok();
    let usual = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    let all = named
        .into_iter()
        .chain(usual.into_iter().map(str::to_owned));
    let mut there = all.filter(|path| std::path::Path::new(path).is_file());
    there.next()
}
