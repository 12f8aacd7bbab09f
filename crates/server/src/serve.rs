//! From a configuration to a running server: its parts, and the order in which they start and stop. The inner
//! part is [`app`](crate::app).

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use sideroom_rpc::auth::Keys;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};

use crate::cluster::{Connection, ConnectionError};
use crate::config::{ApiKey, Config, ConfigError, KeysError};
use crate::health::Health;
use crate::listen;
use crate::listen::descriptors::{self, Budget};
use crate::logging::LogError;
use crate::metrics::Exporter;
use crate::reload::{Reload, Source};
use crate::shutdown::{Phase, Shutdown};
use crate::store::{self, Journal, StoreError};
use crate::telemetry::{Telemetry, TelemetryError};
use crate::tls::{Tls, TlsError};
use crate::webhooks::{self, SettingsError, StartedWebhooks};
use crate::{admin, clock};

/// Connections that wait to be taken: one that finds no room there is a second late.
const BACKLOG: u32 = 4_096;
/// How often observations move into their histograms.
const UPKEEP_S: u64 = 5;
/// How often journals of ended rooms are looked through.
const FORGET_EVERY_S: u64 = 3_600;

/// Why the server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// No caller could authenticate.
    #[error(
        "there is no API key and no certificate, so nobody could call; set auth.keys or \
         SIDEROOM_AUTH_KEYS=id:secret, or auth.certificates, or try `sideroom serve --dev`"
    )]
    NoKeys,
    /// The certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A receiver of events cannot be used.
    #[error(transparent)]
    Webhooks(#[from] SettingsError),
    /// Nowhere to send traces to.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The log's filter is none.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store cannot be used.
    #[error("{path}: {source}")]
    Store {
        path: String,
        /// The store's error.
        source: StoreError,
    },
    /// The cluster cannot be reached as it is configured.
    #[error(transparent)]
    Cluster(#[from] ConnectionError),
    /// An address cannot be listened on.
    #[error("{key}: cannot listen on {address}: {source}")]
    Listen {
        /// The key of the configuration that names the address.
        key: &'static str,
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The system refuses threads or signals.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
    /// The application failed.
    #[error("{0}")]
    App(Box<dyn std::error::Error + Send + Sync>),
}

/// The parts handed to the application.
pub struct ServerParts {
    /// The configuration, validated.
    pub config: Arc<Config>,
    /// A development server: tokens are handed out to anybody.
    pub dev: bool,
    /// Keys and certificates that verify callers.
    pub keys: Keys,
    /// The store of rooms, which survives a restart.
    pub journal: Journal,
    /// Receivers of events, until they have begun.
    pub webhooks: Option<webhooks::Settings>,
    /// Where they are found then.
    pub desk: StartedWebhooks,
    /// The state behind the admin port.
    pub health: Health,
    /// Where the server is in its life. The parts say when they are ready and obey the end.
    pub shutdown: Shutdown,
    /// The division of file descriptors.
    pub budget: Budget,
    /// The port of pages, JSON, WebSocket, WHIP and WHEP.
    pub http: TcpListener,
    /// The port of the gRPC API.
    pub grpc: TcpListener,
    /// TLS for both, unless they are plain.
    pub tls: Option<Tls>,
    /// The way to other nodes, and the port for them; `None`: this node is alone.
    pub cluster: Option<(Connection, TcpListener)>,
}

/// Runs the server until it is told to stop. `source` gives the configuration again after a SIGHUP.
pub fn run(mut config: Config, dev: bool, source: Source) -> Result<(), ServeError> {
    let begun = clock::now();
    if dev {
        make_dev(&mut config);
    }
    check(&config)?;
    let telemetry = Telemetry::start(&config)?;
    crate::logging::init(&config.log, telemetry.as_ref())?;
    let exporter = Exporter::install();
    let keys = Keys::new(config.keyring()?);
    let tls = Tls::read(&config.tls)?;
    let webhooks = webhooks::Settings::read(&config.webhooks)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("control")
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let hangup = signal(SignalKind::hangup())?;
        let cluster = open_cluster(&config)?;
        let journal = open_journal(&config, cluster.as_ref())?;
        let health = Health::new(shutdown.clone(), journal.clone());
        let desk = StartedWebhooks::default();
        let http = listen("http.listen", config.http.listen)?;
        let grpc = listen("grpc.listen", config.grpc.listen)?;
        let admin = listen("admin.listen", config.admin.listen)?;
        let welcome = welcome(&config, dev, [&http, &grpc, &admin])?;
        let budget = budget(&config);
        listen::open(
            admin::door(crate::front::patience(&config)),
            admin,
            admin::router(exporter.clone(), health.clone(), dev)
                .merge(admin::webhooks(Arc::clone(&desk), keys.clone())),
            None,
        );
        tokio::spawn(upkeep(exporter));
        tokio::spawn(forget(journal.clone(), config.store.keep_ended_rooms_h));
        tokio::spawn(greet(
            shutdown.reached(Phase::Running),
            config.node.name.clone(),
            begun,
            welcome,
        ));
        let config = Arc::new(config);
        let reload = Reload {
            source,
            dev,
            running: Arc::clone(&config),
            keys: keys.clone(),
            tls: tls.clone(),
        };
        tokio::spawn(reload.on(hangup));
        let launch = ServerParts {
            config,
            dev,
            keys,
            journal,
            webhooks,
            desk,
            health,
            shutdown,
            budget,
            http,
            grpc,
            tls,
            cluster,
        };
        crate::app::run(launch).await.map_err(ServeError::App)
    })
}

/// It can work, and somebody can call.
pub(crate) fn check(config: &Config) -> Result<(), ServeError> {
    config.validate()?;
    match config.auth.keys.is_empty() && config.auth.certificates.is_empty() {
        true => Err(ServeError::NoKeys),
        false => Ok(()),
    }
}

/// The journals of the rooms: in etcd if there are other nodes, otherwise in a file.
fn open_journal(
    config: &Config,
    cluster: Option<&(Connection, TcpListener)>,
) -> Result<Journal, ServeError> {
    if let Some((connection, _)) = cluster {
        return Ok(Journal::new(Arc::new(connection.store())));
    }
    let store = store::open(&config.store).map_err(|source| ServeError::Store {
        path: config.store.path.clone(),
        source,
    })?;
    Ok(Journal::new(store))
}

/// The way to other nodes, if there are any.
fn open_cluster(config: &Config) -> Result<Option<(Connection, TcpListener)>, ServeError> {
    if !config.cluster.is_on() {
        return Ok(None);
    }
    let connection = Connection::open(config)?;
    let listener = listen("cluster.listen", config.cluster.listen)?;
    Ok(Some((connection, listener)))
}

/// Shares out the file descriptors that the system grants.
fn budget(config: &Config) -> Budget {
    let files = descriptors::open_files();
    let wanted = usize::try_from(config.limits.connections).unwrap_or(usize::MAX);
    let budget = Budget::share(files, config.worker_count().into(), wanted);
    if budget.connections < wanted {
        tracing::warn!(
            files,
            connections = budget.connections,
            wanted,
            "the limit of open files is too low for limits.connections; raise it (LimitNOFILE)"
        );
    }
    budget
}

/// Loopback only, rooms in memory, a key of its own.
pub(crate) fn make_dev(config: &mut Config) {
    let defaults = Config::default();
    let loopback = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    for (listen, default) in [
        (&mut config.http.listen, defaults.http.listen),
        (&mut config.grpc.listen, defaults.grpc.listen),
    ] {
        if *listen == default {
            listen.set_ip(loopback);
        }
    }
    if config.media.bind == defaults.media.bind && config.media.announce.is_empty() {
        config.media.bind = loopback;
    }
    if config.store.path == defaults.store.path {
        config.store.path = "memory".into();
    }
    if config.auth.keys.is_empty() {
        let secret = fresh_secret();
        config.auth.keys.push(ApiKey {
            id: "dev".into(),
            secret,
            ..ApiKey::default()
        });
    }
}

fn fresh_secret() -> String {
    let bytes: [u8; 32] = aws_lc_rs::rand::generate(&aws_lc_rs::rand::SystemRandom::new())
        .expect("invariant: the system has random bytes")
        .expose();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bind = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|source| ServeError::Listen {
        key,
        address,
        source,
    })
}

/// Says that the server is ready, once it is.
async fn greet(ready: impl Future<Output = ()>, node: String, begun: Instant, welcome: String) {
    ready.await;
    tracing::info!(%node, took_ms = begun.elapsed().as_millis(), "ready");
    // A failure is ignored: the process that read the addresses may have closed the pipe.
    drop(std::io::stdout().write_all(welcome.as_bytes()));
}

/// Composes the lines printed once everything runs. Scripts read the addresses from them.
fn welcome(
    config: &Config,
    dev: bool,
    [http, grpc, admin]: [&TcpListener; 3],
) -> Result<String, ServeError> {
    let (http, grpc, admin) = (http.local_addr()?, grpc.local_addr()?, admin.local_addr()?);
    let mut text = format!("sideroom {}\n", env!("CARGO_PKG_VERSION"));
    if dev {
        text += &dev_welcome(config, http);
    }
    text += &format!(
        "http    {http}\ngrpc    {grpc}\nadmin   {admin}\nstore   {}\n",
        match config.cluster.is_on() {
            true => "etcd",
            false => config.store.path.as_str(),
        }
    );
    Ok(text)
}

/// Where to begin with a development server, and its key: that of this start, unless one was given.
fn dev_welcome(config: &Config, http: SocketAddr) -> String {
    let scheme = match config.tls.certificate_file.is_empty() {
        true => "http",
        false => "https",
    };
    let url = format!("{scheme}://{http}");
    let mut text = format!(
        "
    Open this page in two tabs:    {url}/
    Watch every room:              {url}/console
    A token for a client:          curl -s '{url}/dev/token?room=math&name=Ada&plain'
    A token for your own server:   curl -s '{url}/dev/operator?plain'

"
    );
    for key in config.auth.keys.iter().filter(|key| key.id == "dev") {
        text += &format!(
            "key     SIDEROOM_AUTH_KEYS={}:{}\n        \
             (export it in another shell: `sideroom token` and `sideroom top` then use it)\n",
            key.id, key.secret
        );
    }
    text
}

async fn upkeep(exporter: Exporter) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(UPKEEP_S));
    loop {
        every.tick().await;
        exporter.upkeep();
        crate::logging::report_repeated();
    }
}

async fn forget(journal: Journal, keep_h: u32) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(FORGET_EVERY_S));
    loop {
        every.tick().await;
        let before = clock::unix_ms().saturating_sub(u64::from(keep_h) * 3_600_000);
        if let Err(error) = journal.forget_ended_before(before).await {
            tracing::warn!(%error, "journals of ended rooms are not forgotten");
        }
    }
}
