//! The sockets of one worker and the wait over them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sideroom_route::Time;

use crate::addr::{PeerAddr, Proto};
use crate::poll::{Happened, Interest, Poller, Waker};
use crate::recv::RecvBatch;
use crate::send::{Flushed, SendBatch, WhenFull};
use crate::tcp::{TcpCounters, TcpLimits, TcpPort};
use crate::turn::{Inlet, Outlets, Queued, TurnSide};
use crate::udp::{UdpOptions, UdpPort};

/// The token of the UDP socket.
const UDP: u64 = 0;

/// How a port is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct PortOptions {
    /// The UDP socket.
    pub udp: UdpOptions,
    /// Accepts TCP connections on the same port number, within these limits.
    pub tcp: Option<TcpLimits>,
}

/// The result of a wait. All false: the time-out passed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ready {
    /// [`Port::recv_batch`] has something to do.
    pub readable: bool,
    /// The UDP socket has room again. Set only after [`Port::watch_writable`].
    pub writable: bool,
    /// A [`Waker`] was used.
    pub woken: bool,
}

/// A UDP socket, perhaps a TCP listener of the same number, and what is needed to wait for both.
pub struct Port {
    udp: UdpPort,
    tcp: Option<TcpPort>,
    turn: Option<TurnSide>,
    poller: Poller,
    /// TCP sources that are ready, for the next receive.
    ready: Vec<Happened>,
    watches_writable: bool,
}

impl Port {
    /// Binds the sockets. With port 0 and TCP, a number is found that is free for both.
    pub fn bind(addr: SocketAddr, options: &PortOptions) -> io::Result<Self> {
        /// A number that is free for UDP may be taken for TCP.
        const TRIES: usize = 32;
        let poller = Poller::new()?;
        let mut tries = 0;
        let (udp, tcp) = loop {
            let udp = UdpPort::bind(addr, &options.udp)?;
            let Some(limits) = options.tcp else {
                break (udp, None);
            };
            let at = SocketAddr::new(addr.ip(), udp.local_addr().port());
            match TcpPort::bind(at, limits, &poller) {
                Ok(tcp) => break (udp, Some(tcp)),
                Err(_) if addr.port() == 0 && tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        };
        poller.add(&udp, UDP, Interest::READ)?;
        Ok(Self {
            udp,
            tcp,
            turn: None,
            poller,
            ready: Vec::new(),
            watches_writable: false,
        })
    }

    /// The address of the UDP socket; the TCP listener has the same.
    pub fn local_addr(&self) -> SocketAddr {
        self.udp.local_addr()
    }

    /// The UDP socket, to ask it about itself.
    pub fn udp(&self) -> &UdpPort {
        &self.udp
    }

    /// Counters of the TCP side; all zero without a TCP listener.
    pub fn tcp_counters(&self) -> TcpCounters {
        self.tcp.as_ref().map(TcpPort::counters).unwrap_or_default()
    }

    /// Takes clients from inside the process too, and sends to them by `outlets`.
    pub fn take_turn(&mut self, outlets: Arc<Outlets>) -> Inlet {
        let (side, inlet) = TurnSide::new(outlets, self.waker());
        self.turn = Some(side);
        inlet
    }

    /// Wakes the thread that waits here.
    pub fn waker(&self) -> Waker {
        self.poller.waker()
    }

    /// Waits until there is something to do, at most for `timeout`, rounded up to milliseconds (`None`:
    /// for ever; zero: looks and does not wait).
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Ready> {
        let mut told = Ready::default();
        let ready = &mut self.ready;
        ready.clear();
        told.woken = self.poller.wait(timeout, |happened| {
            if happened.token == UDP {
                told.readable |= happened.readable;
                told.writable |= happened.writable;
            } else {
                told.readable = true;
                ready.push(happened);
            }
        })?;
        Ok(told)
    }

    /// Lets packets gather in the sockets for `span`. Only a [`Waker`] ends it earlier, and then it is true; the next
    /// [`Port::wait`] tells it again.
    pub fn rest(&self, span: Duration) -> io::Result<bool> {
        self.poller.rest(span)
    }

    /// Whether [`Port::wait`] ends when the UDP socket has room to send: for a batch that was kept.
    pub fn watch_writable(&mut self, watch: bool) -> io::Result<()> {
        if watch != self.watches_writable {
            let interest = Interest {
                read: true,
                write: watch,
            };
            self.poller.change(&self.udp, UDP, interest)?;
            self.watches_writable = watch;
        }
        Ok(())
    }

    /// Replaces the content of `batch` by the datagrams that wait in the sockets. Call it once for each wait
    /// that reports [`Ready::readable`], and again as long as [`RecvBatch::is_full`] if nothing else is due.
    /// It also closes overdue TCP connections, so call it every second or so.
    pub fn recv_batch(&mut self, batch: &mut RecvBatch, now: Time) -> io::Result<()> {
        self.udp.recv_batch(batch)?;
        if let Some(turn) = &mut self.turn {
            turn.recv(batch);
        }
        if let Some(tcp) = &mut self.tcp {
            for happened in self.ready.drain(..) {
                tcp.handle_ready(happened, &self.poller, batch, now);
            }
            tcp.sweep(&self.poller, now);
        }
        Ok(())
    }

    /// Sends what `batch` holds, datagrams and frames, and empties it. With [`WhenFull::Keep`] it keeps
    /// the datagrams that the socket had no room for, in order.
    pub fn flush(&mut self, batch: &mut SendBatch, when_full: WhenFull) -> Flushed {
        if batch.is_empty() {
            return Flushed::default();
        }
        let mut frames = Flushed::default();
        let (tcp, turn) = (&mut self.tcp, &self.turn);
        batch.drain_frames(|to, packet| {
            let queued = match (to.proto, &mut *tcp, turn) {
                (Proto::Tcp, Some(tcp), _) => tcp.queue(to.addr, packet),
                (Proto::Turn(peer), _, Some(turn)) => turn.queue(to.addr.port(), peer, packet),
                _ => Queued::Gone,
            };
            match queued {
                Queued::Yes => {
                    frames.sent += 1;
                    frames.messages += 1;
                }
                Queued::Full => frames.full += 1,
                Queued::Gone => frames.failed += 1,
            }
        });
        if let Some(tcp) = tcp {
            tcp.write_dirty(&self.poller);
        }
        self.udp.flush(batch, when_full).and(frames)
    }

    /// ICE has validated the path: a TCP connection is kept from now on until it falls silent.
    pub fn validate(&mut self, peer: PeerAddr) {
        if let (Proto::Tcp, Some(tcp)) = (peer.proto, &mut self.tcp) {
            tcp.validate(peer.addr);
        }
    }

    /// The next validated peer whose TCP connection, or whose TURN allocation, ended since the last call.
    pub fn poll_ended(&mut self) -> Option<PeerAddr> {
        let ended = self.tcp.as_mut().and_then(TcpPort::poll_ended);
        ended
            .map(PeerAddr::tcp)
            .or_else(|| self.turn.as_mut()?.poll_ended())
    }

    /// Closes the peer's TCP connection. Does nothing for a UDP peer.
    pub fn close(&mut self, peer: PeerAddr) {
        if let (Proto::Tcp, Some(tcp)) = (peer.proto, &mut self.tcp) {
            tcp.close(peer.addr, &self.poller);
        }
    }
}
