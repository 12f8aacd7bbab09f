//! The words that the control plane and the media plane share, and nothing else.
//!
//! `sideroom-control` decides who hears whom and puts it in a [`RouteUpdate`]; `sideroom-forward` applies
//! that to every packet and reports with a [`MediaEvent`]. The two crates never meet: this one is their only
//! language. It holds plain values: no behaviour beyond comparing, applying and printing them, no clocks, no
//! I/O.

mod event;
mod gate;
mod id;
mod kind;
mod plan;
mod route;
mod time;
mod update;

pub use event::{LostReason, MediaEvent, SlotPause};
pub use gate::{DropReason, Gate};
pub use id::{BreakoutId, Epoch, GroupId, ParticipantId, RoomId, SlotId, TrackId, WorkerId};
pub use kind::{Media, TrackKind};
pub use plan::RoutePlan;
pub use route::{Route, RouteReason, TrackRoute};
pub use time::Time;
pub use update::{OutOfOrder, RouteChange, RouteUpdate, TrackChange};
