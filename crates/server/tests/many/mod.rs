//! A cluster of real nodes over a real etcd, on addresses of its own.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sideroom::cluster::certificates;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::members::{Members, Passage, Road, SLOWEST, own_address};
use crate::running::{Client, KEYS, Refused, Server, api_token, binary};

pub(crate) const NAMES: [&str; 3] = ["media-1", "media-2", "media-3"];

pub(crate) struct Cluster {
    pub(crate) etcd: Members,
    pub(crate) nodes: Vec<Option<Server>>,
    certificates: TempDir,
    ports: Vec<u16>,
    address: String,
    /// Behind these, if the test cuts nodes off.
    roads: Vec<Roads>,
    /// One cluster at a time: each is several processes that must not be starved.
    _turn: MutexGuard<'static, ()>,
}

/// The ways of one node that a test can close: its own to etcd, and that of the other nodes to it.
struct Roads {
    etcd: Vec<Road>,
    peers: Road,
}

static TURN: Mutex<()> = Mutex::const_new(());

impl Cluster {
    /// Starts etcd with so many members, and then the nodes.
    pub(crate) async fn start(members: usize, nodes: usize) -> Self {
        let mut this = Self::prepare(members, nodes).await;
        this.run_all();
        this
    }

    /// The same with nodes that can be cut off.
    pub(crate) async fn start_with_roads(members: usize, nodes: usize) -> Self {
        let mut this = Self::prepare(members, nodes).await;
        for port in this.ports.clone() {
            let mut etcd = Vec::new();
            for url in &this.etcd.urls {
                etcd.push(Road::to(url).await);
            }
            let peers = Road::to(&format!("http://{}:{port}", this.address)).await;
            this.roads.push(Roads { etcd, peers });
        }
        this.run_all();
        this
    }

    /// Lets so much through between a node and etcd, and from the other nodes to it.
    pub(crate) fn set_roads(&self, at: usize, etcd: Passage, peers: Passage) {
        let roads = &self.roads[at];
        roads.etcd.iter().for_each(|road| road.set(etcd));
        roads.peers.set(peers);
    }

    async fn prepare(members: usize, nodes: usize) -> Self {
        let turn = TURN.lock().await;
        let etcd = Members::start(members, &[]).await;
        let directory = tempfile::tempdir().unwrap();
        let names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
        certificates::init(directory.path(), &names).unwrap();
        let address = own_address().to_string();
        let free = |_| {
            let listener = std::net::TcpListener::bind((address.as_str(), 0)).unwrap();
            listener.local_addr().unwrap().port()
        };
        Self {
            etcd,
            nodes: Vec::new(),
            certificates: directory,
            ports: (0..nodes).map(free).collect(),
            address,
            roads: Vec::new(),
            _turn: turn,
        }
    }

    fn run_all(&mut self) {
        for at in 0..self.ports.len() {
            let node = self.run(at);
            self.nodes.push(Some(node));
        }
    }

    /// The configuration of a node, for the node itself and for tools.
    pub(crate) fn settings(&self, at: usize) -> Vec<(String, String)> {
        let file = |name: String| self.certificates.path().join(name).display().to_string();
        let roads = self.roads.get(at);
        let etcd = match roads {
            None => self.etcd.urls.clone(),
            Some(roads) => roads.etcd.iter().map(|road| road.url.clone()).collect(),
        };
        let advertise = roads.map_or("", |roads| roads.peers.url.trim_start_matches("http://"));
        let settings = [
            ("AUTH_KEYS", KEYS.to_owned()),
            (
                "LOG_LEVEL",
                std::env::var("TEST_LOG").unwrap_or_else(|_| "error".into()),
            ),
            ("NODE_NAME", NAMES[at].to_owned()),
            ("CLUSTER_ETCD", etcd.join(",")),
            ("CLUSTER_ADVERTISE", advertise.to_owned()),
            (
                "CLUSTER_LISTEN",
                format!("{}:{}", self.address, self.ports[at]),
            ),
            ("CLUSTER_AUTHORITY_FILE", file("authority.pem".into())),
            (
                "CLUSTER_CERTIFICATE_FILE",
                file(format!("{}.pem", NAMES[at])),
            ),
            ("CLUSTER_KEY_FILE", file(format!("{}-key.pem", NAMES[at]))),
        ];
        let settings = settings.into_iter();
        settings
            .map(|(name, value)| (format!("SIDEROOM_{name}"), value))
            .collect()
    }

    /// The first node is an older server, if `TEST_OLD_SERVER` names one.
    fn run(&self, at: usize) -> Server {
        let old = std::env::var_os("TEST_OLD_SERVER").filter(|_| at == 0);
        let mut command = Command::new(old.unwrap_or_else(binary));
        command
            .args(["serve", "--dev", "--workers", "1"])
            .env_clear();
        command.envs(self.settings(at));
        Server::start_as(&mut command, &[])
    }

    /// Starts a node again.
    pub(crate) fn restart(&mut self, at: usize) {
        self.nodes[at] = Some(self.run(at));
    }

    pub(crate) fn kill(&mut self, at: usize) {
        if let Some(mut node) = self.nodes[at].take() {
            node.kill();
        }
    }

    pub(crate) fn node(&self, at: usize) -> &Server {
        self.nodes[at].as_ref().expect("the node runs")
    }

    pub(crate) fn client(&self, at: usize) -> Client {
        Client::with_token(&self.node(at).http, api_token())
    }

    /// Runs `sideroom cluster …` with the configuration of a node; what it prints.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Result<String, String> {
        self.tool_with(arguments, self.settings(0))
    }

    /// The same with another configuration.
    pub(crate) fn tool_with(
        &self,
        arguments: &[&str],
        settings: Vec<(String, String)>,
    ) -> Result<String, String> {
        let mut command = Command::new(binary());
        command.arg("cluster").args(arguments).env_clear();
        let output = command.envs(settings).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }
    }

    /// The node that owns a room now. A slow machine may have changed it: nodes are taken for dead sooner there.
    pub(crate) fn owner_of(&self, room: &str) -> Option<usize> {
        let rooms = self.tool(&["rooms"]).unwrap();
        let line = rooms
            .lines()
            .find(|line| line.split_whitespace().next() == Some(room))?;
        let owner = line.split_whitespace().nth(2)?;
        NAMES.iter().position(|name| *name == owner)
    }
}

/// Asks again, with the same request id, until the cluster answers. As a caller does whose connection broke.
pub(crate) fn answered(
    cluster: &Cluster,
    nodes: &[usize],
    method: &str,
    body: &Value,
) -> Result<Value, (u16, String)> {
    let begun = Instant::now();
    for at in nodes.iter().cycle() {
        match cluster.client(*at).ask(method, body) {
            Ok(answer) => return Ok(answer),
            Err(Refused::Status(status, why)) if status < 500 => return Err((status, why)),
            Err(refused) => {
                assert!(begun.elapsed() < SLOWEST, "{method} {body}: {refused:?}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    unreachable!("the nodes go round")
}

/// Creates a room with two breakouts at a node.
pub(crate) fn create(cluster: &Cluster, at: usize, room: &str) -> Value {
    let body = json!({ "room": room, "requestId": "create" });
    let made = answered(cluster, &[at], "RoomService/CreateRoom", &body).unwrap();
    let definition = json!({ "maxRooms": 2, "participants": "4", "media": { "audio": true } });
    let body = json!({ "room": room, "requestId": "breakouts", "definition": definition });
    answered(cluster, &[at], "BreakoutService/CreateBreakouts", &body).unwrap();
    made
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SLOWEST, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A command that changes a breakout's name.
pub(crate) fn rename(room: &str, number: u64) -> Value {
    json!({
        "room": room, "requestId": format!("rename-{number}"),
        "breakoutId": "b1", "displayName": format!("name {number}"),
    })
}
