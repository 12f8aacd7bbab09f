//! The media plane, sans-IO: which worker serves which participant, the tables and orders that workers get,
//! the relays between them, and the supervision of workers that stall, panic and come back.
//!
//! [`Plane`] is the central part: control's updates, joins and the workers' reports go in by `handle_*`,
//! orders for workers come out of [`Plane::poll_order`] and news for the rooms out of [`Plane::poll_event`].
//! [`Follower`] is the part of one worker: it carries out orders on the worker's forwarder and speaks with
//! the other workers by [`Message`]s over a [`Link`].
//!
//! This crate has no sockets, threads, locks or clocks. The server and the simulator drive the same code. It
//! never decides who hears whom (`sideroom-control` does) and never touches a packet on its way to a
//! subscriber (`sideroom-forward` does).

mod follower;
mod link;
mod order;
mod plane;
mod rankings;
mod relays;
mod report;
mod room;
mod supervision;
mod worker_assignment;

pub use follower::{Follower, Notice};
pub use link::{Link, Message};
pub use order::Order;
pub use plane::{Plane, PlaneEvent};
pub use report::Report;
pub use supervision::{Ending, HEARTBEAT_EVERY, Incarnation, MISSED_HEARTBEATS};
