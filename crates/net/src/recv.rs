//! The datagrams of one receive call.

use std::net::IpAddr;
use std::time::Duration;

use crate::addr::{PeerAddr, canonical};
use crate::sys_recv::{ReceivedMessage, RecvArena};

/// Datagrams, and frames of TCP connections, that were received together. Taken out one by one with
/// [`RecvBatch::pop`], each in a buffer of its own that may be written to: packets are opened in place.
pub struct RecvBatch {
    arena: RecvArena,
    next: usize,
    /// The coalesced message that datagrams are being taken from, and how far.
    open: Option<(ReceivedMessage, usize)>,
    frames: Vec<Frame>,
    frame_bytes: Vec<u8>,
    next_frame: usize,
    truncated: u64,
}

/// One packet as it came from the network.
#[derive(Debug)]
pub struct Datagram<'a> {
    /// The sender's address.
    pub from: PeerAddr,
    /// The local address that the datagram was sent to, if the socket was asked to report it.
    pub local: Option<IpAddr>,
    /// The kernel's receive time, by [`wall_clock`](crate::wall_clock), if the socket was asked to report it.
    pub arrived: Option<Duration>,
    pub bytes: &'a mut [u8],
}

pub(crate) struct Frame {
    pub(crate) from: PeerAddr,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl RecvBatch {
    /// Size of a buffer that a coalesced message fits into.
    pub const COALESCED: usize = 65_535;
    /// Size of a buffer for one datagram: more than any path's MTU that media are sent over. Longer ones
    /// are dropped and counted.
    pub const SINGLE: usize = 2_048;
    /// Bytes of TCP frames that are taken at once.
    pub(crate) const FRAME_BYTES: usize = 256 * 1_024;

    /// Room for `messages` messages with a buffer of `size` bytes each.
    pub fn new(messages: usize, size: usize) -> Self {
        Self {
            arena: RecvArena::new(messages.max(1), size),
            next: 0,
            open: None,
            frames: Vec::new(),
            frame_bytes: Vec::new(),
            next_frame: 0,
            truncated: 0,
        }
    }

    /// How many messages of the socket fit.
    pub fn capacity(&self) -> usize {
        self.arena.capacity()
    }

    /// True if the socket filled every buffer, so that more may wait.
    pub fn is_full(&self) -> bool {
        self.arena.filled() == self.arena.capacity()
    }

    /// Number of messages dropped because they were longer than a buffer.
    pub fn truncated(&self) -> u64 {
        self.truncated
    }

    /// Removes and returns the next packet.
    pub fn pop(&mut self) -> Option<Datagram<'_>> {
        loop {
            if let Some((message, at)) = self.open {
                let end = (at + message.segment).min(message.len);
                self.open = (end < message.len).then_some((message, end));
                let range = message.start + at..message.start + end;
                return Some(Datagram {
                    from: PeerAddr::udp(canonical(message.from)),
                    local: message.local,
                    arrived: message.arrived,
                    bytes: self.arena.bytes_mut(range),
                });
            }
            if self.next >= self.arena.filled() {
                return self.pop_frame();
            }
            let message = self.arena.message(self.next);
            self.next += 1;
            match message {
                Some(message) if message.truncated => self.truncated += 1,
                Some(message) => self.open = Some((message, 0)),
                None => {}
            }
        }
    }

    fn pop_frame(&mut self) -> Option<Datagram<'_>> {
        let frame = self.frames.get(self.next_frame)?;
        self.next_frame += 1;
        Some(Datagram {
            from: frame.from,
            local: None,
            arrived: None,
            bytes: self
                .frame_bytes
                .get_mut(frame.start..frame.start + frame.len)?,
        })
    }

    /// Empties the batch and lets the caller fill the socket's part.
    pub(crate) fn arena(&mut self) -> &mut RecvArena {
        &mut self.arena
    }

    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        self.next = 0;
        self.open = None;
        self.frames.clear();
        self.frame_bytes.clear();
        self.next_frame = 0;
    }

    /// True if another frame of any size fits.
    pub(crate) fn has_room_for_frames(&self) -> bool {
        self.frame_bytes.len() < Self::FRAME_BYTES
    }

    /// Takes these frames in place of its own, which it has none of: the caller gets empty buffers back.
    pub(crate) fn swap_frames(&mut self, frames: &mut Vec<Frame>, bytes: &mut Vec<u8>) {
        std::mem::swap(&mut self.frames, frames);
        std::mem::swap(&mut self.frame_bytes, bytes);
    }

    /// Appends a frame that a TCP connection brought.
    pub(crate) fn push_frame(&mut self, from: PeerAddr, bytes: &[u8]) {
        let start = self.frame_bytes.len();
        self.frame_bytes.extend_from_slice(bytes);
        self.frames.push(Frame {
            from,
            start,
            len: bytes.len(),
        });
    }
}
