//! The sockets: UDP in batches, ICE-TCP on the same port number, and the first-byte demultiplexer.
//!
//! A [`Port`] is what one worker owns: a [`UdpPort`], optionally a TCP listener with its connections, and
//! the epoll set over them with a [`Waker`] for other threads. The worker waits, takes a [`RecvBatch`],
//! reserves and commits packets in a [`SendBatch`], and flushes it: what a batch brought for one
//! destination leaves in one segmented send where the kernel has `UDP_SEGMENT`.
//!
//! Nothing here blocks except [`Port::wait`], nothing knows what the packets mean beyond their first byte,
//! and no packet is dropped without a counter. The `unsafe` code of the workspace is in `sys*.rs`, but for
//! the hint of `sideroom-prefetch`.

mod addr;
mod clock;
pub mod demux;
mod flush;
mod frame;
mod poll;
mod port;
mod recv;
mod send;
mod sys;
mod sys_recv;
mod sys_send;
mod tcp;
mod udp;

pub use addr::{Destination, PeerAddr, Proto};
pub use clock::{Clock, ThreadCpu, wall_clock};
pub use poll::Waker;
pub use port::{Port, PortOptions, Ready};
pub use recv::{Datagram, RecvBatch};
pub use send::{Flushed, SendBatch, WhenFull};
pub use tcp::{TcpCounters, TcpLimits};
pub use udp::{Buffers, UdpOptions, UdpPort};
