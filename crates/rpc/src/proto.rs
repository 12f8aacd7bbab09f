//! Code generated from `proto/sideroom/v1`: messages with their proto3 JSON mapping, the gRPC services, and
//! the descriptors that reflection serves.
#![allow(
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]
#![allow(clippy::too_many_lines, unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/sideroom.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/sideroom.v1.serde.rs"));

/// The descriptors of the whole package, as reflection serves them.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sideroom.v1.bin"));
