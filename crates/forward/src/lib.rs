//! The hot path, sans-IO: a packet comes in, the routes of its track are looked up, and for each
//! subscriber it leaves with a rewritten header, or is counted under the reason for which it does not.
//!
//! The [`Forwarder`] obeys the routing table (`sideroom-route`) and never decides who hears whom. It has
//! no sockets, no cryptography, no clock and no randomness: `now` is passed in, packets leave through the
//! [`Egress`] that the caller passes in, and what control or the publishers must know is polled as
//! [`ForwardEvent`]s. When warm, a packet costs no allocation.

mod allowance;
mod clocks;
mod config;
mod counts;
mod egress;
mod emit;
mod event;
mod forwarder;
mod header;
mod history;
mod ids;
mod ingress;
mod keyframe;
mod listing;
mod packet;
mod rate;
mod resend;
mod rewrite;
mod ring;
mod silence;
mod slab;
mod slot;
mod subscriber;
mod table;
mod talkers;
mod tick;
mod view;
mod window;
mod wiring;

pub use allowance::AllowanceBounds;
pub use clocks::SenderReport;
pub use config::{
    ForwardConfig, IngressConfig, IngressId, LayerTarget, Mid, PayloadTypes, SlotConfig,
    SubscriberConfig, SubscriberId,
};
pub use counts::{DropCounts, SlotCounts, TrackCounts};
pub use egress::{Egress, Outgoing, PacketKind};
pub use event::ForwardEvent;
pub use forwarder::Forwarder;
pub use rate::{LayerRate, MAX_LAYERS, MAX_TEMPORAL};
