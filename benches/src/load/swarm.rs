//! One thread with hundreds or thousands of clients on one socket.
//!
//! Every client has a separate address (127.0.0.0/8 is all local, and so is any network that a namespace
//! routes to itself), so that the server sees as many clients as there are; one socket bound to all of them
//! receives in large batches. This makes the clients cheap enough for the server to saturate first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use sideroom_net::{
    Clock, Port, PortOptions, RecvBatch, SendBatch, ThreadCpu, UdpOptions, Waker, WhenFull,
};
use sideroom_route::Time;

use super::counts::Counts;
use super::groups::Groups;
use super::media::{Source, SourceSpec};
use super::member::{Link, LinkEvent, Member, MemberSetup, Watch};
use super::path::{self, Path, PathOptions};
use super::receive;
use super::swarm_messages::{Command, Event, LATE, Snapshot};
use super::tag::Tag;

/// How often links, feedback and watches are looked after.
const SWEEP: Duration = Duration::from_millis(20);
/// A move without a first packet is reported as it is after this time.
const WATCH: Duration = Duration::from_secs(3);
/// Messages taken from the socket at once, and how often before other things have their turn.
const RECV_MESSAGES: usize = 64;
const RECV_ROUNDS: usize = 8;
/// The longest sleep of the thread. It does not listen while it sleeps: a listener is woken by the sender's
/// thread, here the server in the midst of its own work, a cost that no server has for remote clients. Delays
/// don't suffer, since the kernel time-stamps packets.
const NAP: Duration = Duration::from_micros(500);

/// How a swarm is made.
#[derive(Clone)]
pub struct SwarmOptions {
    /// The address of client number 0; the others follow.
    pub first_address: Ipv4Addr,
    /// How many clients there are in all swarms.
    pub clients: usize,
    /// Where everybody is.
    pub groups: Arc<Groups>,
    /// The clock of the whole tool.
    pub clock: Clock,
    /// Whether clients send receiver reports and feedback on arrival times.
    pub feedback: bool,
    /// The network of every client.
    pub path: Option<PathOptions>,
    /// Makes numbers repeatable.
    pub seed: u32,
}

/// The other threads' end of a swarm.
pub struct Swarm {
    commands: Sender<Command>,
    waker: Waker,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Swarm {
    /// Starts the thread. Its events go to `events`.
    pub fn start(options: SwarmOptions, events: Sender<Event>) -> io::Result<Self> {
        let port_options = PortOptions {
            udp: UdpOptions {
                recv_buffer: 64 << 20,
                local_address: true,
                arrival_times: true,
                ..UdpOptions::default()
            },
            tcp: None,
        };
        let port = Port::bind((Ipv4Addr::UNSPECIFIED, 0).into(), &port_options)?;
        let waker = port.waker();
        let (commands, received) = channel();
        let mut worker = Worker::new(options, port, received, events);
        let thread = std::thread::Builder::new()
            .name("swarm".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self {
            commands,
            waker,
            thread: Some(thread),
        })
    }

    /// Tells the swarm to do something; it wakes up for it.
    pub fn send_command(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            self.waker.wake();
        }
    }

    /// Asks for the counts.
    pub fn snapshot(&self) -> Snapshot {
        let (answer, answers) = channel();
        self.send_command(Command::Snapshot(answer));
        answers.recv().unwrap_or_default()
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        self.send_command(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) struct Worker {
    pub(super) options: SwarmOptions,
    port: Port,
    /// Out of its place while it is worked on.
    recv: Option<RecvBatch>,
    send: SendBatch,
    commands: Receiver<Command>,
    pub(super) events: Sender<Event>,
    members: Vec<Member>,
    /// By client number: the place in `members`.
    by_client: Vec<Option<u32>>,
    /// When which client's which source is due.
    due: BinaryHeap<Reverse<(Time, u32, u32)>>,
    runs: Vec<Counts>,
    run: u16,
    next_sweep: Time,
    /// When the clients' paths are looked at; never without such.
    next_look: Time,
    longest_turn: Duration,
    scratch: Vec<u8>,
}

impl Worker {
    fn new(
        options: SwarmOptions,
        port: Port,
        commands: Receiver<Command>,
        events: Sender<Event>,
    ) -> Self {
        Self {
            recv: Some(port.udp().recv_batch_for(RECV_MESSAGES)),
            port,
            send: SendBatch::new(4_096, 4 << 20),
            commands,
            events,
            members: Vec::new(),
            by_client: vec![None; options.clients],
            due: BinaryHeap::new(),
            runs: vec![Counts::default()],
            run: 0,
            next_sweep: Time::ZERO,
            next_look: options.path.as_ref().map_or(Time::NEVER, |_| Time::ZERO),
            longest_turn: Duration::ZERO,
            scratch: Vec::new(),
            options,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "see `NAP`")]
    fn run(&mut self) -> io::Result<()> {
        loop {
            let begun = self.options.clock.now();
            if self.apply_commands(begun)? {
                return Ok(());
            }
            self.send_due(self.options.clock.now());
            if begun >= self.next_look {
                self.next_look = begun + path::LOOK;
                for member in &mut self.members {
                    member.poll_path(begun, &mut self.runs, &mut self.send);
                }
            }
            if begun >= self.next_sweep {
                self.next_sweep = begun + SWEEP;
                self.sweep(begun);
            }
            self.flush();
            self.take_in()?;
            self.flush();
            let now = self.options.clock.now();
            self.longest_turn = self.longest_turn.max(now.since(begun));
            let next = self.due.peek().map_or(Time::NEVER, |Reverse((at, ..))| *at);
            std::thread::sleep(next.min(self.next_sweep).since(now).min(NAP));
        }
    }

    /// Carries out the commands since the last turn; true at the end.
    fn apply_commands(&mut self, now: Time) -> io::Result<bool> {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return Ok(true),
                Ok(command) => self.handle(command, now)?,
                Err(TryRecvError::Empty) => return Ok(false),
            }
        }
    }

    fn handle(&mut self, command: Command, now: Time) -> io::Result<()> {
        match command {
            Command::Add(setup) => self.add(*setup, now),
            Command::Remove(client) => self.remove(client),
            Command::Publish(client, spec) => self.publish(client, spec, now),
            Command::Unpublish(client) => {
                if let Some(member) = self.member(client) {
                    member.sources.clear();
                }
            }
            Command::SetRate(kind, rate) => {
                let sources = self
                    .members
                    .iter_mut()
                    .flat_map(|member| &mut member.sources);
                for source in sources.filter(|source| source.spec().kind == kind) {
                    source.set_rate(rate);
                }
            }
            Command::SetRun(run) => {
                self.run = run;
                let runs = usize::from(run) + 1;
                if self.runs.len() < runs {
                    self.runs.resize_with(runs, Counts::default);
                }
            }
            Command::Watch(client, to, begun) => {
                let from = self.options.groups.place(client).at;
                if let Some(member) = self.member(client) {
                    member.watch = Some(Watch {
                        begun,
                        from,
                        to,
                        answered: None,
                        first_new: None,
                        last_old: member.last_heard,
                    });
                }
            }
            Command::Answered(client, at, moved) => self.answered(client, at, moved)?,
            Command::Snapshot(answer) => {
                let _ = answer.send(self.snapshot()?);
            }
            Command::Barrier(answer) => {
                let _ = answer.send(());
            }
            Command::Stop => {}
        }
        Ok(())
    }

    pub(super) fn member(&mut self, client: u32) -> Option<&mut Member> {
        let at = (*self.by_client.get(client as usize)?)?;
        self.members.get_mut(at as usize)
    }

    /// The client with this address.
    pub(super) fn client_at(&self, local: IpAddr) -> Option<u32> {
        let IpAddr::V4(ip) = local else {
            return None;
        };
        u32::from(ip).checked_sub(u32::from(self.options.first_address))
    }

    fn add(&mut self, setup: MemberSetup, now: Time) {
        let client = setup.client;
        let ip = u32::from(self.options.first_address).wrapping_add(client);
        let local = IpAddr::V4(ip.into());
        if let Some(at) = self.by_client.get_mut(client as usize) {
            *at = Some(self.members.len() as u32);
            let mut member = Member::new(setup, local, now);
            let path = self.options.path.as_ref();
            member.path = path.map(|path| Box::new(Path::new(now, path, client)));
            self.members.push(member);
            self.next_sweep = now;
        }
    }

    fn remove(&mut self, client: u32) {
        let Some(at) = self
            .by_client
            .get_mut(client as usize)
            .and_then(Option::take)
        else {
            return;
        };
        self.members.swap_remove(at as usize);
        let moved = self.members.get(at as usize).map(|member| member.client);
        if let Some(place) = moved.and_then(|moved| self.by_client.get_mut(moved as usize)) {
            *place = Some(at);
        }
    }

    fn publish(&mut self, client: u32, spec: SourceSpec, now: Time) {
        let seed = self.options.seed ^ spec.ssrc;
        let Some(member) = self.member(client) else {
            return;
        };
        // Sources begin at different moments of a frame, as people do.
        let phase = Duration::from_micros(u64::from(seed.wrapping_mul(2_654_435_761) % 20_000));
        let start = now + phase;
        let index = member.sources.len() as u32;
        member.sources.push(Source::new(spec, start, seed));
        self.due.push(Reverse((start, client, index)));
    }

    fn send_due(&mut self, now: Time) {
        while let Some(&Reverse((at, client, index))) = self.due.peek() {
            if at > now {
                return;
            }
            self.due.pop();
            if let Some(next) = self.send_source(client, index, (at, now)) {
                self.due.push(Reverse((next, client, index)));
            }
        }
    }

    /// Sends one burst and says when the next is due; `None` if the source is no more.
    fn send_source(&mut self, client: u32, index: u32, (due, now): (Time, Time)) -> Option<Time> {
        let place = self.options.groups.place(client);
        let run = self.run;
        let at = (*self.by_client.get(client as usize)?)?;
        let member = self.members.get_mut(at as usize)?;
        let destination = member.destination();
        let srtp = member.srtp_out.as_ref()?;
        let source = member.sources.get_mut(index as usize)?;
        let tag = Tag {
            publisher: client,
            run,
            source: index as u8,
            group: place.at,
            moving_to: place.moving_to,
            sent_us: now.as_micros(),
            index: 0,
        };
        let counts = self.runs.get_mut(usize::from(run))?;
        counts.bursts += 1;
        counts.late += u64::from(now.since(due) > LATE);
        let (send, port) = (&mut self.send, &mut self.port);
        let mut sent = 0;
        let ssrc = source.spec().ssrc;
        let mut up = member.path.as_mut().and_then(|path| path.up.as_mut());
        source.make(now, tag, &mut member.numbers, |made| {
            let len = made.header.len() + made.payload.len() + srtp.rtp_overhead();
            if let Some(up) = &mut up {
                let mut sealed = vec![0; len];
                srtp.seal(made.header, made.payload, made.sequence, &mut sealed);
                up.send_media(now, (ssrc, made.sequence as u16), sealed, &mut counts.path);
                sent += 1;
                return;
            }
            if send.reserve(len).is_none() {
                let flushed = port.flush(send, WhenFull::Drop);
                counts.own_drops += flushed.full + flushed.failed;
            }
            if let Some(slot) = send.reserve(len) {
                let len = srtp.seal(made.header, made.payload, made.sequence, slot);
                send.commit(&destination, len);
                sent += 1;
            }
        });
        counts.sent += sent;
        Some(source.next())
    }

    fn flush(&mut self) {
        let flushed = self.port.flush(&mut self.send, WhenFull::Drop);
        if let Some(counts) = self.runs.get_mut(usize::from(self.run)) {
            counts.own_drops += flushed.full + flushed.failed;
        }
    }

    fn take_in(&mut self) -> io::Result<()> {
        for _ in 0..RECV_ROUNDS {
            if !self.take_batch()? {
                break;
            }
            self.send_due(self.options.clock.now());
        }
        Ok(())
    }

    /// Receives one batch from the socket; true if there may be more.
    fn take_batch(&mut self) -> io::Result<bool> {
        let Some(mut batch) = self.recv.take() else {
            return Ok(false);
        };
        let received = self.port.recv_batch(&mut batch, Time::ZERO);
        let full = batch.is_full();
        receive::handle_batch(self, &mut batch, self.options.clock.now());
        self.recv = Some(batch);
        received.map(|()| full)
    }

    /// Looks at everything that was received before the answer, by the old rules; then the new ones hold.
    fn answered(&mut self, client: u32, at: Time, moved: bool) -> io::Result<()> {
        while self.take_batch()? {}
        if moved {
            self.options.groups.confirm_move(client);
        } else {
            self.options.groups.stay(client);
        }
        if let Some(member) = self.member(client) {
            match &mut member.watch {
                Some(watch) if moved => watch.answered = Some(at),
                _ => member.watch = None,
            }
        }
        Ok(())
    }

    fn sweep(&mut self, now: Time) {
        let Some(counts) = self.runs.get_mut(usize::from(self.run)) else {
            return;
        };
        for member in &mut self.members {
            let busy = !matches!(member.link, Link::Open | Link::Failed);
            let event = if busy {
                member.poll_link(now, &mut self.send)
            } else {
                None
            };
            let told = match event {
                Some(LinkEvent::Connected) => {
                    Some(Event::Connected(member.client, now.since(member.begun)))
                }
                Some(LinkEvent::Failed(why)) => Some(Event::Failed(member.client, why)),
                None => None,
            };
            if let Some(event) = told {
                let _ = self.events.send(event);
            }
            if self.options.feedback {
                member.poll_feedback(now, counts, &mut self.scratch, &mut self.send);
            }
            let done = member.watch.filter(|watch| {
                watch.answered.is_some()
                    && (watch.first_new.is_some() || now.since(watch.begun) > WATCH)
            });
            if let Some(watch) = done {
                member.watch = None;
                let _ = self.events.send(Event::Moved(member.client, watch));
            }
        }
    }

    /// The parts needed to check a packet of `client`.
    pub(super) fn parts(
        &mut self,
        client: u32,
    ) -> Option<(&mut Member, &mut Vec<Counts>, &Groups)> {
        let at = (*self.by_client.get(client as usize)?)?;
        let member = self.members.get_mut(at as usize)?;
        Some((member, &mut self.runs, &self.options.groups))
    }

    /// Drives the link of a client that has just heard from the server.
    pub(super) fn hurry(&mut self, client: u32, now: Time) {
        let Some(at) = self.by_client.get(client as usize).copied().flatten() else {
            return;
        };
        let Some(member) = self.members.get_mut(at as usize) else {
            return;
        };
        let after = now.since(member.begun);
        let event = match member.poll_link(now, &mut self.send) {
            Some(LinkEvent::Connected) => Event::Connected(client, after),
            Some(LinkEvent::Failed(why)) => Event::Failed(client, why),
            None => return,
        };
        let _ = self.events.send(event);
    }

    fn snapshot(&self) -> io::Result<Snapshot> {
        Ok(Snapshot {
            runs: self.runs.clone(),
            cpu: ThreadCpu::now().since(ThreadCpu::ZERO),
            kernel_drops: self.port.udp().kernel_drops()?,
            longest_turn: self.longest_turn,
            connected: self
                .members
                .iter()
                .filter(|member| member.is_connected())
                .count(),
        })
    }
}
