//! The tag at the end of every payload: its sender, their group, the time, and the part of the run.
//!
//! The server forwards payloads unchanged, so the tag tells the receiver the whole story of a packet
//! without asking the sender.

/// Bytes of a tag.
pub const LEN: usize = 32;

const MAGIC: u32 = 0x5352_4c54;
const MOVING: u8 = 1;

/// A tag in plain form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag {
    /// The number of the sending client.
    pub publisher: u32,
    /// The part of the run in which it was sent.
    pub run: u16,
    /// The number of its source among the publisher's.
    pub source: u8,
    /// The group that the publisher was in.
    pub group: u16,
    /// The group that it was on its way to, if a move had been asked for and not been answered.
    pub moving_to: Option<u16>,
    /// When it was sent, in microseconds of the tool's clock.
    pub sent_us: u64,
    /// Counted by the source.
    pub index: u64,
}

impl Tag {
    /// Writes the tag to the end of `payload`, if it is long enough.
    pub fn write(&self, payload: &mut [u8]) {
        let Some(place) = payload.last_chunk_mut::<LEN>() else {
            return;
        };
        let flags = if self.moving_to.is_some() { MOVING } else { 0 };
        place[..4].copy_from_slice(&MAGIC.to_be_bytes());
        place[4..8].copy_from_slice(&self.publisher.to_be_bytes());
        place[8..10].copy_from_slice(&self.run.to_be_bytes());
        place[10] = self.source;
        place[11] = flags;
        place[12..14].copy_from_slice(&self.group.to_be_bytes());
        place[14..16].copy_from_slice(&self.moving_to.unwrap_or(0).to_be_bytes());
        place[16..24].copy_from_slice(&self.sent_us.to_be_bytes());
        place[24..].copy_from_slice(&self.index.to_be_bytes());
    }

    /// Reads the tag at the end of `payload`.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let place: &[u8; LEN] = payload.last_chunk()?;
        let (magic, rest) = place.split_first_chunk::<4>()?;
        if u32::from_be_bytes(*magic) != MAGIC {
            return None;
        }
        let (publisher, rest) = rest.split_first_chunk()?;
        let (run, rest) = rest.split_first_chunk()?;
        let (&[source, flags], rest) = rest.split_first_chunk()?;
        let (group, rest) = rest.split_first_chunk()?;
        let (to, rest) = rest.split_first_chunk()?;
        let (sent, rest) = rest.split_first_chunk()?;
        let to = u16::from_be_bytes(*to);
        Some(Self {
            publisher: u32::from_be_bytes(*publisher),
            run: u16::from_be_bytes(*run),
            source,
            group: u16::from_be_bytes(*group),
            moving_to: (flags & MOVING != 0).then_some(to),
            sent_us: u64::from_be_bytes(*sent),
            index: u64::from_be_bytes(*rest.first_chunk()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_survives_and_noise_is_none() {
        let tag = Tag {
            publisher: 70_000,
            run: 3,
            source: 1,
            group: 9,
            moving_to: Some(2),
            sent_us: u64::MAX - 1,
            index: 1 << 40,
        };
        let mut payload = vec![0; 90];
        tag.write(&mut payload);
        assert_eq!(Tag::read(&payload), Some(tag));
        let still = Tag {
            moving_to: None,
            ..tag
        };
        still.write(&mut payload);
        assert_eq!(Tag::read(&payload), Some(still));
        assert_eq!(Tag::read(&payload[..89]), None);
        assert_eq!(Tag::read(&[0; 31]), None);
    }
}
