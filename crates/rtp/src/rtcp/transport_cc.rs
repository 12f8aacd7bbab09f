//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use super::{TRANSPORT_CC, TRANSPORT_FEEDBACK, half, word};

/// One feedback packet: which packets of a run arrived, and when.
#[derive(Clone, Debug)]
pub struct TransportCc<'a> {
    /// The first packet of the run.
    pub base: u16,
    /// Number of packets in the run.
    pub count: u16,
    /// The origin of the arrival times in units of 64 ms, 24 bits with a sign.
    pub reference: i32,
    /// The feedback's own number.
    pub number: u8,
    chunks_and_deltas: &'a [u8],
}

/// Statuses of a packet in a status chunk.
const NOT_RECEIVED: u16 = 0;
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// Microseconds of a delta's unit and of a reference time's unit.
const DELTA_MICROS: i64 = 250;
const REFERENCE_MICROS: i64 = 64_000;

impl<'a> TransportCc<'a> {
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        let times = word(body, 12)?;
        Some(Self {
            base: half(body, 8)?,
            count: half(body, 10)?,
            reference: times as i32 >> 8,
            number: times as u8,
            chunks_and_deltas: body.get(16..)?,
        })
    }

    /// Each packet of the run: its number and, if it arrived, its arrival in microseconds of the receiver's
    /// clock. Stops where the chunks or deltas end too early.
    pub fn packets(&self) -> impl Iterator<Item = (u16, Option<i64>)> + 'a {
        let statuses = Statuses {
            bytes: self.chunks_and_deltas,
            left: self.count,
            chunk: (0, 0, 0),
        };
        let chunks = self.chunk_bytes();
        let mut deltas = self.chunks_and_deltas.get(chunks..).unwrap_or_default();
        let mut time = i64::from(self.reference) * REFERENCE_MICROS;
        let mut number = self.base.wrapping_sub(1);
        statuses.map_while(move |status| {
            number = number.wrapping_add(1);
            let (delta, len) = match status {
                NOT_RECEIVED => return Some((number, None)),
                SMALL_DELTA => (i64::from(*deltas.first()?), 1),
                LARGE_DELTA => (i64::from(half(deltas, 0)? as i16), 2),
                _ => return None,
            };
            deltas = deltas.get(len..)?;
            time += delta * DELTA_MICROS;
            Some((number, Some(time)))
        })
    }

    /// Length of the status chunks in bytes.
    fn chunk_bytes(&self) -> usize {
        let mut left = u32::from(self.count);
        let mut at = 0;
        while left > 0 {
            let Some(chunk) = half(self.chunks_and_deltas, at) else {
                break;
            };
            left = left.saturating_sub(u32::from(packets_in(chunk)));
            at += 2;
        }
        at
    }
}

fn packets_in(chunk: u16) -> u16 {
    match chunk >> 14 {
        0 | 1 => chunk & 0x1fff,
        2 => 14,
        _ => 7,
    }
}

/// The status of each packet of a run.
struct Statuses<'a> {
    bytes: &'a [u8],
    left: u16,
    /// The chunk, its number of packets, and how many of them were returned.
    chunk: (u16, u16, u16),
}

impl Iterator for Statuses<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.left == 0 {
            return None;
        }
        while self.chunk.2 == self.chunk.1 {
            let next = half(self.bytes, 0)?;
            self.bytes = self.bytes.get(2..)?;
            self.chunk = (next, packets_in(next), 0);
        }
        let (chunk, _, told) = self.chunk;
        self.chunk.2 += 1;
        self.left -= 1;
        Some(match chunk >> 14 {
            0 | 1 => chunk >> 13 & 3,
            2 => chunk >> (13 - told) & 1,
            _ => chunk >> (12 - told * 2) & 3,
        })
    }
}

/// Appends feedback on a run of packets that begins at `base`. `arrivals` has for each packet its arrival
/// in microseconds, or `None`. Says how many packets of the run it could tell of: all, unless a packet
/// came so early or late that its delta does not fit; then the caller begins another feedback there.
pub fn write_transport_cc(
    out: &mut Vec<u8>,
    ssrcs: (u32, u32),
    number: u8,
    base: u16,
    arrivals: &[Option<i64>],
) -> usize {
    let Some(first) = arrivals.iter().flatten().next() else {
        return 0;
    };
    let reference = first.div_euclid(REFERENCE_MICROS);
    let mut statuses = Vec::with_capacity(arrivals.len());
    let mut deltas = Vec::with_capacity(arrivals.len() * 2);
    let mut time = reference * REFERENCE_MICROS;
    for arrival in arrivals.iter().take(usize::from(u16::MAX)) {
        let Some(arrival) = arrival else {
            statuses.push(NOT_RECEIVED);
            continue;
        };
        let delta = (arrival - time).div_euclid(DELTA_MICROS);
        time += delta * DELTA_MICROS;
        if let Ok(small) = u8::try_from(delta) {
            statuses.push(SMALL_DELTA);
            deltas.push(small);
        } else if let Ok(large) = i16::try_from(delta) {
            statuses.push(LARGE_DELTA);
            deltas.extend_from_slice(&large.to_be_bytes());
        } else {
            break;
        }
    }
    let start = out.len();
    out.extend_from_slice(&[0x80 | TRANSPORT_CC, TRANSPORT_FEEDBACK, 0, 0]);
    out.extend_from_slice(&ssrcs.0.to_be_bytes());
    out.extend_from_slice(&ssrcs.1.to_be_bytes());
    out.extend_from_slice(&base.to_be_bytes());
    out.extend_from_slice(&(statuses.len() as u16).to_be_bytes());
    out.extend_from_slice(&((reference as u32) << 8 | u32::from(number)).to_be_bytes());
    write_chunks(out, &statuses);
    out.extend_from_slice(&deltas);
    pad(out, start);
    statuses.len()
}

/// A run of seven or more equal statuses becomes one run-length chunk, all else two-bit vectors.
fn write_chunks(out: &mut Vec<u8>, mut statuses: &[u16]) {
    while let Some(first) = statuses.first() {
        let run = statuses
            .iter()
            .take_while(|status| *status == first)
            .count()
            .min(0x1fff);
        let (chunk, told) = if run >= 7 {
            (first << 13 | run as u16, run)
        } else {
            let told = statuses.len().min(7);
            let vector = statuses.iter().take(7).enumerate();
            (
                vector.fold(0xc000, |chunk, (i, status)| chunk | status << (12 - i * 2)),
                told,
            )
        };
        out.extend_from_slice(&chunk.to_be_bytes());
        statuses = statuses.get(told..).unwrap_or_default();
    }
}

/// Pads the packet that begins at `start` to whole words, says so, and writes its length.
fn pad(out: &mut Vec<u8>, start: usize) {
    let missing = (out.len() - start).next_multiple_of(4) - (out.len() - start);
    if missing > 0 {
        out.resize(out.len() + missing - 1, 0);
        out.push(missing as u8);
        if let Some(first) = out.get_mut(start) {
            *first |= 0x20;
        }
    }
    super::write::set_length(out, start);
}
