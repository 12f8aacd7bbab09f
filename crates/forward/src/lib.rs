//! The hot path, sans-IO: the forwarder takes a packet, looks up the routes of the track, and for each
//! subscriber sends the packet with a rewritten header or counts a drop.
//!
//! The [`Forwarder`] applies the routing table (`sideroom-route`) and never decides who hears whom. It has no
//! sockets, no cryptography, no clock and no randomness: `now` is passed in, packets leave through the
//! [`Egress`] that the caller passes in, and events for control and publishers are polled as
//! [`ForwardEvent`]s. When warm, a packet costs no allocation.

mod allowance;
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
mod publisher_clocks;
mod rate;
mod resend;
mod rewrite;
mod ring;
mod sender_reports;
mod silence;
mod slab;
mod slot;
mod subscriber;
mod table;
mod talkers;
mod tick;
mod view;
mod waiting;
mod window;
mod wiring;

pub use allowance::AllowanceBounds;
pub use config::{
    ForwardConfig, IngressConfig, IngressId, LayerTarget, Mid, PayloadTypes, SlotConfig,
    SubscriberConfig, SubscriberId,
};
pub use counts::{DropCounts, SlotCounts, TrackCounts};
pub use egress::{Egress, Outgoing, PacketKind};
pub use event::ForwardEvent;
pub use forwarder::Forwarder;
pub use rate::{LayerRate, MAX_LAYERS, MAX_TEMPORAL};
pub use sender_reports::SenderReport;
