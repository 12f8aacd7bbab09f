//! RTP and RTCP as bytes: what a packet says, patched in place, without copies or allocation.
//!
//! Nothing here knows who sends to whom, nothing keeps packets, and nothing panics on any input: a
//! packet that contradicts itself is [`Malformed`].

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
