//! Cuts a stream into messages (RFC 8656 section 12.5, RFC 8489 section 6.2.2).

use crate::channel::MAX_PACKET;
use crate::message::{HEADER, is_stun};

/// The longest message that is taken: a packet in a Send indication, with room for attributes.
const MAX_MESSAGE: usize = MAX_PACKET + 1_024;

/// Cuts the bytes of one stream into messages. Holds at most one message and one read.
#[derive(Debug, Default)]
pub struct Messages {
    held: Vec<u8>,
    /// Bytes of `held` that were taken.
    taken: usize,
}

/// The bytes are no TURN, or a message is longer than any client sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotTurn;

impl Messages {
    /// Takes what was read. Take out all messages before the next read.
    pub fn read(&mut self, bytes: &[u8]) {
        self.held.drain(..self.taken);
        self.taken = 0;
        self.held.extend_from_slice(bytes);
    }

    /// The next whole message, without padding. After an error nothing follows.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, NotTurn> {
        let rest = self.held.get(self.taken..).unwrap_or_default();
        let Some(&[first, _, l0, l1]) = rest.first_chunk::<4>() else {
            return match rest.first() {
                Some(first) if *first >= 0x80 => Err(NotTurn),
                _ => Ok(None),
            };
        };
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let (whole, padded) = match first {
            first if is_stun(first) => (HEADER + length, HEADER + length),
            0x40..0x80 => (4 + length, 4 + length.next_multiple_of(4)),
            _ => return Err(NotTurn),
        };
        if padded > MAX_MESSAGE {
            return Err(NotTurn);
        }
        if rest.len() < padded {
            return Ok(None);
        }
        let at = self.taken;
        self.taken += padded;
        Ok(self.held.get(at..at + whole))
    }
}
