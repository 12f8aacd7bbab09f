//! The rooms of this node: one supervised task for each, and the front ends' way to them.
//!
//! [`sideroom_room::RoomMachine`] decides what a room does and when; here are its adapters to the store, the
//! media plane, callers and watchers. This module has no rules of its own.

mod actions;
mod cached_answer;
mod chance;
mod delivery;
mod directory;
mod dispatch;
mod events;
mod messages;
mod moving;
mod node;
mod numbered;
mod offer;
mod port;
mod queries;
mod reply;
mod snapshot_pace;
mod start;
mod summary;
mod supervise;
mod task;
mod watching;

pub(crate) use chance::draw;
pub use directory::{Directory, News, NodeOptions, RoomHealth};
pub use dispatch::{dispatch, observe};
pub use node::Node;
pub use port::MediaPort;
pub use start::load;
