//! Seeded worlds: everything that chance and time do to the server, made repeatable.
//!
//! The real control and forwarding code runs here under a virtual clock; [`link::Link`] is a bad network
//! for tests of transports. Nothing here ships, and nothing here reads a clock or rolls ambient dice.
//!
//! A [`story::Setting`] begins with a seed. [`generate::Generator`] draws one [`step::Step`] after the
//! other, [`world::World`] takes them: a real room decides, two real forwarders forward the tagged packets
//! of model clients, updates and packets come late, and oracles that know the log of commands only look
//! at every answer and at every packet that reaches a subscriber.

mod attendance;
pub mod chance;
mod checks;
pub mod cluster;
pub mod coverage;
mod crossing;
pub mod faults;
pub mod generate;
mod history;
mod later;
pub mod link;
mod media;
mod model;
mod packet;
mod plane;
mod quiet;
pub mod reno;
pub mod settings;
mod sink;
pub mod step;
pub mod story;
mod transport;
mod workers;
pub mod world;
