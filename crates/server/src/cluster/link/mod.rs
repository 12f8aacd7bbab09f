//! gRPC between nodes: both sides show certificates of the cluster's authority.

mod client;
mod server;
mod wire;

/// The calls between nodes, as compiled from `proto/peer.proto`.
#[allow(
    clippy::all,
    clippy::too_many_lines,
    unreachable_pub,
    missing_docs,
    reason = "generated; this module's files use it"
)]
mod proto {
    tonic::include_proto!("sideroom.peer.v1");
}

pub(super) use client::Identity;
pub use client::{Links, LinksError};
pub(super) use client::{Unanswered, address_of};
pub(super) use server::{Receiver, serve};
pub(super) use wire::{Ask, Begun, Call, Frame, Replied, Reply, WatchAsk};
