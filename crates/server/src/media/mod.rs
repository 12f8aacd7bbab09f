//! The media plane: workers, each one thread with one port, and the plane over them.
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
mod fenced;
mod ladder;
mod layer_cost;
mod loss;
mod outbox;
mod pacer;
mod path_outage;
mod peers;
mod placement;
mod plane;
mod relay_ring;
mod relays;
mod settle;
mod setup;
mod start;
mod talkers;
mod timers;
#[cfg(test)]
mod trial;
mod worker;

pub use command::{Connect, Connected, WorkerCommand, WorkerEvent};
pub use counts::{PublishedCounts, WorkerCounts};
pub use fence::Fence;
pub use outbox::Told;
pub use placement::SPREAD_ABOVE;
pub use plane::{ConnectError, MediaPlane, Publishing, WorkerHealth};
pub use start::{StartError, StartOptions, start};
pub use talkers::{LayerMasks, TalkerLists};
