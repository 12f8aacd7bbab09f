//! The configuration: one typed struct, read once from defaults, a TOML file, the environment and flags,
//! later ones winning. It refuses unknown keys, and names the nearest known one.

mod announced;
pub(crate) mod cluster;
mod keys;
mod proxies;
mod read;
mod validate;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use announced::Announced;
pub use cluster::{ClusterConfig, WhenAlone};
pub use keys::KeysError;
pub use read::ConfigError;
pub use validate::Complaint;

/// Everything that an operator can set.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The node as a whole.
    pub node: NodeConfig,
    /// Pages, JSON, WebSocket, WHIP and WHEP.
    pub http: HttpConfig,
    /// gRPC for signaling servers.
    pub grpc: GrpcConfig,
    /// Certificates for HTTP and gRPC.
    pub tls: TlsConfig,
    /// Health and metrics.
    pub admin: AdminConfig,
    /// Sockets for media.
    pub media: MediaConfig,
    /// The relay for clients that cannot reach those sockets.
    pub turn: TurnConfig,
    /// Codecs a room gets unless it asks for another.
    pub codecs: CodecConfig,
    /// Authentication of callers.
    pub auth: AuthConfig,
    /// Defaults of a new room.
    pub rooms: RoomDefaults,
    /// Limits on rooms, calls and connections.
    pub limits: LimitConfig,
    /// Events for receivers outside.
    pub webhooks: WebhookConfig,
    /// Journal and snapshots.
    pub store: StoreConfig,
    /// Other nodes, with which this one shares its rooms.
    pub cluster: ClusterConfig,
    /// The server's log.
    pub log: LogConfig,
    /// Traces for a collector.
    pub telemetry: TelemetryConfig,
}

macro_rules! section {
    ($(#[$doc:meta])+ $name:ident { $($(#[$field_doc:meta])+ $field:ident: $kind:ty = $default:expr,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])+ pub $field: $kind,)+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }
    };
}

section! {
    /// The node as a whole.
    NodeConfig {
        /// The name of this node in statistics, logs and its cluster.
        name: String = "sideroom".into(),
        /// Media workers, each one OS thread with one port. 0: one for each core.
        workers: u16 = 0,
        /// Participants of one room on one worker before the room spreads to another.
        spread_above: u32 = 150,
        /// How long a drain waits for rooms to end before it closes them.
        drain_deadline_s: u32 = 300,
    }
}

section! {
    /// Pages, JSON, WebSocket, WHIP and WHEP.
    HttpConfig {
        /// Where to listen.
        listen: SocketAddr = any(7900),
        /// Directory of the pages to serve. Empty: those in the binary.
        pages: String = String::new(),
        /// Origins whose pages may call, as browsers write them. Empty: only our own pages.
        allowed_origins: Vec<String> = Vec::new(),
        /// Trust `X-Forwarded-For` of whoever connects. Only where nobody but a proxy that sets it can connect.
        behind_proxy: bool = false,
        /// Addresses and networks, such as `10.0.0.0/8`, of proxies whose `X-Forwarded-For` is trusted. Not that of others.
        trusted_proxies: Vec<String> = Vec::new(),
    }
}

section! {
    /// gRPC for signaling servers.
    GrpcConfig {
        /// Where to listen.
        listen: SocketAddr = any(7901),
    }
}

section! {
    /// Certificates for HTTP and gRPC.
    TlsConfig {
        /// PEM file with the certificate chain. Empty: no TLS, for a proxy in front.
        certificate_file: String = String::new(),
        /// PEM file with the certificate's private key.
        key_file: String = String::new(),
        /// PEM file with the authority that signs signaling servers: gRPC is then for clients with a
        /// certificate of it. Those that `auth.certificates` names need no token.
        client_authority_file: String = String::new(),
        /// PEM file with the authority's revocation lists. Empty: there are none.
        client_revocation_file: String = String::new(),
    }
}

section! {
    /// Health and metrics. Without authentication, so keep it on an inner network.
    AdminConfig {
        /// Where to listen.
        listen: SocketAddr = loopback(7902),
    }
}

section! {
    /// Sockets for media.
    MediaConfig {
        /// The address that workers bind.
        bind: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        /// UDP and TCP port of the first worker; the others follow.
        first_port: u16 = 7910,
        /// Also accept media over TCP, for networks without UDP.
        tcp: bool = true,
        /// Addresses that clients are told to send to, with the first of the public ports where they are others
        /// (`203.0.113.7:40000`). Empty: those of the interfaces.
        announce: Vec<Announced> = Vec::new(),
        /// Kernel receive buffer of each UDP socket.
        receive_buffer_bytes: u32 = 8 << 20,
        /// Kernel send buffer of each UDP socket.
        send_buffer_bytes: u32 = 8 << 20,
    }
}

section! {
    /// The server's own TURN, for clients whose network blocks the media ports. It relays to the media workers
    /// only.
    TurnConfig {
        /// Serve TURN on the HTTP port, beside HTTP: TLS if that port speaks TLS.
        enabled: bool = true,
        /// A port for TURN without TLS over UDP and TCP at `media.bind`, usually 3478. 0: none.
        port: u16 = 0,
        /// The URLs for clients, such as `turns:meet.example.org:443?transport=tcp`. Empty: the host and port that
        /// they joined at.
        urls: Vec<String> = Vec::new(),
        /// How long credentials are good. They come with each join.
        credentials_life_s: u32 = 600,
        /// Clients that are relayed at once, at most.
        clients: u32 = 4_096,
        /// Relayed addresses of one participant, at most.
        addresses_per_participant: u32 = 8,
        /// Bytes a second of one client, in each direction.
        bytes_per_s_per_client: u32 = 2_500_000,
        /// Requests a second of one address (IPv6: of one /48) without valid credentials; more get no answer.
        requests_per_s_per_address: u32 = 50,
    }
}

section! {
    /// Codecs a room gets unless it asks for another.
    CodecConfig {
        /// Video codec of a room. Audio is Opus, with redundancy (RED) for subscribers that lose packets.
        video: VideoCodec = VideoCodec::Vp8,
        /// Ask clients to send next to nothing while nobody speaks (Opus DTX). A client gets it too by
        /// `usedtx=1` in its offer.
        dtx: bool = false,
    }
}

/// Video codecs a room can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    /// The codec VP8.
    Vp8,
    /// The codec VP9.
    Vp9,
    /// H.264.
    H264,
    /// The codec AV1.
    Av1,
}

section! {
    /// Authentication of callers.
    AuthConfig {
        /// Keys of signaling servers. Several are valid at once, so that they can be rotated.
        keys: Vec<ApiKey> = Vec::new(),
        /// Client certificates of signaling servers that need no token, over gRPC.
        certificates: Vec<ClientCertificate> = Vec::new(),
        /// How far a token's clock may differ from ours.
        clock_skew_s: u32 = 30,
        /// The longest life that a client's token may have.
        max_token_life_s: u32 = 86_400,
        /// The longest life that a signaling server's token may have.
        max_api_token_life_s: u32 = 86_400,
    }
}

/// One key of a signaling server.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKey {
    /// The `iss` of its tokens.
    pub id: String,
    /// The shared secret, at least 32 bytes.
    pub secret: String,
    /// A file with the secret, instead of `secret`.
    pub secret_file: String,
    /// The key's scopes. Empty: all.
    pub scopes: Vec<String>,
}

/// A client certificate of a signaling server, named in one of two ways.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientCertificate {
    /// The actor that it is, in the journal and for limits. No key has the same.
    pub id: String,
    /// A DNS name or URI among its subject alternative names.
    pub name: String,
    /// The certificate's SHA-256 in hexadecimal digits, instead of `name`.
    pub fingerprint: String,
    /// The certificate's scopes. Empty: all.
    pub scopes: Vec<String>,
}

impl fmt::Debug for ApiKey {
    /// Never shows the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

section! {
    /// Events for receivers outside.
    WebhookConfig {
        /// Where events are posted to.
        receivers: Vec<WebhookReceiver> = Vec::new(),
        /// The secret of receivers that have none of their own, at least 32 bytes.
        secret: String = String::new(),
        /// Events of one room in one request, at most.
        events_per_request: u32 = 50,
        /// Requests to one receiver at once. Of one room there is one at a time.
        requests_at_once: u32 = 8,
        /// How long a receiver may take to answer.
        timeout_ms: u32 = 10_000,
        /// The wait after a failure. It doubles with each further one.
        retry_first_ms: u32 = 1_000,
        /// The longest wait after a failure.
        retry_longest_s: u32 = 300,
        /// An event that a receiver has not taken for this long becomes a dead letter.
        retry_for_h: u32 = 72,
        /// The size of all events that wait, or are kept to be sent again. Beyond it the oldest are forgotten.
        outbox_bytes: u64 = 512 * 1_024 * 1_024,
        /// Events that are kept after they are delivered, to be sent again.
        keep_events: u32 = 10_000,
    }
}

/// Where events are posted to.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookReceiver {
    /// Its name in logs, metrics and commands. Its place among the events is kept under this name.
    pub id: String,
    /// `https://` or `http://`.
    pub url: String,
    /// Signs the requests, at least 32 bytes. Empty: `webhooks.secret`.
    pub secret: String,
    /// A file with the secret, instead of `secret`.
    pub secret_file: String,
    /// Only rooms whose names begin with one of these. Empty: all.
    pub rooms: Vec<String>,
    /// Only events of these types, such as `participantJoined`. Empty: all.
    pub events: Vec<String>,
    /// PEM file of certificate authorities for https. Empty: those of the system.
    pub authority_file: String,
}

impl fmt::Debug for WebhookReceiver {
    /// Never shows the secret, nor the URL, which may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookReceiver")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

section! {
    /// Defaults of a new room.
    RoomDefaults {
        /// The most audio tracks of one group that are heard at once.
        max_active_talkers: u8 = 6,
        /// The most breakouts of a room.
        max_breakouts: u8 = 10,
        /// How long the place of a participant whose connection dropped is kept.
        reconnect_grace_s: u32 = 30,
        /// How long a room without participants lives. 0: until it is deleted.
        empty_timeout_s: u32 = 0,
    }
}

section! {
    /// Limits on rooms, calls and connections of one node.
    LimitConfig {
        /// Rooms on this node.
        rooms: u32 = 10_000,
        /// Participants of one room.
        participants_per_room: u32 = 1_000,
        /// Participants on this node.
        participants: u32 = 20_000,
        /// Watches that clients have of one room, beside their sockets. Those of signaling servers are not counted.
        watchers_per_room: u32 = 2_000,
        /// Watches of one participant, beside their socket.
        watches_per_participant: u32 = 8,
        /// Connections of clients to the HTTP and gRPC ports. Fewer if the system grants too few descriptors.
        connections: u32 = 24_000,
        /// Connections of one address (IPv6: of one /48) that have shown no valid token; more close the oldest. Behind a trusted proxy by the address that it names.
        connections_per_address: u32 = 512,
        /// WebSockets of one address without a join; more are refused.
        waiting_sockets_per_address: u32 = 256,
        /// The headers of a request, and a TLS handshake, must come within this time.
        header_timeout_s: u32 = 10,
        /// A connection between two requests is closed after this time.
        idle_timeout_s: u32 = 120,
        /// A client that takes no byte of an answer for this long is cut off.
        stall_timeout_s: u32 = 30,
        /// Bytes of one request or message.
        message_bytes: u32 = 524_288,
        /// Requests that wait for one room before new ones are refused.
        queued_commands: u32 = 4_096,
        /// Requests a second of one API key.
        requests_per_s_per_key: u32 = 10_000,
        /// Commands a second of one participant.
        requests_per_s_per_client: u32 = 50,
        /// Unauthenticated requests and joins a second of one address.
        requests_per_s_per_address: u32 = 100,
    }
}

section! {
    /// Journal and snapshots.
    StoreConfig {
        /// The file of the store, or "memory": then nothing survives a restart.
        path: String = "/var/lib/sideroom/rooms.redb".into(),
        /// A room is saved whole after this many records, so that a restart replays no more.
        snapshot_every_records: u32 = 1_000,
        /// The journal of a room that has ended is kept this long.
        keep_ended_rooms_h: u32 = 720,
        /// Memory that the store may use to keep pages.
        cache_bytes: u64 = 64 << 20,
    }
}

section! {
    /// Logs, on standard error.
    LogConfig {
        /// For people or for machines.
        format: LogFormat = LogFormat::Text,
        /// The level to log, or directives such as `info,sideroom::rooms=debug`.
        level: String = "info".into(),
    }
}

section! {
    /// Traces: a span for every call, command and join, sent to a collector.
    TelemetryConfig {
        /// Where an OpenTelemetry collector takes OTLP over HTTP, such as `http://127.0.0.1:4318`. Empty:
        /// no traces.
        otlp_endpoint: String = String::new(),
        /// How many of a hundred traces that begin here are sent. A caller's own trace is followed as it
        /// says.
        sample_percent: u32 = 100,
    }
}

/// The shape of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
