//! All clients of a run: they join, connect, send and are counted, whichever swarm they are in.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use sideroom_net::Clock;
use sideroom_route::{Time, TrackKind};

use super::counts::Counts;
use super::error::LoadError;
use super::groups::Groups;
use super::histogram::Histogram;
use super::path::PathOptions;
use super::swarm::{Swarm, SwarmOptions};
use super::swarm_messages::{Command, Event, Snapshot};
use super::targets::{JoinPlan, Negotiated, Target};

/// Threads that ask the server to let clients in.
const JOINERS: usize = 4;
/// All clients are connected by then, or the run fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the crowd is made.
#[derive(Clone, Debug)]
pub struct CrowdOptions {
    /// How many clients there will be at most.
    pub clients: usize,
    /// Number of threads.
    pub swarms: usize,
    /// The address of the first client.
    pub first_address: Ipv4Addr,
    /// Whether clients send reports and feedback.
    pub feedback: bool,
    /// How long a packet may take to where the server routes it.
    pub flight: Duration,
    /// The network of every client.
    pub path: Option<PathOptions>,
    /// Makes numbers repeatable.
    pub seed: u32,
}

/// A client that has joined.
#[derive(Clone, Debug)]
pub struct Client {
    pub number: u32,
    /// The server's name for it.
    pub participant: String,
    /// The negotiated streams that it may send.
    pub sends: Vec<Negotiated>,
}

/// How long joining took.
#[derive(Clone, Debug, Default)]
pub struct JoinTimes {
    /// From asking to the server's answer.
    pub answer: Histogram,
    /// From the answer to the link being up.
    pub connect: Histogram,
}

/// Totals of all swarms: counters and costs.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// By part of the run.
    pub runs: Vec<Counts>,
    /// CPU time of the swarms' threads.
    pub cpu: Vec<Duration>,
    /// Datagrams lost because a swarm was too slow.
    pub kernel_drops: u64,
    /// The longest turn of any loop.
    pub longest_turn: Duration,
    pub connected: usize,
}

/// The clients of a run.
pub struct Crowd {
    swarms: Vec<Swarm>,
    events: Receiver<Event>,
    /// Where everybody is.
    pub groups: Arc<Groups>,
    /// The clock of the whole tool.
    pub clock: Clock,
    /// The network of every client.
    pub path: Option<PathOptions>,
    /// All joined clients, in the order of their numbers.
    pub clients: Vec<Client>,
    /// How long it took them.
    pub join_times: JoinTimes,
    /// Time from the end of the link's setup to the first media, for each client.
    pub first_media: HashMap<u32, Duration>,
    run: u16,
}

impl Crowd {
    /// A crowd without clients.
    pub fn new(options: &CrowdOptions) -> Result<Self, LoadError> {
        let (sender, events) = channel();
        let groups = Arc::new(Groups::new(options.clients, options.flight));
        let clock = Clock::new();
        let swarm = |_| {
            let options = SwarmOptions {
                first_address: options.first_address,
                clients: options.clients,
                groups: Arc::clone(&groups),
                clock,
                feedback: options.feedback,
                path: options.path.clone(),
                seed: options.seed,
            };
            Swarm::start(options, sender.clone())
        };
        let swarms = (0..options.swarms.max(1))
            .map(swarm)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            swarms,
            events,
            groups,
            clock,
            path: options.path.clone(),
            clients: Vec::new(),
            join_times: JoinTimes::default(),
            first_media: HashMap::new(),
            run: 0,
        })
    }

    /// Tells the swarm of `client` to do something.
    pub fn send_command(&self, client: u32, command: Command) {
        if let Some(swarm) = swarm_of(&self.swarms, client) {
            swarm.send_command(command);
        }
    }

    pub fn client(&self, number: u32) -> Option<&Client> {
        let at = self
            .clients
            .binary_search_by_key(&number, |client| client.number);
        self.clients.get(at.ok()?)
    }

    /// Waits until all swarms have carried out their commands.
    pub fn await_commands(&self) {
        let (answer, answers) = channel();
        for swarm in &self.swarms {
            swarm.send_command(Command::Barrier(answer.clone()));
        }
        drop(answer);
        while answers.recv().is_ok() {}
    }

    /// Lets all of `plans` in, which have the next numbers, and waits until their links are up.
    pub fn join(&mut self, target: &dyn Target, plans: Vec<JoinPlan>) -> Result<(), LoadError> {
        let wanted = plans.len();
        let newcomers: HashSet<u32> = plans.iter().map(|plan| plan.client).collect();
        let share = wanted.div_ceil(JOINERS).max(1);
        let (swarms, clock) = (self.swarms.as_slice(), self.clock);
        let joined: Result<Vec<_>, LoadError> = std::thread::scope(|scope| {
            let threads: Vec<_> = plans
                .chunks(share)
                .map(|plans| scope.spawn(move || join_some(swarms, target, plans, clock)))
                .collect();
            let results = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(LoadError::Answer("a joiner fell".into())))
            });
            results.collect::<Result<Vec<_>, _>>()
        });
        for (clients, answers) in joined? {
            self.clients.extend(clients);
            self.join_times.answer.merge(&answers);
        }
        self.clients.sort_by_key(|client| client.number);
        self.await_connected(&newcomers)
    }

    fn await_connected(&mut self, newcomers: &HashSet<u32>) -> Result<(), LoadError> {
        let wanted = newcomers.len();
        let deadline = self.clock.now() + PATIENCE;
        let (mut connected, mut failed, mut why) = (0, 0, None);
        while connected + failed < wanted {
            match self.next_event(deadline) {
                Some(Event::Connected(client, took)) if newcomers.contains(&client) => {
                    connected += 1;
                    self.join_times.connect.record(took);
                }
                Some(Event::Failed(client, because)) if newcomers.contains(&client) => {
                    failed += 1;
                    why.get_or_insert(because);
                }
                Some(_) => {}
                None => break,
            }
        }
        if connected == wanted {
            return Ok(());
        }
        Err(LoadError::Connect {
            missing: wanted - connected,
            wanted,
            why: why.unwrap_or_else(|| "it took too long".to_owned()),
        })
    }

    /// The next event, or `None` at the deadline.
    pub fn next_event(&mut self, deadline: Time) -> Option<Event> {
        let left = deadline.since(self.clock.now());
        match self.events.recv_timeout(left) {
            Ok(event) => {
                if let Event::FirstMedia(client, after) = &event {
                    self.first_media.insert(*client, *after);
                }
                Some(event)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Lets events pass until `deadline`; `each` may look at them.
    pub fn idle_until(&mut self, deadline: Time, mut each: impl FnMut(&Event)) {
        while let Some(event) = self.next_event(deadline) {
            each(&event);
        }
    }

    /// A client begins to send a track.
    pub fn send(&self, client: &Client, kind: TrackKind, rate_bps: u64, fps: u32) {
        for track in client.sends.iter().filter(|track| track.kind == kind) {
            for source in track.sources(rate_bps, fps) {
                self.send_command(client.number, Command::Publish(client.number, source));
            }
        }
    }

    /// All sources of `kind` have another rate from now on.
    pub fn set_rate(&self, kind: TrackKind, rate_bps: u64) {
        for swarm in &self.swarms {
            swarm.send_command(Command::SetRate(kind, rate_bps));
        }
    }

    /// Begins the next part of the run and gives its number.
    pub fn next_run(&mut self) -> u16 {
        self.run += 1;
        for swarm in &self.swarms {
            swarm.send_command(Command::SetRun(self.run));
        }
        self.run
    }

    /// Totals of all swarms so far.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for Snapshot {
            runs,
            cpu,
            kernel_drops,
            longest_turn,
            connected,
        } in self.swarms.iter().map(Swarm::snapshot)
        {
            totals
                .runs
                .resize_with(totals.runs.len().max(runs.len()), Counts::default);
            for (total, run) in totals.runs.iter_mut().zip(&runs) {
                total.merge(run);
            }
            totals.cpu.push(cpu);
            totals.kernel_drops += u64::from(kernel_drops);
            totals.longest_turn = totals.longest_turn.max(longest_turn);
            totals.connected += connected;
        }
        totals
    }
}

impl Totals {
    /// Counts of one part of the run.
    pub fn of(&self, run: u16) -> Counts {
        self.runs.get(usize::from(run)).cloned().unwrap_or_default()
    }
}

fn swarm_of(swarms: &[Swarm], client: u32) -> Option<&Swarm> {
    swarms.get(client as usize % swarms.len())
}

fn join_some(
    swarms: &[Swarm],
    target: &dyn Target,
    plans: &[JoinPlan],
    clock: Clock,
) -> Result<(Vec<Client>, Histogram), LoadError> {
    let mut clients = Vec::new();
    let mut answers = Histogram::default();
    for plan in plans {
        let begun = clock.now();
        let plan = JoinPlan {
            now: begun,
            ..plan.clone()
        };
        let joined = target.join(&plan)?;
        answers.record(clock.now().since(begun));
        if let Some(swarm) = swarm_of(swarms, plan.client) {
            swarm.send_command(Command::Add(Box::new(joined.setup)));
        }
        clients.push(Client {
            number: plan.client,
            participant: joined.participant,
            sends: joined.sends,
        });
    }
    Ok((clients, answers))
}
