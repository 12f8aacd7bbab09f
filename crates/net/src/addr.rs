//! Where packets come from and go to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The transport protocol below ICE.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Proto {
    Udp,
    /// Frames of RFC 4571 in a connection that the client made (an ICE-TCP passive candidate of ours).
    Tcp,
    /// The server's own TURN, inside the process: which of the relay's peers the client talks to.
    Turn(u16),
}

/// The other end of a path. A TCP connection is named by the client's address, which is unique for as long as
/// the connection lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PeerAddr {
    /// The transport protocol.
    pub proto: Proto,
    /// The client's address. IPv4 is never in its IPv6-mapped form.
    pub addr: SocketAddr,
}

/// The destination of a packet, for [`crate::SendBatch::commit`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Destination {
    /// A small dense number for this receiver, by which its packets are grouped into segmented sends;
    /// [`Destination::UNKEYED`] for a packet that stands alone. The same key with another address is
    /// harmless: it begins a new group.
    pub key: u32,
    /// Where the packet goes.
    pub to: PeerAddr,
    /// The local address that it shall come from; `None` leaves it to the kernel's routes. Only UDP.
    pub from: Option<IpAddr>,
}

impl PeerAddr {
    /// A UDP address.
    pub const fn udp(addr: SocketAddr) -> Self {
        Self {
            proto: Proto::Udp,
            addr,
        }
    }

    /// The client's end of a TCP connection.
    pub const fn tcp(addr: SocketAddr) -> Self {
        Self {
            proto: Proto::Tcp,
            addr,
        }
    }

    /// A relayed address of our own TURN, and which of its peers the client talks to.
    pub const fn turn(addr: SocketAddr, peer: u16) -> Self {
        Self {
            proto: Proto::Turn(peer),
            addr,
        }
    }
}

impl Destination {
    /// No group: the packet is a message of its own.
    pub const UNKEYED: u32 = u32::MAX;

    /// A packet that stands alone, such as an answer to a STUN check.
    pub const fn alone(to: PeerAddr) -> Self {
        Self::keyed(Self::UNKEYED, to)
    }

    /// A packet that is grouped with others of the same key.
    pub const fn keyed(key: u32, to: PeerAddr) -> Self {
        Self {
            key,
            to,
            from: None,
        }
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proto = match self.proto {
            Proto::Udp => "udp",
            Proto::Tcp => "tcp",
            Proto::Turn(_) => "turn",
        };
        write!(f, "{proto}/{}", self.addr)
    }
}

/// The address as everybody else writes it: IPv4 is IPv4, also on a dual-stack socket.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// The address as a dual-stack socket wants it.
pub(crate) fn mapped(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(v4) => SocketAddr::new(IpAddr::V6(v4.ip().to_ipv6_mapped()), v4.port()),
        SocketAddr::V6(_) => addr,
    }
}
