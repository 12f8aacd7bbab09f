//! The client: one connection for each member, calls that go from member to member until one answers or time is up.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Response, Status};

use crate::error::EtcdError;
use crate::keys::{KeyRange, Keys};
use crate::options::{EtcdOptions, EtcdTls};
use crate::proto::auth_client::AuthClient;
use crate::proto::kv_client::KvClient;
use crate::proto::{
    AuthenticateRequest, CompactionRequest, KeyValue, RangeRequest, RangeResponse, TxnRequest,
    TxnResponse,
};
use crate::txn::{Txn, signed};

/// A page of values may hold this much: a page of the largest parts.
const MOST_RECEIVED: usize = 128 << 20;
/// Keys in one page of a range.
const PAGE: i64 = 256;
/// Between two rounds through all members while none answers.
const PAUSE: Duration = Duration::from_millis(50);
/// A connection without traffic is tested this often. etcd closes those that ask more often than every 5 s.
const KEEP_ALIVE: Duration = Duration::from_secs(6);

/// Reaches etcd. Clones share the connections.
#[derive(Clone)]
pub struct Etcd(Arc<Shared>);

struct Shared {
    options: EtcdOptions,
    keys: Keys,
    members: Vec<Member>,
    /// The member that is asked first: the last one that answered.
    current: AtomicUsize,
    /// Proof of the user, if there is one.
    token: Mutex<Option<Token>>,
}

struct Member {
    endpoint: String,
    prepared: Endpoint,
    channel: std::sync::Mutex<Channel>,
}

type Token = MetadataValue<Ascii>;

/// How long to wait for one attempt, and for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub attempt: Duration,
    pub all: Duration,
}

impl Etcd {
    /// Prepares the connections; they are made when they are needed. Has to be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// Options that cannot work.
    pub fn new(options: EtcdOptions) -> Result<Self, EtcdError> {
        if options.endpoints.is_empty() {
            return Err(EtcdError::Options("no endpoint of etcd is given".into()));
        }
        let members = options.endpoints.iter();
        let members = members.map(|each| Member::new(each, &options));
        Ok(Self(Arc::new(Shared {
            members: members.collect::<Result<_, _>>()?,
            keys: Keys::new(&options.prefix),
            options,
            current: AtomicUsize::new(0),
            token: Mutex::new(None),
        })))
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn options(&self) -> &EtcdOptions {
        &self.0.options
    }

    /// For calls that may be sent again.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            attempt: self.0.options.attempt,
            all: self.0.options.patience,
        }
    }

    /// For calls that are sent once: a second one could find the effect of the first.
    pub(crate) fn once(&self) -> Patience {
        let attempt = self.0.options.attempt;
        Patience {
            attempt,
            all: attempt,
        }
    }

    /// Carries out a transaction. With more than one attempt it may be carried out more than once: a caller that
    /// does not compare what it changes must not ask for that.
    pub(crate) async fn txn(&self, txn: Txn, patience: Patience) -> Result<TxnResponse, EtcdError> {
        let txn = txn.build();
        let send =
            |channel, request: Request<TxnRequest>| async move { kv(channel).txn(request).await };
        self.call(patience, || txn.clone(), send).await
    }

    pub(crate) async fn get(&self, key: Vec<u8>) -> Result<(Option<KeyValue>, u64), EtcdError> {
        let range = RangeRequest {
            key,
            ..RangeRequest::default()
        };
        let found = self.range(range).await?;
        let revision = found.revision();
        Ok((found.kvs.into_iter().next(), revision))
    }

    pub(crate) async fn range(&self, range: RangeRequest) -> Result<RangeResponse, EtcdError> {
        let send = |channel, request| async move { kv(channel).range(request).await };
        self.call(self.patience(), || range.clone(), send).await
    }

    /// Every key of a range as of one revision, a page at a time. `None`: as of now. Says which revision it was.
    pub(crate) async fn scan(
        &self,
        (mut key, range_end): KeyRange,
        mut at: Option<u64>,
        mut take: impl FnMut(KeyValue) -> Result<bool, EtcdError>,
    ) -> Result<u64, EtcdError> {
        loop {
            let page = RangeRequest {
                key,
                range_end: range_end.clone(),
                limit: PAGE,
                revision: at.map_or(0, signed),
                ..RangeRequest::default()
            };
            let found = self.range(page).await?;
            let revision = *at.get_or_insert(found.revision());
            let next = found
                .kvs
                .last()
                .filter(|_| found.more)
                .map(|kv| kv.key.clone());
            for kv in found.kvs {
                if !take(kv)? {
                    return Ok(revision);
                }
            }
            match next {
                None => return Ok(revision),
                Some(last) => {
                    key = last;
                    key.push(0);
                }
            }
        }
    }

    pub(crate) async fn compact(&self, revision: u64) -> Result<(), EtcdError> {
        let message = CompactionRequest {
            revision: signed(revision),
        };
        let send = |channel, request| async move { kv(channel).compact(request).await };
        self.call(self.patience(), || message, send).await?;
        Ok(())
    }

    /// Sends a request to one member after the other until one answers, or time is up.
    pub(crate) async fn call<M, T, F>(
        &self,
        patience: Patience,
        message: impl Fn() -> M,
        send: impl Fn(Channel, Request<M>) -> F,
    ) -> Result<T, EtcdError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let end = Instant::now() + patience.all;
        let mut was_denied = false;
        for attempt in 1.. {
            let at = self.0.current.load(Ordering::Relaxed);
            let left = end.saturating_duration_since(Instant::now());
            let asked = self.ask_member(at, &message, &send);
            let answer = tokio::time::timeout(patience.attempt.min(left), asked);
            let error = match answer.await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => EtcdError::Silent(format!("no answer from {}", self.endpoint(at))),
            };
            match &error {
                // The token is too old, perhaps: another one is asked for, once.
                EtcdError::Denied(_) if self.0.options.user.is_some() && !was_denied => {
                    was_denied = true;
                    *self.0.token.lock().await = None;
                    continue;
                }
                EtcdError::Silent(_) => self.turn_from(at),
                _ => return Err(error),
            }
            if patience.all <= patience.attempt || Instant::now() >= end {
                return Err(error);
            }
            if attempt % self.0.members.len() == 0 {
                tokio::time::sleep_until(end.min(Instant::now() + PAUSE)).await;
            }
        }
        Err(EtcdError::Silent("no member".into()))
    }

    async fn ask_member<M, T, F>(
        &self,
        at: usize,
        message: &impl Fn() -> M,
        send: &impl Fn(Channel, Request<M>) -> F,
    ) -> Result<T, EtcdError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let channel = self.channel(at);
        let request = self.request(at, message()).await?;
        // Boxed: the futures of generated clients are large, and are held by many tasks.
        let answer = Box::pin(send(channel, request)).await;
        answer.map(Response::into_inner).map_err(EtcdError::from)
    }

    /// A request with the user's token. Members without a leader refuse it at once.
    pub(crate) async fn request<M>(&self, at: usize, message: M) -> Result<Request<M>, EtcdError> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("hasleader", MetadataValue::from_static("true"));
        if let Some(token) = self.token(at).await? {
            metadata.insert("token", token);
        }
        Ok(request)
    }

    async fn token(&self, at: usize) -> Result<Option<Token>, EtcdError> {
        let Some(user) = &self.0.options.user else {
            return Ok(None);
        };
        let mut token = self.0.token.lock().await;
        if token.is_none() {
            let login = AuthenticateRequest {
                name: user.name.clone(),
                password: user.password.clone(),
            };
            let answer = AuthClient::new(self.channel(at))
                .authenticate(login)
                .await?;
            let drawn = answer.into_inner().token.parse();
            *token = Some(drawn.map_err(|_| EtcdError::Refused("its token is no header".into()))?);
        }
        Ok(token.clone())
    }

    /// The member that is asked first.
    pub(crate) fn current(&self) -> usize {
        self.0.current.load(Ordering::Relaxed)
    }

    /// This member does not answer: others are asked first from now on, and later calls to it don't use the connection
    /// that may be dead.
    pub(crate) fn turn_from(&self, at: usize) {
        let next = at.wrapping_add(1);
        // Another call may have turned from it already.
        let turned =
            self.0
                .current
                .compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
        if turned.is_ok() {
            let member = self.member(at);
            *member.channel() = member.prepared.connect_lazy();
            tracing::debug!(
                from = self.endpoint(at),
                to = self.endpoint(next),
                "etcd's member does not answer"
            );
        }
    }

    pub(crate) fn channel(&self, at: usize) -> Channel {
        self.member(at).channel().clone()
    }

    pub(crate) fn endpoint(&self, at: usize) -> &str {
        &self.member(at).endpoint
    }

    pub(crate) fn count(&self) -> usize {
        self.0.members.len()
    }

    fn member(&self, at: usize) -> &Member {
        let members = &self.0.members;
        let member = members.get(at % members.len().max(1));
        member.expect(
            "invariant: there is a member, and the rest of a division by their number is below it",
        )
    }
}

/// The client of the service that has the keys.
fn kv(channel: Channel) -> KvClient<Channel> {
    KvClient::new(channel)
        .max_decoding_message_size(MOST_RECEIVED)
        .max_encoding_message_size(MOST_RECEIVED)
}

impl Member {
    fn new(endpoint: &str, options: &EtcdOptions) -> Result<Self, EtcdError> {
        let wrong = |why: &dyn std::fmt::Display| {
            EtcdError::Options(format!("etcd's endpoint {endpoint}: {why}"))
        };
        let mut prepared = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|error| wrong(&error))?
            .connect_timeout(options.attempt)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(options.attempt)
            .tcp_nodelay(true);
        match (prepared.uri().scheme_str(), &options.tls) {
            (Some("https"), Some(tls)) => {
                let tls = client_tls(tls);
                prepared = prepared.tls_config(tls).map_err(|error| wrong(&error))?;
            }
            (Some("https"), None) => {
                return Err(wrong(
                    &"the authority that signs its certificate is not given",
                ));
            }
            (Some("http"), None) => {}
            (Some("http"), Some(_)) => {
                return Err(wrong(&"certificates are given, but it is not https"));
            }
            _ => return Err(wrong(&"it begins neither with http:// nor with https://")),
        }
        Ok(Self {
            endpoint: endpoint.to_owned(),
            channel: std::sync::Mutex::new(prepared.connect_lazy()),
            prepared,
        })
    }

    fn channel(&self) -> MutexGuard<'_, Channel> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client_tls(tls: &EtcdTls) -> ClientTlsConfig {
    let mut config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&tls.authority));
    if let Some((certificate, key)) = &tls.identity {
        config = config.identity(Identity::from_pem(certificate, key));
    }
    if let Some(name) = &tls.server_name {
        config = config.domain_name(name);
    }
    config
}
