//! The server's own TURN (`sideroom-turn`) on its sockets: connections to the HTTP port that begin as TURN does,
//! and a port of its own for UDP and TCP. Packets go to the media workers and come back inside the process.

mod datagrams;
mod outlet;
mod relay;
mod relayed;
mod stream;

pub use datagrams::serve_datagrams;
pub use relay::Relay;
pub use stream::{Ending, serve_stream};
