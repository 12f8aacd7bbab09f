//! Round after round a node or a member of etcd is killed, frozen, cut off or restarted, while callers at all nodes send commands
//! with request ids, readers look, and watchers resume. No answered command is lost or done twice, no number comes twice or
//! is missing in a watch, every read is one that a single room could have given, and the journals can be replayed.
//!
//! Three rounds by default; `TEST_CLUSTER_ROUNDS=200` for a night. `TEST_OLD_SERVER` names the program of an earlier version
//! for the first node: versions N and N+1 share their rooms.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod many;
#[path = "../../etcd/tests/members/mod.rs"]
mod members;
mod running;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use many::{Cluster, answered, create, rename};
use members::{Passage, SLOWEST};
use running::stream::{Stream, seq_of};
use running::{Chance, Client, Refused, api_token};
use rustix::process::Signal;
use serde_json::{Value, json};
use sideroom::store::Journal;
use sideroom_cluster::NodeId;
use sideroom_etcd::{Coordinator as _, EtcdCoordinator, EtcdStore};

const RENAME: &str = "BreakoutService/UpdateBreakout";
const ROOMS: [&str; 3] = ["room-1", "room-2", "room-3"];
/// A frozen process is away for this long: longer than its rooms wait.
const FROZEN: Duration = Duration::from_secs(3);
/// A frozen node takes connections and answers nothing: its callers turn to another.
const ANSWER: Duration = Duration::from_secs(2);
const CONNECT: Duration = Duration::from_millis(500);
/// Between two commands of one caller.
const PAUSE: Duration = Duration::from_millis(5);

/// Where the nodes are reached now. A node that is restarted has other ports.
type Addresses = Arc<Mutex<Vec<Option<String>>>>;

/// One operation on a room, as its caller saw it.
#[derive(Clone, Copy, Debug)]
struct Operation {
    begun: Instant,
    ended: Instant,
    /// The number that was written or read.
    number: u64,
}

/// What everybody does until `stop`.
struct Load {
    addresses: Addresses,
    stop: AtomicBool,
    /// The last answered number of each room.
    answered: [AtomicU64; 3],
    writes: Mutex<BTreeMap<usize, Vec<Operation>>>,
    reads: Mutex<BTreeMap<usize, Vec<Operation>>>,
}

impl Load {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn connect(&self, chance: &mut Chance) -> Option<Client> {
        let stream = self.reach(chance)?;
        Some(Client::over(stream, api_token(), ANSWER))
    }

    /// A connection to any node that can be reached. One that was just killed takes none.
    fn reach(&self, chance: &mut Chance) -> Option<TcpStream> {
        let addresses = self.addresses.lock().unwrap();
        let at = usize::try_from(chance.below(addresses.len() as u64)).unwrap();
        let address = addresses[at].clone()?;
        drop(addresses);
        let address = address.parse().unwrap();
        TcpStream::connect_timeout(&address, CONNECT).ok()
    }

    /// One writer for each room: it sends each number until it is answered, at one node after the other.
    fn write(&self, room: usize) {
        let mut chance = Chance(room as u64);
        let mut client = None;
        for number in 1.. {
            let begun = Instant::now();
            let body = rename(ROOMS[room], number);
            let mut refused = None;
            let answer = loop {
                if self.is_over() {
                    return;
                }
                assert!(
                    begun.elapsed() < SLOWEST,
                    "{body} is never answered, last {refused:?}"
                );
                let Some(it) = client.as_mut() else {
                    client = self.connect(&mut chance);
                    continue;
                };
                match Client::ask(it, RENAME, &body) {
                    Ok(answer) => break answer,
                    Err(Refused::Status(status, why)) => {
                        assert!(status >= 500, "{body}: {status} {why}");
                        refused = Some(why);
                        client = None;
                    }
                    Err(Refused::Gone) => client = None,
                }
            };
            assert!(seq_of(&answer["answer"]) > 0);
            let ended = Instant::now();
            self.answered[room].store(number, Ordering::Release);
            let operation = Operation {
                begun,
                ended,
                number,
            };
            self.writes
                .lock()
                .unwrap()
                .entry(room)
                .or_default()
                .push(operation);
            if chance.below(4) == 0 {
                client = None;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Looks at a room again and again, at any node.
    fn read(&self, room: usize, seed: u64) {
        let mut chance = Chance(seed);
        while !self.is_over() {
            // The nodes need the processor more.
            std::thread::sleep(4 * PAUSE);
            let Some(mut client) = self.connect(&mut chance) else {
                continue;
            };
            let begun = Instant::now();
            let body = json!({ "room": ROOMS[room] });
            if let Ok(answer) = client.ask("RoomService/GetRoom", &body) {
                let name = answer["room"]["breakouts"][0]["displayName"]
                    .as_str()
                    .unwrap();
                let number = number_of(name);
                let ended = Instant::now();
                let operation = Operation {
                    begun,
                    ended,
                    number,
                };
                self.reads
                    .lock()
                    .unwrap()
                    .entry(room)
                    .or_default()
                    .push(operation);
            }
        }
    }

    /// Watches a room from its first number on, resumes wherever the watch breaks, and checks that numbers follow one
    /// another. Gives the names that it was told, in order, once the last one has come.
    fn watch(&self, room: usize, last_name: &Mutex<Option<u64>>) -> Vec<u64> {
        let mut chance = Chance(1_000 + room as u64);
        let (mut last, mut told) = (0, Vec::new());
        let mut afresh = false;
        let mut stopped = None;
        loop {
            let wanted = *last_name.lock().unwrap();
            if wanted.is_some_and(|wanted| told.last() == Some(&wanted)) {
                return told;
            }
            if let Some(wanted) = wanted {
                let since = *stopped.get_or_insert_with(Instant::now);
                assert!(
                    since.elapsed() < SLOWEST,
                    "{told:?} never comes to {wanted}"
                );
            }
            let Some(stream) = self.reach(&mut chance) else {
                continue;
            };
            // A watch that says nothing for so long is left, and resumed at another node.
            stream.set_read_timeout(Some(ANSWER)).unwrap();
            let body = match afresh {
                true => json!({ "room": ROOMS[room] }),
                false => json!({ "room": ROOMS[room], "afterSeq": last.to_string() }),
            };
            let mut stream = match Stream::over(stream, &api_token(), &body) {
                Ok(stream) => stream,
                // The events between are no longer kept: the room as it is tells what they led to.
                Err((_, why)) => {
                    afresh = why.to_string().contains("OutOfRange");
                    continue;
                }
            };
            if std::mem::take(&mut afresh) {
                let Some(snapshot) = stream.next().filter(|item| item.get("snapshot").is_some())
                else {
                    continue;
                };
                last = seq_of(&snapshot["snapshot"]);
                let reached = find_name(&snapshot).map_or(0, |name| number_of(&name));
                let next = told.last().map_or(1, |told| told + 1);
                told.extend(next..=reached);
            }
            while let Some(line) = stream.next() {
                // Otherwise it is cut off, and says why.
                let Some(event) = line.get("event") else {
                    break;
                };
                let seq = seq_of(event);
                assert_eq!(
                    seq,
                    last + 1,
                    "{}: a number is missing or came twice",
                    ROOMS[room]
                );
                last = seq;
                if let Some(name) = name_told(event) {
                    told.push(number_of(&name));
                }
                let wanted = *last_name.lock().unwrap();
                if wanted.is_some_and(|wanted| told.last() == Some(&wanted)) {
                    return told;
                }
            }
        }
    }
}

fn number_of(name: &str) -> u64 {
    name.strip_prefix("name ")
        .map_or(0, |number| number.parse().unwrap())
}

/// The name that an event tells of. Another event is for those inside the breakout, and tells the same.
fn name_told(event: &Value) -> Option<String> {
    let breakout = &event["breakoutUpdated"]["breakout"];
    let is_full = breakout["detail"].as_str() == Some("BREAKOUT_DETAIL_FULL");
    is_full.then(|| find_name(breakout)).flatten()
}

/// The name that is told, wherever it is.
fn find_name(event: &Value) -> Option<String> {
    match event {
        Value::String(text) => text.starts_with("name ").then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(find_name),
        Value::Object(fields) => fields.values().find_map(find_name),
        _ => None,
    }
}

/// One writer counts upwards, so an order of all operations exists exactly if each read gives a number that was not
/// written later and not overwritten before, and no read is older than one that had ended before it began.
fn check_linearizable(room: &str, writes: &[Operation], reads: &[Operation], open: u64) {
    let mut reads = reads.to_vec();
    reads.sort_by_key(|read| read.begun);
    let mut ended: Vec<_> = reads.clone();
    ended.sort_by_key(|read| read.ended);
    let (mut newest_ended, mut next) = (0, 0);
    for read in &reads {
        while ended
            .get(next)
            .is_some_and(|before| before.ended < read.begun)
        {
            newest_ended = newest_ended.max(ended[next].number);
            next += 1;
        }
        assert!(
            read.number >= newest_ended,
            "{room}: {read:?} is older than a read before it"
        );
        let answered = writes.partition_point(|write| write.ended < read.begun) as u64;
        assert!(
            read.number >= answered,
            "{room}: {read:?} misses the answered {answered}"
        );
        let sent = writes.partition_point(|write| write.begun <= read.ended) as u64;
        let sent = if sent == writes.len() as u64 {
            sent.max(open)
        } else {
            sent
        };
        assert!(
            read.number <= sent,
            "{room}: {read:?} is of the future, after {sent}"
        );
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    KillNode,
    FreezeNode,
    KillMember,
    FreezeMember,
    /// The node reaches no member of etcd, and no node reaches it.
    CutOff,
    /// What the node sends to etcd arrives, and no answer comes back.
    LoseAnswers,
}

impl Fault {
    /// The first rounds show each kind once.
    fn draw(round: u64, chance: &mut Chance) -> Self {
        let kind = if round < 6 { round } else { chance.below(6) };
        match kind {
            0 => Self::KillNode,
            1 => Self::CutOff,
            2 => Self::FreezeNode,
            3 => Self::KillMember,
            4 => Self::LoseAnswers,
            _ => Self::FreezeMember,
        }
    }
}

/// Waits until each room has answered something that was sent after now; gives how long each took.
fn until_all_answer(load: &Load) -> [Duration; 3] {
    let begun = Instant::now();
    let before = load
        .answered
        .each_ref()
        .map(|it| it.load(Ordering::Acquire));
    let mut took = [None; 3];
    while took.contains(&None) {
        for (room, took) in took.iter_mut().enumerate() {
            // One may have been on its way.
            let is_answered = load.answered[room].load(Ordering::Acquire) >= before[room] + 2;
            if is_answered && took.is_none() {
                *took = Some(begun.elapsed());
            }
        }
        assert!(begun.elapsed() < SLOWEST, "a room is not answered for");
        std::thread::sleep(Duration::from_millis(1));
    }
    took.map(Option::unwrap)
}

/// The node that owns each room.
async fn owners(coordinator: &EtcdCoordinator) -> [Option<usize>; 3] {
    let mut owners = [None; 3];
    for (room, owner) in ROOMS.iter().zip(&mut owners) {
        let Ok(Some(room)) = coordinator.read_name(room).await else {
            continue;
        };
        if let Ok((Some((record, _)), _)) = coordinator.read_owner(room).await {
            // Nodes are numbered as they have started first.
            *owner = usize::from(record.node.0).checked_sub(1);
        }
    }
    owners
}

/// All rooms answer while a node is away, which is for longer than they wait for it.
fn sit_out(load: &Load) {
    let begun = Instant::now();
    until_all_answer(load);
    std::thread::sleep(FROZEN.saturating_sub(begun.elapsed()));
}

async fn strike(
    cluster: &mut Cluster,
    load: &Load,
    (fault, victim): (Fault, usize),
    owners: [Option<usize>; 3],
) -> Vec<Duration> {
    match fault {
        Fault::KillNode => {
            load.addresses.lock().unwrap()[victim] = None;
            cluster.kill(victim);
            let took = until_all_answer(load);
            cluster.restart(victim);
            load.addresses.lock().unwrap()[victim] = Some(cluster.node(victim).http.clone());
            let its = took.into_iter().zip(owners);
            return its
                .filter(|(_, owner)| *owner == Some(victim))
                .map(|(took, _)| took)
                .collect();
        }
        Fault::FreezeNode => {
            cluster.node(victim).signal(Signal::STOP);
            sit_out(load);
            cluster.node(victim).signal(Signal::CONT);
            until_all_answer(load);
        }
        Fault::CutOff => {
            cluster.set_roads(victim, Passage::Nothing, Passage::Nothing);
            sit_out(load);
            cluster.set_roads(victim, Passage::All, Passage::All);
            until_all_answer(load);
        }
        Fault::LoseAnswers => {
            cluster.set_roads(victim, Passage::NoAnswers, Passage::All);
            sit_out(load);
            cluster.set_roads(victim, Passage::All, Passage::All);
            until_all_answer(load);
        }
        Fault::KillMember => {
            cluster.etcd.kill(victim).await;
            until_all_answer(load);
            cluster.etcd.run(victim);
        }
        Fault::FreezeMember => {
            cluster.etcd.signal(victim, "-STOP").await;
            until_all_answer(load);
            cluster.etcd.signal(victim, "-CONT").await;
            until_all_answer(load);
        }
    }
    Vec::new()
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_whoever_dies() {
    if !members::is_there() {
        return;
    }
    let rounds = std::env::var("TEST_CLUSTER_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("TEST_CLUSTER_SEED").map_or(7, |seed| seed.parse().unwrap());
    let mut cluster = Cluster::start_with_roads(3, 3).await;
    for (at, room) in ROOMS.iter().enumerate() {
        create(&cluster, at, room);
    }
    let addresses = (0..3)
        .map(|at| Some(cluster.node(at).http.clone()))
        .collect();
    let load = Arc::new(Load {
        addresses: Arc::new(Mutex::new(addresses)),
        stop: AtomicBool::new(false),
        answered: Default::default(),
        writes: Mutex::default(),
        reads: Mutex::default(),
    });
    let last_names: Arc<[Mutex<Option<u64>>; 3]> = Arc::default();
    let mut busy = Vec::new();
    let mut watchers = Vec::new();
    for room in 0..ROOMS.len() {
        let it = Arc::clone(&load);
        busy.push(std::thread::spawn(move || it.write(room)));
        for reader in 0..2 {
            let it = Arc::clone(&load);
            let seed = 100 * (room as u64 + 1) + reader;
            busy.push(std::thread::spawn(move || it.read(room, seed)));
        }
        let (it, names) = (Arc::clone(&load), Arc::clone(&last_names));
        watchers.push(std::thread::spawn(move || it.watch(room, &names[room])));
    }

    let coordinator = EtcdCoordinator::new(cluster.etcd.client(), NodeId(0));
    let mut chance = Chance(seed);
    let mut took = Vec::new();
    for round in 0..rounds {
        let fault = Fault::draw(round, &mut chance);
        let drawn = usize::try_from(chance.below(3)).unwrap();
        let owners = owners(&coordinator).await;
        // A node without rooms is missed by nobody, so mostly an owner is struck.
        let victim = match fault {
            Fault::KillMember | Fault::FreezeMember => drawn,
            _ if chance.below(4) == 0 => drawn,
            _ => owners[drawn].unwrap_or(drawn),
        };
        took.extend(strike(&mut cluster, &load, (fault, victim), owners).await);
        until_all_answer(&load);
    }
    load.stop.store(true, Ordering::Relaxed);
    for thread in busy {
        thread.join().unwrap();
    }
    check_all(&cluster, &load, &last_names, watchers).await;
    took.sort_unstable();
    let said = format!(
        "{rounds} rounds; from the death of an owner to the next answered command of each of its {} rooms: p50 {:?}, p99 {:?}, most {:?}\n",
        took.len(),
        percentile(&took, 50),
        percentile(&took, 99),
        took.last().copied().unwrap_or_default(),
    );
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

async fn check_all(
    cluster: &Cluster,
    load: &Load,
    last_names: &[Mutex<Option<u64>>; 3],
    watchers: Vec<std::thread::JoinHandle<Vec<u64>>>,
) {
    let mut finals = Vec::new();
    for (room, name) in ROOMS.iter().enumerate() {
        let body = json!({ "room": name });
        let answer = answered(cluster, &[0, 1, 2], "RoomService/GetRoom", &body).unwrap();
        let view = &answer["room"];
        let last = number_of(view["breakouts"][0]["displayName"].as_str().unwrap());
        let told = load.answered[room].load(Ordering::Acquire);
        // The last one may have been done without an answer.
        assert!(
            last == told || last == told + 1,
            "{name}: {last}, answered {told}"
        );
        *last_names[room].lock().unwrap() = Some(last);
        finals.push(last);
        let (writes, reads) = (load.writes.lock().unwrap(), load.reads.lock().unwrap());
        let reads = reads.get(&room).cloned().unwrap_or_default();
        check_linearizable(name, &writes[&room], &reads, last);
    }
    for (watcher, last) in watchers.into_iter().zip(finals) {
        let told = watcher.join().unwrap();
        let expected: Vec<_> = (1..=last).collect();
        assert_eq!(told, expected, "each command was told once, in order");
    }
    let store = EtcdStore::start(cluster.etcd.client(), None);
    let journal = Journal::new(Arc::new(store));
    for room in journal.rooms().await.unwrap() {
        let kept = journal.from_the_beginning(room).await.unwrap();
        kept.revive()
            .unwrap_or_else(|error| panic!("room {room}: {error}"));
    }
}
