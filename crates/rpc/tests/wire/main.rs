//! The wire as its users meet it: real HTTP, WebSocket and gRPC against a server whose backend is a bare room
//! of `sideroom-control`, with no media behind it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod authorisation;
mod conformance;
mod description;
mod documentation;
mod errors;
mod examples;
mod fake;
mod first_calls;
mod gateway;
mod grpc;
mod harness;
mod hostile;
mod limits;
mod origin;
mod promises;
mod repeats;
mod rights;
mod watcher;
mod whip;
