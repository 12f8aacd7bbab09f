//! The control loop: the one owner of all rooms of this node, and the front ends' way to it.
//!
//! Requests are taken in turns. A turn applies what waits, keeps it in the journal with one commit, lets
//! the workers obey, and only then tells anybody: the asker, the watchers. So nothing that was answered
//! is ever lost, and "moved" means that no packet of the old group follows.

mod ask;
mod chance;
mod control_loop;
mod host;
mod kept;
mod life;
mod load;
mod node;
mod reading;
mod saving;
mod turn;
mod watchers;

pub use control_loop::{ControlLoop, LoopOptions};
pub use load::LoadError;
pub use node::Node;
