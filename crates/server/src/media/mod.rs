//! The media plane: workers, each one thread with one port, and the plane over them (`sideroom-plane`).
//!
//! A worker shares nothing with the others but rings of relayed packets. Commands reach it through a bounded
//! queue and take effect between two packets; its events leave without ever blocking it.

mod allocator;
mod bandwidth;
mod bundles;
mod command;
mod counts;
mod egress;
mod fence;
#[cfg(test)]
mod fence_tests;
mod gather;
mod handshakes;
mod ladder;
mod layer_cost;
mod lease;
mod loss;
mod outbox;
mod pacer;
mod path_outage;
mod peers;
mod plane;
mod relay_ring;
mod session_events;
mod setup;
mod spawner;
mod start;
mod supervise;
mod timers;
mod transports;
mod turn_links;
mod worker;
#[cfg(test)]
mod worker_tests;

pub use command::{AnsweredOffer, Connect, Connected, WorkerEvent};
pub use counts::{PublishedCounts, WorkerCounts};
pub use fence::Fence;
pub use lease::Lease;
pub use outbox::WorkerNotice;
pub use plane::{ConnectError, MediaPlane, Publishing, WorkerHealth};
pub use spawner::{StartError, StartOptions};
pub use start::start;
pub use supervise::supervise;
pub use turn_links::TurnLinks;
