//! RTP and RTCP as bytes: reads packets and patches them in place, without copies or allocation.
//!
//! The crate knows no senders and receivers, keeps no packets, and panics on no input: a packet that
//! contradicts itself is [`Malformed`].

pub mod codec;
mod extension;
mod header;
pub mod rtcp;
mod seq;
mod write;

pub use codec::{Codec, Peek};
pub use extension::{AudioLevel, ExtensionKind, ExtensionMap, Extensions};
pub use header::{Malformed, RtpView, RtpViewMut};
pub use seq::{SeqUnwrapper, TimestampUnwrapper, is_newer, is_newer_timestamp};
pub use write::{Header, HeaderWriter, MAX_HEADER};
