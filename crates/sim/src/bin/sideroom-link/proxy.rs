//! The sockets and threads: one reader for the clients, one for the server's packets to each client, and one
//! loop that delivers the links' packets.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sideroom_route::Time;
use sideroom_sim::link::Impairment;

use crate::commands::{Command, Way};
use crate::state::{LONGEST_SLEEP, State};

/// More clients than this are not carried: a browser has one or two addresses for each page.
const MAX_CLIENTS: usize = 256;
const MAX_DATAGRAM: usize = 65_536;

/// A bound socket, before the links are known.
pub(crate) struct Opened {
    front: UdpSocket,
    address: SocketAddr,
    to: SocketAddr,
}

/// A running proxy.
pub(crate) struct Proxy {
    opened: Opened,
    began: Instant,
    state: Mutex<State>,
    /// Something may be due earlier than it was.
    changed: Condvar,
    clients: Mutex<Vec<Client>>,
    ended: AtomicBool,
}

/// A client, and the socket that stands for the client towards the server.
struct Client {
    address: SocketAddr,
    back: Arc<UdpSocket>,
}

impl Proxy {
    /// Binds the address that clients send to.
    pub(crate) fn open(listen: SocketAddr, to: SocketAddr) -> io::Result<Opened> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{listen}: {error}"));
        let front = UdpSocket::bind(listen).map_err(named)?;
        let address = front.local_addr()?;
        Ok(Opened { front, address, to })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.opened.address
    }

    /// Carries out a command when it is due.
    pub(crate) fn command(&self, command: Command) {
        let now = self.now();
        self.state().plan(now, command);
        self.changed.notify_one();
    }

    /// Until it is told to quit.
    pub(crate) fn run(self: &Arc<Self>) {
        let reader = Arc::clone(self);
        std::thread::spawn(move || reader.read_clients());
        loop {
            let now = self.now();
            let due = self.state().handle_timeout(now);
            for packet in due.arrived {
                self.hand_on(packet.way, packet.client, &packet.bytes);
            }
            due.answers.iter().for_each(|answer| answer.print());
            if due.ended {
                self.ended.store(true, Ordering::Relaxed);
                return;
            }
            let state = self.state();
            let wait = state.poll_timeout().since(self.now()).min(LONGEST_SLEEP);
            if !wait.is_zero() {
                let waited = self.changed.wait_timeout(state, wait);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    fn hand_on(&self, way: Way, client: usize, bytes: &[u8]) {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(client) = clients.get(client) else {
            return;
        };
        // A packet that a socket does not take is lost, as on any network.
        let _ = match way {
            Way::Down => self.opened.front.send_to(bytes, client.address),
            Way::Up => client.back.send(bytes),
        };
    }

    fn enter(&self, way: Way, client: usize, bytes: &[u8]) {
        let now = self.now();
        self.state().send(now, way, client, bytes.to_vec());
        self.changed.notify_one();
    }

    fn read_clients(self: &Arc<Self>) {
        let mut known = HashMap::new();
        let mut buffer = vec![0; MAX_DATAGRAM];
        while !self.ended.load(Ordering::Relaxed) {
            // A client whose port is closed makes some systems answer with an error: not ours.
            let Ok((len, from)) = self.opened.front.recv_from(&mut buffer) else {
                continue;
            };
            let client = known.get(&from).copied().or_else(|| {
                let fresh = self.admit(from)?;
                known.insert(from, fresh);
                Some(fresh)
            });
            if let Some(client) = client {
                self.enter(Way::Up, client, buffer.get(..len).unwrap_or_default());
            }
        }
    }

    /// Admits a new client, and opens a socket towards the server.
    fn admit(self: &Arc<Self>, address: SocketAddr) -> Option<usize> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            return None;
        }
        let here = if self.opened.to.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let back = UdpSocket::bind(here).ok()?;
        back.connect(self.opened.to).ok()?;
        let back = Arc::new(back);
        let number = clients.len();
        let (proxy, socket) = (Arc::clone(self), Arc::clone(&back));
        clients.push(Client { address, back });
        std::thread::spawn(move || proxy.read_server(number, &socket));
        Some(number)
    }

    fn read_server(&self, client: usize, socket: &UdpSocket) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        while !self.ended.load(Ordering::Relaxed) {
            match socket.recv(&mut buffer) {
                Ok(len) => self.enter(Way::Down, client, buffer.get(..len).unwrap_or_default()),
                // The server is not up, or away for a while: no reason to spin.
                Err(_) => std::thread::park_timeout(Duration::from_millis(1)),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed()
    }
}

impl Opened {
    /// The proxy, with the impairments of its two ways at the start.
    #[expect(clippy::disallowed_methods, reason = "real packets take real time")]
    pub(crate) fn with_links(self, down: Impairment, up: Impairment, seed: u64) -> Proxy {
        Proxy {
            opened: self,
            began: Instant::now(),
            state: Mutex::new(State::new(down, up, seed)),
            changed: Condvar::new(),
            clients: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        }
    }
}
