//! One UDP socket: its options, and batches in and out.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::addr::canonical;
use crate::recv::RecvBatch;
use crate::send::{Flushed, SendBatch, WhenFull};
use crate::sys;
use crate::sys_send::SendHeads;

/// How a UDP socket is made.
#[derive(Clone, Copy, Debug)]
pub struct UdpOptions {
    /// Receive buffer to ask for, in bytes. [`UdpPort::buffers`] returns the size that the kernel granted.
    pub recv_buffer: usize,
    /// Send buffer asked for, in bytes.
    pub send_buffer: usize,
    /// Lets the socket have an address that another one of this user has with the same option, for a
    /// process that takes over from another one.
    pub reuse_port: bool,
    /// Receives a burst of one sender as one message (`UDP_GRO`), where the kernel can.
    pub coalesce: bool,
    /// Sends the packets for one destination as one message (`UDP_SEGMENT`), where the kernel can.
    pub segment: bool,
    /// Tells for each datagram which local address it was sent to: for a socket bound to the unspecified
    /// address of a host with many addresses.
    pub local_address: bool,
    /// Tells for each datagram when the kernel had it: for those who measure.
    pub arrival_times: bool,
}

/// The sizes of the socket's buffers in bytes, as the kernel granted them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Buffers {
    pub recv: usize,
    pub send: usize,
}

/// A non-blocking UDP socket with its headers for batched calls.
pub struct UdpPort {
    socket: Socket,
    local: SocketAddr,
    v6: bool,
    coalesce: bool,
    segmenting: Segmenting,
    heads: SendHeads,
}

/// Whether the kernel takes segmented sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Segmenting {
    /// The kernel segments, as far as is known.
    On,
    /// The kernel does not segment, or the options turned it off.
    Off,
}

impl Default for UdpOptions {
    fn default() -> Self {
        Self {
            recv_buffer: 8 << 20,
            send_buffer: 8 << 20,
            reuse_port: false,
            coalesce: true,
            segment: true,
            local_address: false,
            arrival_times: false,
        }
    }
}

impl UdpPort {
    /// Binds a socket. An IPv6 address takes IPv4 too if it is the unspecified one.
    pub fn bind(addr: SocketAddr, options: &UdpOptions) -> io::Result<Self> {
        let v6 = addr.is_ipv6();
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if v6 {
            socket.set_only_v6(!addr.ip().is_unspecified())?;
        }
        if options.reuse_port {
            socket.set_reuse_port(true)?;
        }
        enlarge(&socket, options);
        if options.local_address {
            ask_for_local_address(socket.as_fd(), v6)?;
        }
        if options.arrival_times {
            sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        }
        let coalesce = options.coalesce
            && sys::set_option(socket.as_fd(), libc::SOL_UDP, libc::UDP_GRO, 1).is_ok();
        let segment = options.segment
            && sys::set_option(socket.as_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, 0).is_ok();
        socket.bind(&addr.into())?;
        let local = socket.local_addr()?.as_socket().unwrap_or(addr);
        Ok(Self {
            socket,
            local: canonical(local),
            v6,
            coalesce,
            segmenting: if segment {
                Segmenting::On
            } else {
                Segmenting::Off
            },
            heads: SendHeads::new(),
        })
    }

    /// The address that the socket has.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// True if coalesced receiving is on: a batch needs buffers of [`RecvBatch::COALESCED`] bytes then.
    pub fn coalesces(&self) -> bool {
        self.coalesce
    }

    /// True as long as the kernel takes segmented sends.
    pub fn segments(&self) -> bool {
        self.segmenting != Segmenting::Off
    }

    /// The buffer sizes that the kernel granted.
    pub fn buffers(&self) -> io::Result<Buffers> {
        let socket = SockRef::from(&self.socket);
        Ok(Buffers {
            recv: socket.recv_buffer_size()?,
            send: socket.send_buffer_size()?,
        })
    }

    /// Number of datagrams that the kernel dropped, since the socket was made, because they were not read in
    /// time.
    pub fn kernel_drops(&self) -> io::Result<u32> {
        sys::kernel_drops(self.socket.as_fd())
    }

    /// A batch whose buffers fit this socket.
    pub fn recv_batch_for(&self, messages: usize) -> RecvBatch {
        let size = if self.coalesce {
            RecvBatch::COALESCED
        } else {
            RecvBatch::SINGLE
        };
        RecvBatch::new(messages, size)
    }

    /// Replaces the content of `batch` by the messages that wait in the socket and returns their number, 0 if
    /// none waits. A full batch means that more may wait.
    pub fn recv_batch(&mut self, batch: &mut RecvBatch) -> io::Result<usize> {
        batch.clear();
        loop {
            match batch.arena().recv(self.socket.as_fd()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                other => return other,
            }
        }
    }

    /// Sends `batch` and empties it; with [`WhenFull::Keep`] it keeps, in order, the packets that the
    /// socket's buffer had no room for. Frames for TCP connections are counted as failed: they don't belong
    /// here.
    pub fn flush(&mut self, batch: &mut SendBatch, when_full: WhenFull) -> Flushed {
        let mut segmenting = self.segmenting;
        let fd = self.socket.as_fd();
        let flushed = batch.flush_udp(fd, self.v6, (&mut self.heads, &mut segmenting), when_full);
        self.segmenting = segmenting;
        batch.set_grouping(self.segments());
        flushed
    }
}

impl AsFd for UdpPort {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Asks for large buffers: beyond the system's limit if this process may, else up to it.
fn enlarge(socket: &Socket, options: &UdpOptions) {
    let clamp = |size: usize| i32::try_from(size).unwrap_or(i32::MAX / 2);
    let fd = socket.as_fd();
    let (recv, send) = (clamp(options.recv_buffer), clamp(options.send_buffer));
    if sys::set_option(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, recv).is_err() {
        let _ = socket.set_recv_buffer_size(options.recv_buffer);
    }
    if sys::set_option(fd, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, send).is_err() {
        let _ = socket.set_send_buffer_size(options.send_buffer);
    }
}

fn ask_for_local_address(fd: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        sys::set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        sys::set_option(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Destination, PeerAddr, RecvBatch};

    /// The kernel segments nothing for a socket without checksums: EINVAL, as from a path whose MTU is
    /// smaller than the packets.
    #[test]
    fn a_path_that_takes_no_segments_is_remembered_and_costs_the_others_nothing() {
        let at = ([127, 0, 0, 1], 0).into();
        let mut to = UdpPort::bind(at, &UdpOptions::default()).expect("a socket");
        let mut from = UdpPort::bind(at, &UdpOptions::default()).expect("a socket");
        if !from.segments() {
            return;
        }
        sys::set_option(from.as_fd(), libc::SOL_SOCKET, libc::SO_NO_CHECK, 1).expect("known");
        let destination = Destination::keyed(0, PeerAddr::udp(to.local_addr()));
        let mut send = SendBatch::new(8, 10_000);
        let mut recv = RecvBatch::new(8, RecvBatch::COALESCED);
        for messages in [1, 3, 3] {
            for number in 0..3 {
                assert!(send.push(&destination, &[number; 500]));
            }
            assert_eq!(send.outgoing().count(), messages);
            let flushed = from.flush(&mut send, WhenFull::Drop);
            assert_eq!((flushed.sent, flushed.messages, flushed.failed), (3, 3, 0));
            to.recv_batch(&mut recv).expect("loopback");
            let mut got = Vec::new();
            while let Some(datagram) = recv.pop() {
                got.push((datagram.bytes.len(), datagram.bytes[0]));
            }
            assert_eq!(got, [(500, 0), (500, 1), (500, 2)]);
        }
        assert!(from.segments(), "for everybody else");
    }
}
