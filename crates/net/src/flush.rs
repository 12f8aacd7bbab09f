//! Flushes a send batch: as few system calls as possible, and a counter for every refusal of the kernel.

use std::io;
use std::os::fd::BorrowedFd;

use crate::send::{END, Flushed, SendBatch, WhenFull};
use crate::sys_send::{Outgoing, SendHeads};
use crate::udp::Segmenting;

impl SendBatch {
    /// Hands the datagrams to the kernel.
    pub(crate) fn flush_udp(
        &mut self,
        fd: BorrowedFd<'_>,
        v6: bool,
        (heads, segmenting): (&mut SendHeads, &mut Segmenting),
        when_full: WhenFull,
    ) -> Flushed {
        let mut flushed = Flushed {
            failed: self.frames.len() as u64,
            ..Flushed::default()
        };
        self.frames.clear();
        self.close_groups();
        while self.first < self.messages.len() {
            let result = heads.send(fd, v6, self.outgoing());
            match result {
                Ok(taken) if taken > 0 => self.note_taken(taken, &mut flushed),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.stop_full(when_full, &mut flushed) {
                        return flushed;
                    }
                    break;
                }
                Err(error) if self.refused_for_its_segments(&error, segmenting) => {
                    if self.split_first(fd, v6, heads, &mut flushed).is_err()
                        && self.stop_full(when_full, &mut flushed)
                    {
                        return flushed;
                    }
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    flushed.full += self.skip_first();
                }
                Ok(_) | Err(_) => flushed.failed += self.skip_first(),
            }
        }
        self.reset();
        flushed
    }

    fn note_taken(&mut self, taken: usize, flushed: &mut Flushed) {
        let until = (self.first + taken).min(self.messages.len());
        for message in self.messages.get(self.first..until).unwrap_or_default() {
            flushed.sent += u64::from(message.count);
            flushed.messages += 1;
        }
        self.first = until;
    }

    /// The socket is full: true if what is left stays in the batch.
    fn stop_full(&mut self, when_full: WhenFull, flushed: &mut Flushed) -> bool {
        let left = self.messages.get(self.first..).unwrap_or_default();
        let left: u64 = left.iter().map(|message| u64::from(message.count)).sum();
        match when_full {
            WhenFull::Keep => flushed.kept = left,
            WhenFull::Drop => {
                flushed.full += left;
                self.first = self.messages.len();
            }
        }
        when_full == WhenFull::Keep
    }

    /// Drops the first message and says how many packets that were.
    fn skip_first(&mut self) -> u64 {
        let message = self.messages.get(self.first);
        self.first += 1;
        message.map_or(0, |message| u64::from(message.count))
    }

    /// True if the kernel refused the first message because it is segmented. A device that cannot segment
    /// refuses all of them, so none are made any more. A path with a small MTU refuses its own, so only its
    /// packets go one by one from now on.
    fn refused_for_its_segments(&mut self, error: &io::Error, segmenting: &mut Segmenting) -> bool {
        let first = self.messages.get(self.first).copied();
        let Some(first) = first.filter(|message| message.count > 1) else {
            return false;
        };
        match error.raw_os_error() {
            Some(libc::EIO | libc::EOPNOTSUPP | libc::ENOPROTOOPT) => {
                *segmenting = Segmenting::Off;
                true
            }
            Some(libc::EINVAL | libc::EMSGSIZE) => {
                self.send_alone(first.to);
                true
            }
            _ => false,
        }
    }

    /// Sends the packets of the first message one by one; an error if the socket is full, and then what
    /// is left of the message stays.
    fn split_first(
        &mut self,
        fd: BorrowedFd<'_>,
        v6: bool,
        heads: &mut SendHeads,
        flushed: &mut Flushed,
    ) -> Result<(), ()> {
        while let Some(&message) = self.messages.get(self.first) {
            let single = Outgoing {
                to: message.to,
                from: message.from,
                segment: message.segment,
                count: 1,
                packets: self.chain(message.head),
            };
            match heads.send(fd, v6, std::iter::once(single)) {
                Ok(1) => {
                    flushed.sent += 1;
                    flushed.messages += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(()),
                Ok(_) | Err(_) => flushed.failed += 1,
            }
            let next = self
                .packets
                .get(message.head as usize)
                .map_or(END, |p| p.next);
            if next == END || message.count <= 1 {
                break;
            }
            if let Some(message) = self.messages.get_mut(self.first) {
                message.head = next;
                message.count -= 1;
            }
        }
        self.first += 1;
        Ok(())
    }
}
