//! This node as one of a cluster: `sideroom-cluster` decides which node owns which room; here are its adapters to
//! etcd, to the other nodes, to the rooms and to the front ends.
//!
//! A room's media are on the node that owns it. Calls come to any node, which passes them to the owner in one hop. What
//! holds when etcd or a node is silent is in decisions 21 and 33.

mod connection;
mod drain;
mod driver;
mod link;
mod opening;
mod owner_calls;
mod router;
mod shared;
mod start;
mod state;

pub mod certificates;
pub mod inspect;

pub use connection::{Connection, ConnectionError};
pub use link::{Links, LinksError};
pub use start::{Running, Start, start};
