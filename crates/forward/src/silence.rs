//! Ends the sound of audio slots in which nothing flows any more.
//!
//! A decoder that gets nothing takes it for loss: browsers go on with the last voice for up to half a
//! second, fading, and count every sample as concealed for as long as the slot stays quiet. So the slot
//! says itself that there is silence: one frame of it, and one that begins a discontinuous transmission
//! (RFC 7587 section 3.1.3), after which nothing is expected.

use std::mem;
use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::Codec;

use crate::egress::PacketKind;
use crate::emit::GeneratedPacket;
use crate::header::Fields;
use crate::slot::Slot;
use crate::{Egress, Forwarder};

/// Opus: 20 ms of silence, mono; and the same without a frame, as at the beginning of a pause (RFC 6716
/// sections 3.1 and 3.2.1).
const FRAMES: [&[u8]; 2] = [&[0xf8, 0xff, 0xfe], &[0xf8]];
/// Where a whole room loses its sources at once, this many slots are ended at a time, with a pause between,
/// so that slots that still have a source need not wait for it.
const AT_ONCE: usize = 64;
const EVERY: Duration = Duration::from_millis(1);
/// The length of each, in ticks of the RTP clock.
const FRAME_TICKS: u32 = 960;

impl Forwarder {
    /// Sends the closing frames for slots that lost their source. Call it after everything that may change
    /// the routes, and when [`poll_timeout`](Self::poll_timeout) says so: many are ended little by little.
    #[inline]
    pub fn send_silence<E: Egress>(&mut self, now: Time, out: &mut E) {
        if !self.ended.is_empty() && now >= self.next_silence {
            self.end_sound(now, out);
        }
    }

    #[cold]
    fn end_sound<E: Egress>(&mut self, now: Time, out: &mut E) {
        let mut ended = mem::take(&mut self.ended);
        ended.sort_unstable();
        ended.dedup();
        self.next_silence = now + EVERY;
        for key in ended.drain(..ended.len().min(AT_ONCE)) {
            let slot = self.slots.at_mut(key);
            let Some(slot) = slot.filter(|slot| slot.is_quiet()) else {
                continue;
            };
            let Some(payload_type) = slot.types.of(Codec::Opus) else {
                continue;
            };
            for frame in FRAMES {
                let (number, timestamp) = slot.rewriter.append(now, FRAME_TICKS);
                let fields = Fields {
                    marker: false,
                    padding: false,
                    payload_type,
                    number,
                    timestamp,
                    ssrc: slot.ssrc,
                };
                slot.counts.packets += 1;
                slot.counts.octets += frame.len() as u64;
                let own = GeneratedPacket {
                    fields,
                    kind: PacketKind::Silence,
                    payload: frame,
                };
                self.composer.send_own(slot, &own, out);
            }
        }
        self.ended = ended;
    }
}

impl Slot {
    /// True if the slot carried something, and neither carries nor awaits anything now.
    fn is_quiet(&self) -> bool {
        self.counts.packets > 0 && !self.carries()
    }
}
