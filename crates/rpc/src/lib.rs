//! The wire of Sideroom: protobuf, gRPC, JSON over HTTP POST, the browsers' WebSocket, WHIP and WHEP, to and
//! from the commands, outcomes and events of `sideroom-control`; authentication; and the limits.
//!
//! The server makes one [`Api`] from its [`Backend`] and a [`RpcConfig`], and serves [`router`] over HTTP
//! and [`grpc`] over HTTP/2, both with the peer's address (`into_make_service_with_connect_info`).
//!
//! This crate never decides who hears whom, and never touches a media socket.

mod api;
pub mod auth;
pub mod backend;
mod call;
mod clock;
mod config;
pub mod connection;
pub mod crowd;
mod description;
mod dev;
mod encode;
pub mod error;
mod gateway;
mod grpc;
mod http;
mod ice;
mod ids;
pub mod limit;
mod origin;
mod pasted;
pub mod proto;
pub mod proxies;
mod recent;
mod request;
mod watches;
mod whip;

pub use api::Api;
pub use backend::Backend;
pub use call::METHODS;
pub use config::RpcConfig;
pub use encode::{event_types, outgoing_json};
pub use error::ApiError;
pub use grpc::{Health, grpc};
pub use http::router;
pub use ice::{OwnTurn, TurnCredentials};
pub use pasted::LineFault;
