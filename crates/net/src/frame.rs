//! RFC 4571: packets in a stream, each behind its length in two bytes.

/// Bytes of a length.
pub(crate) const HEADER: usize = 2;

/// Cuts a stream into packets. Holds no more than one read beyond an unfinished packet.
#[derive(Default)]
pub(crate) struct Deframer {
    held: Vec<u8>,
}

/// A packet longer than any client of these protocols sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooLong;

impl Deframer {
    /// Splits read bytes into frames, and passes every whole packet to `each`. Empty packets are skipped.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        max: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), TooLong> {
        if self.held.is_empty() {
            let rest = cut(bytes, max, &mut each)?;
            self.held.extend_from_slice(rest);
            return Ok(());
        }
        self.held.extend_from_slice(bytes);
        let left = cut(&self.held, max, &mut each)?.len();
        self.held.drain(..self.held.len() - left);
        if self.held.is_empty() {
            // An idle connection holds no buffer.
            self.held = Vec::new();
        }
        Ok(())
    }
}

/// Passes every whole packet to `each`, and returns the bytes after the last.
fn cut<'a>(
    mut bytes: &'a [u8],
    max: usize,
    each: &mut impl FnMut(&[u8]),
) -> Result<&'a [u8], TooLong> {
    while let Some((length, rest)) = bytes.split_first_chunk::<HEADER>() {
        let length = usize::from(u16::from_be_bytes(*length));
        if length > max {
            return Err(TooLong);
        }
        let Some((packet, rest)) = rest.split_at_checked(length) else {
            break;
        };
        if !packet.is_empty() {
            each(packet);
        }
        bytes = rest;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_whole_however_the_stream_is_cut() {
        let mut stream = Vec::new();
        let packets: Vec<Vec<u8>> = [1, 300, 7, 1_200].map(|len| vec![len as u8; len]).into();
        for packet in &packets {
            stream.extend((packet.len() as u16).to_be_bytes());
            stream.extend(packet);
        }
        stream.extend([0, 0]);
        for step in 1..stream.len() {
            let mut deframer = Deframer::default();
            let mut got = Vec::new();
            for piece in stream.chunks(step) {
                let result = deframer.read(piece, 1_500, |packet| got.push(packet.to_vec()));
                assert_eq!(result, Ok(()));
            }
            assert_eq!(got, packets, "in steps of {step}");
            assert_eq!(deframer.held.capacity(), 0, "in steps of {step}");
        }
    }

    #[test]
    fn a_length_beyond_the_limit_ends_the_stream() {
        let mut deframer = Deframer::default();
        assert_eq!(deframer.read(&[5, 221, 0], 1_500, |_| {}), Err(TooLong));
    }
}
