//! Entry points for `sideroom-rtp`: no input makes it panic, and its views agree with the bytes.

use sideroom_rtp::codec::{av1, opus, vp8, vp9};
use sideroom_rtp::rtcp::{Packet, packets};
use sideroom_rtp::{AudioLevel, Codec, Extensions, RtpView, RtpViewMut};

/// Reads every field of a packet, and patches a copy.
pub fn rtp_view(data: &[u8]) {
    let Ok(view) = RtpView::parse(data) else {
        assert!(RtpViewMut::parse(&mut data.to_vec()).is_err());
        return;
    };
    let payload = view.payload_range();
    assert!(view.header_len() <= payload.start && payload.end + view.padding_len() == data.len());
    assert_eq!(view.payload(), &data[payload]);
    assert!(view.csrcs().count() <= 15);
    let extensions = walk(view.extensions(), data);

    let mut copy = data.to_vec();
    let mut patched = RtpViewMut::parse(&mut copy).expect("it was a packet");
    patched.set_marker(!view.marker());
    patched.set_payload_type(view.payload_type() ^ 1);
    patched.set_sequence(view.sequence().wrapping_add(1));
    patched.set_timestamp(!view.timestamp());
    patched.set_ssrc(!view.ssrc());
    for (id, length) in &extensions {
        patched.set_extension(*id, &vec![0x55; *length]);
    }
    let again = RtpView::parse(&copy).expect("patching keeps the layout");
    assert_eq!(again.header_len(), view.header_len());
    assert_eq!(again.sequence(), view.sequence().wrapping_add(1));
    assert_eq!(again.ssrc(), !view.ssrc());
    assert_eq!(again.payload(), view.payload());
    assert_eq!(walk(again.extensions(), &copy), extensions);
}

/// Walks an extension block: the first byte says of which kind, the rest is the block.
pub fn extensions(data: &[u8]) {
    let Some((kind, block)) = data.split_first() else {
        return;
    };
    let block = &block[..block.len().min(4 * 0xff)];
    let words = block.len() / 4;
    let profile = match kind % 3 {
        0 => 0xbede,
        1 => 0x1000 | u16::from(kind >> 4),
        _ => 0x1234,
    };
    let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    packet.extend(u16::to_be_bytes(profile));
    packet.extend((words as u16).to_be_bytes());
    packet.extend(&block[..words * 4]);
    let view = RtpView::parse(&packet).expect("the lengths are true");
    assert_eq!(view.header_len(), packet.len());
    walk(view.extensions(), &packet);
    let mut reader = av1::DependencyReader::new();
    for (id, data) in view.extensions() {
        assert!(view.extension(id).is_some());
        let _ = AudioLevel::parse(data);
        let _ = reader.read(data);
    }
    rtp_view(&packet);
}

/// Ids and lengths of all extensions, each of which must lie inside the packet.
fn walk(extensions: Extensions<'_>, packet: &[u8]) -> Vec<(u8, usize)> {
    let bounds = packet.as_ptr_range();
    let inside = |data: &[u8]| {
        let range = data.as_ptr_range();
        data.is_empty() || bounds.start <= range.start && range.end <= bounds.end
    };
    extensions
        .map(|(id, data)| {
            assert!(inside(data));
            (id, data.len())
        })
        .collect()
}

/// Looks into a payload: the first byte says of which codec.
pub fn payload_peek(data: &[u8]) {
    let Some((codec, payload)) = data.split_first() else {
        return;
    };
    let codec = Codec::ALL[usize::from(*codec) % Codec::ALL.len()];
    let peek = sideroom_rtp::codec::peek(codec, payload);
    match codec {
        Codec::Opus | Codec::Red => {
            if let Some(opus::RedParts { headers, primary }) = opus::read_red(payload, None) {
                assert!(
                    headers <= primary.start
                        && primary.start <= primary.end
                        && primary.end <= payload.len()
                );
            }
        }
        Codec::Vp8 => {
            if let Some(descriptor) = vp8::parse(payload) {
                assert!(descriptor.len <= payload.len());
                assert_eq!(descriptor.temporal, peek.temporal);
                if let Some(place) = descriptor.picture_id {
                    patch_picture_id(payload, place);
                }
            }
        }
        Codec::Vp9 => {
            let _ = vp9::parse(payload);
        }
        Codec::H264 => {}
        Codec::Av1 => {
            // The structure in the first half is used to read the second.
            let (first, second) = payload.split_at(payload.len() / 2);
            let mut reader = av1::DependencyReader::new();
            let _ = reader.read(first);
            let _ = reader.read(second);
        }
    }
}

fn patch_picture_id(payload: &[u8], place: vp8::PictureId) {
    let mut copy = payload.to_vec();
    let value = if place.long { 0x1234 } else { 0x34 };
    vp8::patch_picture_id(&mut copy, place, value);
    let patched = vp8::parse(&copy).expect("patching keeps the layout");
    assert_eq!(patched.picture_id.map(|id| id.value), Some(value));
}

/// Reads a compound packet to the end of every list in it.
pub fn rtcp(data: &[u8]) {
    for packet in packets(data) {
        let Ok(packet) = packet else { return };
        match packet {
            Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } => {
                assert!(reports.count() <= 31);
            }
            Packet::Bye(ssrcs) => assert!(ssrcs.count() <= 31),
            Packet::Nack { lost, .. } => {
                // Each word names 17 packets at most.
                assert!(lost.sequences().count() <= data.len() / 4 * 17);
            }
            Packet::Fir(entries) => assert!(entries.count() <= data.len() / 8),
            Packet::Remb { ssrcs, .. } => assert!(ssrcs.count() <= 255),
            Packet::TransportCc(feedback) => {
                let count = usize::from(feedback.count);
                assert!(feedback.packets().count() <= count);
            }
            Packet::Sdes | Packet::Pli { .. } | Packet::Other(_) => {}
        }
    }
}
