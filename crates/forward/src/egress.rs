//! Where packets leave: the caller copies, seals and sends.

use sideroom_route::{Epoch, Media, SlotId, TrackId, WorkerId};

use crate::SubscriberId;

/// The way out for packets. Called once for each packet and subscriber, so an implementation must be cheap and
/// must not fail: it counts the packets that the socket refuses.
pub trait Egress {
    /// Sends a packet to a subscriber: copies the parts that sealing needs.
    fn send(&mut self, to: SubscriberId, packet: Outgoing<'_>);

    /// A packet as it came in, for another worker: once for each worker, whatever its audience there.
    #[expect(clippy::too_many_arguments, reason = "each is of another kind")]
    fn relay(&mut self, to: WorkerId, track: TrackId, since: Epoch, layer: u8, packet: &[u8]);
}

/// The kind of an outgoing packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PacketKind {
    /// A source's packet, for the first time.
    Media,
    /// A retransmission (RFC 4588), on the slot's RTX SSRC.
    Rtx,
    /// Padding only: a probe, or the place of a packet that was not forwarded.
    Padding,
    /// Silence of the forwarder's own, where a source ended.
    Silence,
}

/// A packet for one subscriber, in three pieces that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The complete RTP header with its extension block, which SRTP authenticates and does not encrypt.
    pub header: &'a [u8],
    /// The beginning of the payload where it had to be rewritten (RTX's original number, a codec's
    /// descriptor). Mostly empty.
    pub prefix: &'a [u8],
    /// The rest of the payload, as it came in.
    pub payload: &'a [u8],
    /// The sequence number with its roll-over count: SRTP has nothing to guess.
    pub extended_sequence: u64,
    /// The SSRC in the header.
    pub ssrc: u32,
    /// Media, retransmission or padding.
    pub kind: PacketKind,
    /// Audio or video.
    pub media: Media,
    /// The slot that it belongs to.
    pub slot: SlotId,
    /// The track that it comes from; `None` for padding and silence, which belong to no track.
    pub track: Option<TrackId>,
    /// The marker bit of the header.
    pub marker: bool,
    /// True for the first packet of a keyframe.
    pub keyframe: bool,
    /// Where in the header the transport-wide sequence number goes (2 bytes).
    pub transport_cc_at: Option<usize>,
    /// Where in the header the absolute send time goes (3 bytes).
    pub abs_send_time_at: Option<usize>,
}

impl Outgoing<'_> {
    /// Bytes of the whole packet, before sealing.
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "a packet is never empty")]
    pub const fn len(&self) -> usize {
        self.header.len() + self.prefix.len() + self.payload.len()
    }

    /// Copies the whole packet to the beginning of `place` and tells its length; `None`, with nothing
    /// copied, if it does not fit.
    #[inline]
    pub fn write_to(&self, place: &mut [u8]) -> Option<usize> {
        let len = self.len();
        let place = place.get_mut(..len)?;
        let (header, rest) = place.split_at_mut_checked(self.header.len())?;
        let (prefix, payload) = rest.split_at_mut_checked(self.prefix.len())?;
        header.copy_from_slice(self.header);
        prefix.copy_from_slice(self.prefix);
        payload.copy_from_slice(self.payload);
        Some(len)
    }
}
