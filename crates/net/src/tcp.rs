//! ICE-TCP, the passive side (RFC 6544): a listener and the connections that clients open.
//!
//! Everything a stranger can make this hold is bounded: all connections, those that ICE has not validated (in
//! all and for each address), the packet being read, and the bytes waiting to be written.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use sideroom_route::Time;
use socket2::{Domain, Protocol, Socket, Type};

use crate::addr::{PeerAddr, canonical};
use crate::frame::{Deframer, HEADER};
use crate::poll::{Happened, Interest, Poller};
use crate::recv::RecvBatch;
use crate::turn::Queued;

/// The token of the listener; connections have larger ones.
pub(crate) const LISTENER: u64 = 1;
/// Read from one connection before the others have their turn.
const READ_BYTES: usize = 16 * 1_024;
/// Interval between looks for overdue connections.
const SWEEP: Duration = Duration::from_secs(1);

/// Limits on the state that strangers can make the listener hold.
#[derive(Clone, Copy, Debug)]
pub struct TcpLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections that [`crate::Port::validate`] was not called for yet.
    pub unvalidated: usize,
    /// Unvalidated connections with the same client IP address.
    pub unvalidated_for_each_ip: usize,
    /// A connection that is not validated for so long is closed.
    pub validate_within: Duration,
    /// A connection that brings nothing for so long is closed.
    pub idle: Duration,
    /// Longest packet taken; a longer one closes the connection.
    pub packet_bytes: usize,
    /// Most bytes waiting to be written to one connection; packets beyond it are dropped and counted.
    pub waiting_bytes: usize,
}

/// Counters of the TCP side since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TcpCounters {
    /// Connections open now.
    pub open: u64,
    pub accepted: u64,
    /// Connections closed at once because a limit was reached.
    pub refused: u64,
    /// Connections closed because they were not validated in time, or brought nothing for too long.
    pub overdue: u64,
    /// Connections closed because of a packet that was too long.
    pub malformed: u64,
}

pub(crate) struct TcpPort {
    listener: TcpListener,
    listening: bool,
    limits: TcpLimits,
    connections: HashMap<u64, Connection>,
    tokens: HashMap<SocketAddr, u64>,
    next_token: u64,
    unvalidated: usize,
    unvalidated_by_ip: HashMap<IpAddr, usize>,
    /// Connections with something new to write.
    dirty: Vec<u64>,
    /// Validated connections that the other side or an error ended.
    ended: Vec<SocketAddr>,
    counters: TcpCounters,
    next_sweep: Time,
    scratch: Box<[u8]>,
}

struct Connection {
    stream: TcpStream,
    addr: SocketAddr,
    deframer: Deframer,
    out: Vec<u8>,
    written: usize,
    waits_to_write: bool,
    dirty: bool,
    validated: bool,
    since: Time,
    heard: Time,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            unvalidated: 512,
            unvalidated_for_each_ip: 64,
            validate_within: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            packet_bytes: 4_096,
            waiting_bytes: 256 * 1_024,
        }
    }
}

impl TcpPort {
    pub(crate) fn bind(addr: SocketAddr, limits: TcpLimits, poller: &Poller) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(!addr.ip().is_unspecified())?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(1_024)?;
        let listener = TcpListener::from(socket);
        poller.add(&listener, LISTENER, Interest::READ)?;
        Ok(Self {
            listener,
            listening: true,
            limits,
            connections: HashMap::new(),
            tokens: HashMap::new(),
            next_token: LISTENER + 1,
            unvalidated: 0,
            unvalidated_by_ip: HashMap::new(),
            dirty: Vec::new(),
            ended: Vec::new(),
            counters: TcpCounters::default(),
            next_sweep: Time::ZERO,
            scratch: vec![0; READ_BYTES].into(),
        })
    }

    pub(crate) fn counters(&self) -> TcpCounters {
        TcpCounters {
            open: self.connections.len() as u64,
            ..self.counters
        }
    }

    /// Deals with one ready source, and puts whole packets into `batch` if there is room.
    pub(crate) fn handle_ready(
        &mut self,
        happened: Happened,
        poller: &Poller,
        batch: &mut RecvBatch,
        now: Time,
    ) {
        if happened.token == LISTENER {
            return self.accept(poller, now);
        }
        if happened.writable {
            self.write(happened.token, poller);
        }
        if happened.readable && batch.has_room_for_frames() {
            self.read(happened.token, poller, batch, now);
        }
    }

    fn accept(&mut self, poller: &Poller, now: Time) {
        loop {
            match self.listener.accept() {
                Ok((stream, addr)) => {
                    let addr = canonical(addr);
                    if self.admits(addr.ip()) && self.open(stream, addr, poller, now).is_ok() {
                        self.counters.accepted += 1;
                    } else {
                        self.counters.refused += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_about_one_connection(&error) => {}
                Err(_) => {
                    // Out of descriptors or memory: the listener stays ready, so waiting on would spin.
                    // The next sweep listens again.
                    poller.remove(&self.listener);
                    self.listening = false;
                    return;
                }
            }
        }
    }

    fn admits(&self, ip: IpAddr) -> bool {
        let of_ip = self.unvalidated_by_ip.get(&ip).copied().unwrap_or(0);
        self.connections.len() < self.limits.connections
            && self.unvalidated < self.limits.unvalidated
            && of_ip < self.limits.unvalidated_for_each_ip
    }

    fn open(
        &mut self,
        stream: TcpStream,
        addr: SocketAddr,
        poller: &Poller,
        now: Time,
    ) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let token = self.next_token;
        poller.add(&stream, token, Interest::READ)?;
        self.next_token += 1;
        // The same client address again means that the old connection died unnoticed.
        if let Some(old) = self.tokens.insert(addr, token) {
            self.forget(old, poller);
        }
        self.unvalidated += 1;
        *self.unvalidated_by_ip.entry(addr.ip()).or_default() += 1;
        let connection = Connection {
            stream,
            addr,
            deframer: Deframer::default(),
            out: Vec::new(),
            written: 0,
            waits_to_write: false,
            dirty: false,
            validated: false,
            since: now,
            heard: now,
        };
        self.connections.insert(token, connection);
        Ok(())
    }

    fn read(&mut self, token: u64, poller: &Poller, batch: &mut RecvBatch, now: Time) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        let from = PeerAddr::tcp(connection.addr);
        match connection.stream.read(&mut self.scratch) {
            Ok(0) => self.forget(token, poller),
            Ok(count) => {
                connection.heard = now;
                let bytes = self.scratch.get(..count).unwrap_or_default();
                let max = self.limits.packet_bytes;
                let read = connection
                    .deframer
                    .read(bytes, max, |packet| batch.push_frame(from, packet));
                if read.is_err() {
                    self.counters.malformed += 1;
                    self.forget(token, poller);
                }
            }
            Err(error) if would_pass(&error) => {}
            Err(_) => self.forget(token, poller),
        }
    }

    /// Queues `packet` for the connection of `to`; [`TcpPort::write_dirty`] writes the queue.
    pub(crate) fn queue(&mut self, to: SocketAddr, packet: &[u8]) -> Queued {
        let token = self.tokens.get(&to).copied();
        let Some((token, connection)) =
            token.and_then(|token| Some((token, self.connections.get_mut(&token)?)))
        else {
            return Queued::Gone;
        };
        let Ok(length) = u16::try_from(packet.len()) else {
            return Queued::Full;
        };
        let waiting = connection.out.len() - connection.written;
        if waiting + HEADER + packet.len() > self.limits.waiting_bytes {
            return Queued::Full;
        }
        connection.out.extend_from_slice(&length.to_be_bytes());
        connection.out.extend_from_slice(packet);
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(token);
        }
        Queued::Yes
    }

    /// Writes queued packets until the kernel takes no more.
    pub(crate) fn write_dirty(&mut self, poller: &Poller) {
        while let Some(token) = self.dirty.pop() {
            if let Some(connection) = self.connections.get_mut(&token) {
                connection.dirty = false;
                if !connection.waits_to_write {
                    self.write(token, poller);
                }
            }
        }
    }

    fn write(&mut self, token: u64, poller: &Poller) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        let result = connection.write_out();
        let waits = connection.written < connection.out.len();
        let interest = Interest {
            read: true,
            write: waits,
        };
        let changed = waits != connection.waits_to_write;
        connection.waits_to_write = waits;
        let watched = !changed || poller.change(&connection.stream, token, interest).is_ok();
        if result.is_err() || !watched {
            self.forget(token, poller);
        }
    }

    /// ICE has validated the connection: only silence ends it now.
    pub(crate) fn validate(&mut self, addr: SocketAddr) {
        let token = self.tokens.get(&addr);
        let Some(connection) = token.and_then(|token| self.connections.get_mut(token)) else {
            return;
        };
        if !connection.validated {
            connection.validated = true;
            self.count_validated(addr.ip());
        }
    }

    fn count_validated(&mut self, ip: IpAddr) {
        self.unvalidated -= 1;
        if let Some(count) = self.unvalidated_by_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.unvalidated_by_ip.remove(&ip);
            }
        }
    }

    pub(crate) fn close(&mut self, addr: SocketAddr, poller: &Poller) {
        if let Some(token) = self.tokens.get(&addr).copied() {
            self.forget(token, poller);
            self.ended.retain(|ended| *ended != addr);
        }
    }

    /// The next validated connection that ended since the last call.
    pub(crate) fn poll_ended(&mut self) -> Option<SocketAddr> {
        self.ended.pop()
    }

    fn forget(&mut self, token: u64, poller: &Poller) {
        let Some(connection) = self.connections.remove(&token) else {
            return;
        };
        poller.remove(&connection.stream);
        if self.tokens.get(&connection.addr) == Some(&token) {
            self.tokens.remove(&connection.addr);
            if connection.validated && self.ended.len() < self.limits.connections {
                self.ended.push(connection.addr);
            }
        }
        if !connection.validated {
            self.count_validated(connection.addr.ip());
        }
    }

    /// Closes overdue connections, at most once a second.
    pub(crate) fn sweep(&mut self, poller: &Poller, now: Time) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP;
        if !self.listening {
            self.listening = poller.add(&self.listener, LISTENER, Interest::READ).is_ok();
        }
        let limits = self.limits;
        let overdue = |connection: &Connection| {
            let unproven =
                !connection.validated && now.since(connection.since) >= limits.validate_within;
            unproven || now.since(connection.heard) >= limits.idle
        };
        let connections = self.connections.iter();
        let tokens: Vec<u64> = connections
            .filter_map(|(token, connection)| overdue(connection).then_some(*token))
            .collect();
        for token in tokens {
            self.counters.overdue += 1;
            self.forget(token, poller);
        }
    }
}

impl Connection {
    fn write_out(&mut self) -> io::Result<()> {
        while let Some(waiting) = self.out.get(self.written..).filter(|w| !w.is_empty()) {
            match self.stream.write(waiting) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.written >= self.out.len() {
            self.written = 0;
            self.out.clear();
        } else if self.written > self.out.len() / 2 {
            self.out.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }
}

fn would_pass(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// Errors of `accept` that are the connection's, not the listener's.
fn is_about_one_connection(error: &io::Error) -> bool {
    let of_network = [
        libc::ECONNABORTED,
        libc::EINTR,
        libc::EPROTO,
        libc::ENETDOWN,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENETUNREACH,
        libc::EPERM,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| of_network.contains(&code))
}
