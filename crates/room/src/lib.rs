//! The life of one room: Loading → Live → Suspended → Ended, as a state machine without IO.
//!
//! A [`RoomMachine`] owns a [`sideroom_control::Room`] and runs it in cycles. A cycle applies what waits in
//! memory, commits the records, publishes the routing updates and waits for the workers (bounded), and only
//! then reacts: replies, events, connections, transports. So nothing outside the room changes before the
//! commit, and a commit that fails has changed nothing.
//!
//! Inputs are `handle_*`, outputs come from [`RoomMachine::poll_action`] and [`RoomMachine::poll_timeout`].
//! The store, the media plane, callers and watchers are the adapter's: the machine knows them as tokens.
//! It never reads a clock, draws a random number that its seed does not determine, or spawns anything.

mod action;
mod backoff;
mod connection;
mod cycle;
mod load;
mod machine;
mod now;
mod people;
mod reaction;
mod request;
mod retire;
mod totals;
mod volatile;
mod watchers;

pub use action::{Action, CommitId, Farewell};
pub use connection::{Connection, SessionNumber};
pub use load::{LoadFailure, Loaded};
pub use machine::{Lifecycle, RoomMachine, RoomOptions, bounds};
pub use now::Now;
pub use request::{Admission, Asked, JoinAsk, Order, Refusal, Request, Response, Token};
pub use totals::RoomTotals;
pub use watchers::WatcherId;
