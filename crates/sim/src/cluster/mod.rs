//! Worlds of many nodes: the shipped ownership code over a model of etcd, with everything that goes wrong.
//!
//! Nodes crash, freeze and are cut off from etcd and from each other, in one direction or both; clocks run at different
//! rates; messages are lost, doubled and reordered; transactions are written although nobody learns of it.
//! Callers at all nodes send commands with request ids, and again when no answer comes. Oracles know what etcd has
//! written and what was answered, and look at every node's right to forward.

mod callers;
mod clock;
mod etcd;
mod faults;
mod host;
mod oracles;
mod owner;
mod paths;
mod plant;
mod tasks;
mod world;

pub use oracles::ClusterFailure;
pub use plant::ClusterPlant;
pub use world::{ClusterSetting, ClusterTotals};
