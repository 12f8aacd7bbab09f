//! Seeded worlds: everything that chance and time do to the server, made repeatable.
//!
//! The real control and forwarding code runs here under a virtual clock; what the network does to
//! packets is a [`link::Link`]. Nothing here ships, and nothing here reads a clock or rolls ambient dice.

pub mod chance;
pub mod link;
