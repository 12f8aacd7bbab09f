//! Where a datagram came from, and what it is by its first byte.

use std::net::SocketAddr;

/// What carries the datagrams.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Proto {
    /// UDP.
    Udp,
    /// ICE-TCP: RFC 4571 frames on a connection that the client opened.
    Tcp,
}

/// The other end of a path. One address may be reached by both protocols.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PeerAddr {
    /// What carries the datagrams.
    pub proto: Proto,
    /// Address and port.
    pub addr: SocketAddr,
}

/// What a datagram is, as the demultiplexer found (RFC 7983, RFC 5761).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DatagramClass {
    /// A STUN message.
    Stun,
    /// A DTLS record.
    Dtls,
    /// SRTP.
    Rtp,
    /// SRTCP.
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
