//! Ownership of rooms over many nodes, as state machines without IO.
//!
//! Each room has one *owner*: the node whose room task decides. etcd says which, and fences the journal: an
//! append compares the owner's *term*. What etcd cannot fence is media that other nodes forward. For that
//! an owner gives each *member* node a permission that ends by itself, and gives it only while it *holds*
//! its rooms. This crate decides when a node holds its rooms ([`Hold`]), when it promises another node
//! not to take that node's rooms ([`Promises`]), when it may take them ([`Neighbours`]), what it grants
//! ([`OwnedRoom`]) and what it may forward ([`Permissions`]). [`ClusterNode`] puts these together.
//!
//! The argument, and the table of cases, is decision 21. The simulator runs this code as it is.
//!
//! Time is passed in and need not agree between nodes: clocks only have to run at nearly the same rate
//! ([`Timing::drift_ppm`]). Nothing here reads a clock, opens a socket or knows etcd's API.

mod action;
mod claims;
mod hold;
mod message;
mod neighbour;
mod node;
mod owned;
mod peers;
mod permission;
mod promise;
mod record;
mod records;
mod rooms;
mod take_over;
mod timing;

pub use action::{Action, Change, Outcome};
pub use hold::Hold;
pub use message::{Message, RoomState};
pub use neighbour::Neighbours;
pub use node::{ClusterNode, ClusterOptions, WhenAlone};
pub use owned::{OwnedRoom, TableApplied};
pub use permission::Permissions;
pub use promise::Promises;
pub use record::{Incarnation, NodeId, NodeRecord, OwnerRecord, Revision, Term};
pub use rooms::CallRoute;
pub use timing::Timing;
