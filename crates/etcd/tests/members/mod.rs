//! Members of a real etcd, on free ports, in a directory that goes with them; and a way to one of them that can be
//! made to fail.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use sideroom_etcd::{Etcd, EtcdOptions};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// How long a slow machine may take for anything that has to happen.
pub const SLOWEST: Duration = Duration::from_secs(60);

pub struct Members {
    pub urls: Vec<String>,
    members: Vec<Member>,
    directory: TempDir,
}

struct Member {
    arguments: Vec<String>,
    process: Option<Child>,
}

/// Where `deploy/dev/setup.sh etcd` has unpacked etcd, if it is not installed.
fn program(name: &str) -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/etcd/usr/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([unpacked]);
    places
        .map(|each| each.join(name))
        .find(|each| each.exists())
}

/// True if etcd is there. Without it a test is skipped, unless `make test` asks for all of them.
pub fn is_there() -> bool {
    let found = program("etcd").is_some() && program("etcdctl").is_some();
    let missing =
        "etcd and etcdctl are missing: run `deploy/dev/setup.sh etcd`, which `make test-rust` does";
    let is_required = std::env::var_os("TEST_ETCD").is_some();
    assert!(found || !is_required, "{missing}");
    if !found {
        eprintln!("skipped: {missing}");
    }
    found
}

/// An address of the loopback network that nobody else uses: so a port that is free there stays free.
pub fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, high | 1, low, NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn free_port(address: Ipv4Addr) -> u16 {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    listener.local_addr().unwrap().port()
}

impl Members {
    /// Starts members with these arguments more.
    pub async fn start(count: usize, more: &[&str]) -> Self {
        Self::start_at("http", own_address(), count, more).await
    }

    pub async fn start_at(scheme: &str, address: Ipv4Addr, count: usize, more: &[&str]) -> Self {
        let mut members = Self::prepare(scheme, address, count, more).await;
        for at in 0..count {
            members.run(at);
        }
        // A test with certificates waits with a client that has them.
        if scheme == "http" {
            let ready = tokio::time::timeout(SLOWEST, members.become_ready()).await;
            assert!(ready.is_ok(), "etcd has no leader");
        }
        members
    }

    async fn prepare(scheme: &str, address: Ipv4Addr, count: usize, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (mut urls, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            urls.push(format!("{scheme}://{address}:{}", free_port(address).await));
            peers.push(format!("http://{address}:{}", free_port(address).await));
        }
        let all = peers
            .iter()
            .enumerate()
            .map(|(at, peer)| format!("m{at}={peer}"));
        let all = all.collect::<Vec<_>>().join(",");
        let members = (0..count).map(|at| {
            let data = directory.path().join(format!("m{at}"));
            let arguments = [
                ("--name", format!("m{at}")),
                ("--data-dir", data.display().to_string()),
                ("--listen-client-urls", urls[at].clone()),
                ("--advertise-client-urls", urls[at].clone()),
                ("--listen-peer-urls", peers[at].clone()),
                ("--initial-advertise-peer-urls", peers[at].clone()),
                ("--initial-cluster", all.clone()),
                ("--logger", "zap".into()),
                ("--log-level", "error".into()),
            ];
            let arguments = arguments
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"));
            Member {
                arguments: arguments
                    .chain(more.iter().map(|&it| it.to_owned()))
                    .collect(),
                process: None,
            }
        });
        Self {
            members: members.collect(),
            urls,
            directory,
        }
    }

    pub fn run(&mut self, at: usize) {
        let member = &mut self.members[at];
        let etcd = program("etcd").expect("looked for by is_there");
        // With it etcd ends even if its test is killed.
        let mut command = match program("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL"]).arg(etcd);
                command
            }
            None => Command::new(etcd),
        };
        let process = command
            .args(&member.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        member.process = Some(process.unwrap());
    }

    /// Ends a member at once, as a power cut would.
    pub async fn kill(&mut self, at: usize) {
        if let Some(mut process) = self.members[at].process.take() {
            process.kill().await.unwrap();
        }
    }

    /// Stops a member without ending it, or lets it go on: SIGSTOP, SIGCONT.
    pub async fn signal(&self, at: usize, signal: &str) {
        let id = self.members[at]
            .process
            .as_ref()
            .and_then(Child::id)
            .unwrap();
        let done = Command::new("kill")
            .args([signal, &id.to_string()])
            .status()
            .await;
        assert!(done.unwrap().success());
    }

    /// The member that leads.
    pub async fn leader(&self) -> usize {
        loop {
            for (at, url) in self.urls.iter().enumerate() {
                let said = self
                    .ctl_at(url, &["endpoint", "status", "--write-out=fields"])
                    .await;
                let field = |name: &str| {
                    let line = said
                        .as_ref()
                        .ok()?
                        .lines()
                        .find(|line| line.contains(name))?;
                    Some(line.split_once(" : ")?.1.to_owned())
                };
                if let (Some(me), Some(leader)) = (field("\"MemberID\""), field("\"Leader\""))
                    && me == leader
                {
                    return at;
                }
            }
        }
    }

    /// Runs etcdctl; its output, or what it complains about.
    pub async fn ctl(&self, arguments: &[&str]) -> Result<String, String> {
        self.ctl_at(&self.urls.join(","), arguments).await
    }

    async fn ctl_at(&self, urls: &str, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(program("etcdctl").expect("looked for by is_there"))
            .env("ETCDCTL_API", "3")
            .arg(format!("--endpoints={urls}"))
            .args(arguments)
            .output()
            .await
            .unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Waits until each member knows a leader.
    async fn become_ready(&mut self) {
        let etcd = self.client();
        loop {
            let states = etcd.members().await;
            let is_ready = |state: &Result<sideroom_etcd::MemberStatus, _>| {
                state.as_ref().is_ok_and(|state| state.has_leader)
            };
            if states.iter().all(|(_, state)| is_ready(state)) {
                return;
            }
            for member in &mut self.members {
                let ended = member
                    .process
                    .as_mut()
                    .and_then(|it| it.try_wait().unwrap());
                assert!(ended.is_none(), "etcd does not start: {ended:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn options(&self) -> EtcdOptions {
        EtcdOptions {
            endpoints: self.urls.clone(),
            patience: SLOWEST,
            write_attempt: SLOWEST,
            nonce: nonce(),
            ..EtcdOptions::default()
        }
    }

    pub fn client(&self) -> Etcd {
        Etcd::new(self.options()).unwrap()
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Another number each time.
pub fn nonce() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(SLOWEST, wait).await;
    assert!(waited.is_ok(), "{what}");
}

/// The traffic that a road lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passage {
    All,
    /// Requests arrive, answers don't come back.
    NoAnswers,
    /// Connections are cut, and new ones too.
    Nothing,
}

/// A road to one member.
pub struct Road {
    pub url: String,
    passage: watch::Sender<Passage>,
}

impl Road {
    pub async fn to(url: &str) -> Self {
        let target: Arc<str> = url.strip_prefix("http://").unwrap().into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (passage, seen) = watch::channel(Passage::All);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, Arc::clone(&target), seen.clone()));
            }
        });
        Self { url, passage }
    }

    pub fn set(&self, passage: Passage) {
        self.passage.send_replace(passage);
    }
}

async fn carry(near: TcpStream, target: Arc<str>, mut passage: watch::Receiver<Passage>) {
    if *passage.borrow() == Passage::Nothing {
        return;
    }
    let Ok(far) = TcpStream::connect(&*target).await else {
        return;
    };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let answers = passage.clone();
    tokio::select! {
        () = copy(near_in, far_out, None) => {}
        () = copy(far_in, near_out, Some(answers)) => {}
        _ = passage.wait_for(|now| *now == Passage::Nothing) => {}
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    answers: Option<watch::Receiver<Passage>>,
) {
    let mut buffer = vec![0; 1 << 16];
    // A connection that has lost something never works again.
    let mut is_lost = false;
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        is_lost |= answers
            .as_ref()
            .is_some_and(|now| *now.borrow() != Passage::All);
        if !is_lost && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
