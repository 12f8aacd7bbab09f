//! The source address of a datagram, and its class by its first byte.

use std::net::SocketAddr;

/// The transport protocol of a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Proto {
    Udp,
    /// ICE-TCP: RFC 4571 frames on a connection that the client opened.
    Tcp,
    /// The server's own TURN, inside the process: which of the relay's peers the client talks to. No candidate
    /// of ours is one.
    Turn(u16),
}

/// The other end of a path. One address may be reached by both protocols.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PeerAddr {
    /// The transport protocol.
    pub proto: Proto,
    /// Address and port.
    pub addr: SocketAddr,
}

/// The class of a datagram, as the demultiplexer found it (RFC 7983, RFC 5761).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DatagramClass {
    /// A STUN message.
    Stun,
    /// A DTLS record.
    Dtls,
    Rtp,
    Rtcp,
}

impl PeerAddr {
    /// An address that is reached by UDP.
    pub const fn udp(addr: SocketAddr) -> Self {
        Self {
            proto: Proto::Udp,
            addr,
        }
    }

    /// The far end of a TCP connection.
    pub const fn tcp(addr: SocketAddr) -> Self {
        Self {
            proto: Proto::Tcp,
            addr,
        }
    }
}
