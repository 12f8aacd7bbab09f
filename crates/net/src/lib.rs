//! The sockets: UDP in batches, ICE-TCP on the same port number, and the first-byte demultiplexer.
//!
//! A [`Port`] is the network side of one worker: a [`UdpPort`], optionally a TCP listener with the accepted
//! connections, and the epoll set over them with a [`Waker`] for other threads. The worker waits, takes a
//! [`RecvBatch`], reserves and commits packets in a [`SendBatch`], and flushes the batch. Packets for one
//! destination leave in one segmented send where the kernel has `UDP_SEGMENT`.
//!
//! Only [`Port::wait`] blocks. The crate reads no further than the first bytes of a packet, and counts every
//! packet that it drops. The `unsafe` code of the workspace is in `sys*.rs`, except for the hint of
//! `sideroom-prefetch`; so the two calls to the C library's allocator are here as well.

mod addr;
mod clock;
pub mod demux;
mod flush;
mod frame;
mod poll;
mod port;
mod recv;
mod send;
mod source;
mod sys;
mod sys_recv;
mod sys_send;
mod sys_slice;
mod tcp;
mod turn;
mod udp;

pub use addr::{Destination, PeerAddr, Proto};
pub use clock::{Clock, ThreadCpu, wall_clock};
pub use poll::Waker;
pub use port::{Port, PortOptions, Ready};
pub use recv::{Datagram, RecvBatch};
pub use send::{Flushed, SendBatch, WhenFull};
pub use source::source_towards;
pub use sys_slice::ask_for_slices;
pub use tcp::{TcpCounters, TcpLimits};
pub use turn::{Inlet, Outlet, Outlets, Queued};
pub use udp::{Buffers, UdpOptions, UdpPort};
