//! The wire of Sideroom: protobuf, gRPC, JSON over HTTP POST, the browsers' WebSocket, WHIP and WHEP, to
//! and from the commands, outcomes and events of `sideroom-control`; who may call what; and the limits.
//!
//! It never decides who hears whom, and never touches a media socket.

pub mod auth;
pub mod backend;
pub mod error;
pub mod limit;
pub mod proto;

pub use backend::Backend;
pub use error::ApiError;
