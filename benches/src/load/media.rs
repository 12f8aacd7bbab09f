//! Makes the media that clients send: Opus and VP8 packets with the timing and the sizes of the real
//! ones, filler inside, and a tag at the end of every payload.

use std::time::Duration;

use sideroom_route::{Time, TrackKind};
use sideroom_rtp::{ExtensionKind, ExtensionMap, Header, HeaderWriter};

use super::tag::{self, Tag};

/// The longest payload of a packet, as in browsers.
pub const MAX_PAYLOAD: usize = 1_200;
/// Packets of one frame that leave together; larger frames are spread like a pacer's ticks.
const MIN_BURST: usize = 5;
/// The tick of a pacer.
const TICK: Duration = Duration::from_millis(5);
/// Keyframes are this many times as large as other frames.
const KEYFRAME_FACTOR: usize = 3;
/// A keyframe is not made more often than this.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(300);

/// Properties of a source.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Microphone, camera, screen or canvas.
    pub kind: TrackKind,
    /// Payload bits a second.
    pub rate_bps: u64,
    /// Frames a second.
    pub fps: u32,
    /// How the packets are marked.
    pub ssrc: u32,
    /// The negotiated payload type.
    pub payload_type: u8,
    /// The m-line.
    pub mid: String,
    /// Which simulcast layer it is, if it is one.
    pub rid: Option<String>,
    /// The negotiated header extensions.
    pub extensions: ExtensionMap,
}

/// A source that is sending.
pub struct Source {
    spec: SourceSpec,
    sequence: u64,
    started: Time,
    first_timestamp: u32,
    timestamp: u32,
    index: u64,
    picture: u16,
    keyframe_wanted: bool,
    last_keyframe: Time,
    /// The due time of the current frame, and the rest of it.
    frame_at: Time,
    left: usize,
    in_frame: usize,
    packet_len: usize,
    keyframe: bool,
    next: Time,
    writer: HeaderWriter,
    payload: Vec<u8>,
}

/// One packet that is ready to be sealed.
pub struct Made<'a> {
    /// The whole header.
    pub header: &'a [u8],
    /// Everything behind it.
    pub payload: &'a [u8],
    /// The sequence number with its roll-overs.
    pub sequence: u64,
}

impl Source {
    /// Begins at `start`; `seed` sets where its numbers begin.
    pub fn new(spec: SourceSpec, start: Time, seed: u32) -> Self {
        Self {
            // A receiver expects the first packet in the first cycle.
            sequence: u64::from(seed & 0x0fff),
            started: start,
            first_timestamp: seed.wrapping_mul(2_654_435_761),
            timestamp: 0,
            index: 0,
            picture: seed as u16 & 0x7fff,
            keyframe_wanted: true,
            last_keyframe: Time::ZERO,
            frame_at: start,
            left: 0,
            in_frame: 0,
            packet_len: 0,
            keyframe: false,
            next: start,
            writer: HeaderWriter::new(),
            payload: Vec::with_capacity(MAX_PAYLOAD),
            spec,
        }
    }

    /// The properties of the source.
    pub fn spec(&self) -> &SourceSpec {
        &self.spec
    }

    /// Another rate from the next frame on.
    pub fn set_rate(&mut self, rate_bps: u64) {
        self.spec.rate_bps = rate_bps;
    }

    /// Makes the next frame a keyframe, unless the last one was just now.
    pub fn want_keyframe(&mut self, now: Time) {
        self.keyframe_wanted |= now.since(self.last_keyframe) >= KEYFRAME_INTERVAL;
    }

    /// When packets are due next.
    pub fn next(&self) -> Time {
        self.next
    }

    /// The time stamp of a moment.
    pub fn timestamp_at(&self, now: Time) -> u32 {
        let since = now.since(self.started).as_micros() as u64;
        let ticks = since * u64::from(self.clock_rate()) / 1_000_000;
        self.first_timestamp.wrapping_add(ticks as u32)
    }

    /// How many packets were made.
    pub fn packets(&self) -> u64 {
        self.index
    }

    fn clock_rate(&self) -> u32 {
        match self.spec.kind {
            TrackKind::Audio => 48_000,
            _ => 90_000,
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_micros(1_000_000 / u64::from(self.spec.fps.max(1)))
    }

    /// Makes the packets that are due: one burst. `tag` is completed and written into each packet; `numbers`
    /// counts all packets of the transport.
    pub fn make(
        &mut self,
        now: Time,
        mut tag: Tag,
        numbers: &mut u16,
        mut each: impl FnMut(Made<'_>),
    ) {
        if self.left == 0 {
            self.begin_frame(now);
        }
        let ticks = (self.interval().as_micros() / TICK.as_micros()).max(1) as usize;
        let burst = MIN_BURST.max(self.in_frame.div_ceil(ticks));
        for _ in 0..burst.min(self.left) {
            let first = self.left == self.in_frame;
            self.left -= 1;
            self.write_header(self.left == 0, numbers);
            self.write_payload(first);
            tag.index = self.index;
            tag.write(&mut self.payload);
            each(Made {
                header: self.writer.bytes(),
                payload: &self.payload,
                sequence: self.sequence,
            });
            self.sequence += 1;
            self.index += 1;
        }
        self.next = if self.left > 0 {
            self.next + TICK
        } else {
            self.frame_at + self.interval()
        };
        // A source that was held up for long does not try to catch up.
        if now.since(self.next) > Duration::from_secs(1) {
            self.next = now;
        }
    }

    fn begin_frame(&mut self, now: Time) {
        let due = self.next;
        self.timestamp = self.timestamp_at(due);
        self.frame_at = due;
        let bytes = self.spec.rate_bps / 8 / u64::from(self.spec.fps.max(1));
        let mut bytes = usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .max(tag::LEN + 16);
        self.keyframe = self.spec.kind != TrackKind::Audio && self.keyframe_wanted;
        if self.keyframe {
            self.keyframe_wanted = false;
            self.last_keyframe = now;
            bytes *= KEYFRAME_FACTOR;
        }
        self.in_frame = bytes.div_ceil(MAX_PAYLOAD).max(1);
        self.packet_len = bytes.div_ceil(self.in_frame).min(MAX_PAYLOAD);
        self.left = self.in_frame;
        self.picture = (self.picture + 1) & 0x7fff;
    }

    fn write_header(&mut self, last: bool, numbers: &mut u16) {
        let audio = self.spec.kind == TrackKind::Audio;
        let header = Header {
            marker: if audio { self.index == 0 } else { last },
            payload_type: self.spec.payload_type,
            sequence: self.sequence as u16,
            timestamp: self.timestamp,
            ssrc: self.spec.ssrc,
        };
        let extensions = &self.spec.extensions;
        self.writer.begin(&header, extensions.needs_two_bytes());
        if let Some(id) = extensions.id(ExtensionKind::Mid) {
            self.writer.extension(id, self.spec.mid.as_bytes());
        }
        if let (Some(rid), Some(id)) = (&self.spec.rid, extensions.id(ExtensionKind::Rid)) {
            self.writer.extension(id, rid.as_bytes());
        }
        if let (true, Some(id)) = (audio, extensions.id(ExtensionKind::AudioLevel)) {
            // Voice activity, 30 dB below the loudest.
            self.writer.extension(id, &[0x80 | 30]);
        }
        if let Some(id) = extensions.id(ExtensionKind::TransportCc) {
            *numbers = numbers.wrapping_add(1);
            self.writer.extension(id, &numbers.to_be_bytes());
        }
        self.writer.finish();
    }

    fn write_payload(&mut self, first: bool) {
        self.payload.clear();
        if self.spec.kind == TrackKind::Audio {
            // One frame of 20 ms, wide band: configuration 9, mono, code 0.
            self.payload.push(9 << 3);
        } else {
            let [high, low] = (0x8000 | self.picture).to_be_bytes();
            let start = if first { 0x10 } else { 0 };
            self.payload.extend([0x80 | start, 0x80, high, low]);
            match (first, self.keyframe) {
                (true, true) => self
                    .payload
                    .extend([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]),
                (true, false) => self.payload.extend([0x11, 0x02, 0x00]),
                (false, _) => {}
            }
        }
        self.payload.resize(self.packet_len, 0xa5);
    }
}

#[cfg(test)]
mod tests {
    use sideroom_rtp::RtpView;
    use sideroom_rtp::codec::{Codec, peek};

    use super::*;

    const TAG: Tag = Tag {
        publisher: 1,
        run: 0,
        source: 0,
        group: 0,
        moving_to: None,
        sent_us: 0,
        index: 0,
    };

    fn spec(kind: TrackKind, rate_bps: u64, fps: u32) -> SourceSpec {
        let mut extensions = ExtensionMap::new();
        extensions.set(ExtensionKind::Mid, 4);
        extensions.set(ExtensionKind::AudioLevel, 1);
        SourceSpec {
            kind,
            rate_bps,
            fps,
            ssrc: 99,
            payload_type: 96,
            mid: "7".to_owned(),
            rid: None,
            extensions,
        }
    }

    /// Runs a source for `ms` milliseconds and returns bursts: (time, packets).
    fn run(source: &mut Source, ms: u64) -> Vec<(Time, Vec<Vec<u8>>)> {
        let end = source.next() + Duration::from_millis(ms);
        let mut bursts = Vec::new();
        while source.next() < end {
            let at = source.next();
            let mut burst = Vec::new();
            source.make(at, TAG, &mut 0, |made| {
                burst.push([made.header, made.payload].concat())
            });
            bursts.push((at, burst));
        }
        bursts
    }

    #[test]
    fn video_has_the_rate_the_bursts_and_the_keyframes_that_were_asked_for() {
        let start = Time::from_millis(70_000);
        let mut source = Source::new(spec(TrackKind::Camera, 1_440_000, 30), start, 7);
        let mut bursts = run(&mut source, 100);
        let first = &bursts[0].1[0];
        let view = RtpView::parse(first).expect("RTP");
        assert!(peek(Codec::Vp8, view.payload()).keyframe);
        assert_eq!(view.extension(4), Some(&b"7"[..]));
        bursts = run(&mut source, 9_990);
        let packets: Vec<_> = bursts.iter().flat_map(|(_, burst)| burst).collect();
        assert!(bursts.iter().all(|(_, burst)| burst.len() == 5));
        assert_eq!(packets.len(), 1_500);
        let mut timestamps = Vec::new();
        for packet in &packets {
            let view = RtpView::parse(packet).expect("RTP");
            assert_eq!(view.payload().len(), 1_200);
            assert!(Tag::read(view.payload()).is_some());
            timestamps.push(view.timestamp());
        }
        let elapsed = timestamps[1_499].wrapping_sub(timestamps[0]);
        assert!(elapsed.abs_diff(299 * 3_000) < 100, "{elapsed}");
        let any_key = packets.iter().any(|packet| {
            peek(Codec::Vp8, RtpView::parse(packet).expect("RTP").payload()).keyframe
        });
        assert!(!any_key);
        source.want_keyframe(source.next());
        let again = run(&mut source, 34);
        let view = RtpView::parse(&again[0].1[0]).expect("RTP");
        assert!(peek(Codec::Vp8, view.payload()).keyframe);
    }

    #[test]
    fn large_frames_are_spread_over_their_interval() {
        let start = Time::from_millis(1_000);
        let mut source = Source::new(spec(TrackKind::Camera, 30_000_000, 30), start, 7);
        run(&mut source, 200);
        let bursts = run(&mut source, 1_000);
        let most = bursts.iter().map(|(_, burst)| burst.len()).max();
        assert!(most <= Some(20), "{most:?}");
        let packets: usize = bursts.iter().map(|(_, burst)| burst.len()).sum();
        assert!(packets.abs_diff(3_125) < 60, "{packets}");
    }

    #[test]
    fn audio_comes_every_20_ms() {
        let mut source = Source::new(spec(TrackKind::Audio, 32_000, 50), Time::ZERO, 1);
        let bursts = run(&mut source, 1_000);
        assert_eq!(bursts.len(), 50);
        for (index, (at, burst)) in bursts.iter().enumerate() {
            assert_eq!(at.as_millis(), index as u64 * 20);
            assert_eq!(burst.len(), 1);
            let view = RtpView::parse(&burst[0]).expect("RTP");
            assert_eq!(view.payload().len(), 80);
        }
    }
}
