//! The Sideroom server: puts the planes together and runs them.
//!
//! Here live configuration, store, metrics, logs and shutdown. It never holds a rule about rooms: those
//! are `control`'s, and it never decides about a packet: that is `forward`'s.

pub mod admin;
pub mod app;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod front;
pub mod health;
pub mod listen;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod pages;
pub mod reload;
pub mod rooms;
pub mod serve;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod turn;
pub mod webhooks;
