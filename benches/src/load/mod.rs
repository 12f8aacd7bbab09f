//! The load tool: thousands of real WebRTC clients in one process, and measurements of a server.
//!
//! A [`swarm`] is one thread with many clients on one socket. A [`targets::Target`] is the server that they
//! join. A [`scenario`] commands the clients and makes a [`report`] of their measurements. The tool judges
//! itself too: a run in which it was the bottleneck is not valid.

mod arrival;
pub mod canary;
pub mod counts;
pub mod crowd;
pub mod error;
pub mod feedback;
pub mod groups;
pub mod histogram;
pub mod media;
pub mod member;
pub mod options;
pub mod path;
pub mod process;
pub mod pushers;
mod receive;
pub mod report;
pub mod run;
pub mod run_options;
pub mod scenario;
pub mod sdp;
pub mod server;
pub mod swarm;
pub mod swarm_messages;
pub mod tag;
pub mod targets;
pub mod watchers;
