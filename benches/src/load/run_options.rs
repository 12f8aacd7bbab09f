//! Options that all scenarios share: the server, the rounds, the clients' network, the bounds.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;
use sideroom_sim::link::Impairment;

use super::path::{PathChange, PathOptions, changes_of, settings};
use crate::profile::Profile;

/// A server that can be driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Sideroom, started here or running elsewhere (--url).
    Sideroom,
    /// The bare path: static keys and nothing else.
    Bare,
    /// Any server with WHIP and WHEP (--whip-url, --whep-url), Sideroom's own without these.
    WhipWhep,
    /// Any other server, by a small program that stands before it (--url, --server-pid).
    Shim,
    /// Janus: its VideoRoom plugin over its HTTP API.
    Janus,
}

/// How clients join a Sideroom server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinBy {
    /// By the JSON API, as a signaling server lets its clients in.
    Json,
    /// By a WebSocket for each, as browsers do, which stays open and receives every event.
    Websocket,
}

/// Options of all scenarios.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// The server to measure.
    #[arg(long, global = true, value_enum, default_value_t = TargetKind::Sideroom)]
    pub target: TargetKind,
    /// A second server that is driven in turns with the first, and that the ratio of CPU for each
    /// packet is taken to.
    #[arg(long, global = true, value_enum)]
    pub against: Option<TargetKind>,
    /// How often each server is driven; the median counts.
    #[arg(long, global = true, default_value_t = 1)]
    pub rounds: usize,
    /// How media are protected.
    #[arg(long, global = true, value_enum, default_value_t = Profile::Gcm128)]
    pub profile: Profile,
    /// How long is measured, in seconds.
    #[arg(long, global = true, default_value = "10", value_parser = seconds)]
    pub duration: Duration,
    /// How long media flow before that, in seconds.
    #[arg(long, global = true, default_value = "2", value_parser = seconds)]
    pub warm_up: Duration,
    /// Threads of the load tool that clients are spread over.
    #[arg(long, global = true, default_value_t = 1)]
    pub swarms: usize,
    /// Media workers of a Sideroom server that is started here.
    #[arg(long, global = true, default_value_t = 1)]
    pub workers: usize,
    /// Store of a Sideroom server that is started here: a file, or memory.
    #[arg(long, global = true, default_value = "memory")]
    pub store: String,
    /// Processors of a server that is started here, as for taskset -c.
    #[arg(long, global = true)]
    pub server_cpus: Option<String>,
    /// Processors of the load tool itself.
    #[arg(long, global = true)]
    pub load_cpus: Option<String>,
    /// Address of the first client; the others have the following ones. They must be local.
    #[arg(long, global = true, default_value = "127.1.0.1")]
    pub client_addresses: Ipv4Addr,
    /// Address of a server that is started here. It must be local; some servers refuse loopback.
    #[arg(long, global = true, default_value = "127.0.0.1")]
    pub server_address: Ipv4Addr,
    /// How clients join a Sideroom server.
    #[arg(long, global = true, value_enum, default_value_t = JoinBy::Json)]
    pub join_by: JoinBy,
    /// Where clients publish by WHIP; {room} stands for the room.
    #[arg(long, global = true)]
    pub whip_url: Option<String>,
    /// Where clients receive by WHEP.
    #[arg(long, global = true)]
    pub whep_url: Option<String>,
    /// The bearer of all WHIP and WHEP clients.
    #[arg(long, global = true)]
    pub bearer: Option<String>,
    /// Event loops of a Janus that is started here; 0: a thread for each connection, its default.
    #[arg(long, global = true, default_value_t = 0)]
    pub janus_event_loops: usize,
    /// Clients send no receiver reports and no feedback on arrival times.
    #[arg(long, global = true)]
    pub no_feedback: bool,
    /// A packet sent this shortly before its publisher's move was asked for may follow it: it was on its way
    /// to the server. Such packets are counted; anything older is a leak.
    #[arg(long, global = true, default_value_t = 50)]
    pub flight_ms: u64,
    /// Puts every client behind a bad network of its own, with these impairments of packets from the server,
    /// in the words of sideroom-link:
    /// rate=2m,queue=300ms,delay=30ms,jitter=5ms,loss=1%,burst=0.01,burst-length=5,
    /// reorder=0.1,duplicate=0.01,stall=200ms,stall-every=1s. Leaks are looked for before it.
    #[arg(long, global = true, value_parser = settings)]
    pub path: Option<Impairment>,
    /// Changes --path this long after the client came, such as '4s rate=10m'; impairments that it does not
    /// name stay. May be given more than once.
    #[arg(long, global = true, value_parser = PathChange::read)]
    pub path_at: Vec<PathChange>,
    /// The same as --path for packets to the server.
    #[arg(long, global = true, value_parser = settings)]
    pub path_up: Option<Impairment>,
    /// Every client announces this receive rate (REMB), such as 2m, beside its reports on arrival times: the
    /// server's estimate is never above it.
    #[arg(long, global = true, value_parser = bits_per_s)]
    pub remb: Option<u64>,
    /// The same seed and the same packets give the same losses.
    #[arg(long, global = true, default_value_t = 1)]
    pub path_seed: u64,
    /// Makes runs alike.
    #[arg(long, global = true, default_value_t = 1)]
    pub seed: u32,
    /// Print one JSON object at the end, progress goes to the standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// A server that runs already, such as http://127.0.0.1:8080.
    #[arg(long, global = true)]
    pub url: Option<String>,
    /// Its process, to read its cost from.
    #[arg(long, global = true)]
    pub server_pid: Option<u32>,
    /// The program to start as the server; by default the one beside this program.
    #[arg(long, global = true)]
    pub server_bin: Option<PathBuf>,
    /// Id of the API key of a server that runs already.
    #[arg(long, global = true)]
    pub api_key: Option<String>,
    /// Its secret. Read from SIDEROOM_API_SECRET if not given.
    #[arg(long, global = true)]
    pub api_secret: Option<String>,
    /// Bounds that a run must keep.
    #[command(flatten)]
    pub bounds: Bounds,
}

impl Common {
    /// The simulated network of each client, unless clients use the machine's own.
    pub fn path(&self) -> Option<PathOptions> {
        let changes = !self.path_at.is_empty();
        let limited =
            self.path.is_some() || self.path_up.is_some() || self.remb.is_some() || changes;
        let down = self.path.unwrap_or_default();
        limited.then(|| PathOptions {
            down,
            up: self.path_up,
            changes: changes_of(down, &self.path_at),
            remb: self.remb,
            seed: self.path_seed,
        })
    }
}

/// Limits that make the program end with an error when they are broken.
#[derive(Args, Clone, Debug, Default)]
pub struct Bounds {
    /// Largest share of packets that may be lost.
    #[arg(long, global = true)]
    pub max_loss: Option<f64>,
    /// Most packets that may reach the wrong group.
    #[arg(long, global = true)]
    pub max_leaks: Option<u64>,
    /// Longest delay through the server that 99 of 100 packets may have, without the tool's own part.
    #[arg(long, global = true)]
    pub max_delay_p99_ms: Option<f64>,
    /// Longest time from asking for a move to the first packet of the new group, for 99 of 100 moves.
    #[arg(long, global = true)]
    pub max_move_p99_ms: Option<f64>,
    /// Largest ratio of CPU for each packet to the server of --against.
    #[arg(long, global = true)]
    pub max_ratio: Option<f64>,
    /// Smallest ratio of CPU for each packet to the server of --against.
    #[arg(long, global = true)]
    pub min_ratio: Option<f64>,
    /// Smallest share of packets that the server's pacers keep for a while (with --path).
    #[arg(long, global = true)]
    pub min_paced: Option<f64>,
    /// Smallest rate of forwarded packets a second without loss (saturate).
    #[arg(long, global = true)]
    pub min_packets_per_s: Option<f64>,
    /// Accept figures although the load tool was the bottleneck.
    #[arg(long, global = true)]
    pub allow_invalid: bool,
}

/// Bits a second, as sideroom-link has them.
fn bits_per_s(text: &str) -> Result<u64, String> {
    let rate = sideroom_sim::settings::rate(text);
    rate.ok_or_else(|| "expected bits a second, such as 500k".to_owned())
}

/// A number of seconds, perhaps with a part.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
