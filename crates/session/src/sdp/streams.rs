//! Matches the SSRCs and RIDs of a section with encodings.

use std::collections::{BTreeMap, BTreeSet};

use super::agreed::{MAX_LAYERS, NegotiatedLayer};
use super::media::MediaSection;
use super::offer::Offer;

/// Names that clients give to encodings by their size. All of a section's RIDs must be in one row.
const SIZES: [[&str; 3]; 3] = [["q", "h", "f"], ["l", "m", "h"], ["low", "mid", "high"]];

/// Every SSRC that the offer announces.
pub(crate) fn named_in(offer: &Offer) -> BTreeSet<u32> {
    let of_section = |section: &MediaSection| {
        let grouped = section.groups.iter().flat_map(|group| group.ssrcs.clone());
        section
            .ssrcs
            .iter()
            .copied()
            .chain(grouped)
            .collect::<Vec<_>>()
    };
    offer.media.iter().flat_map(of_section).collect()
}

/// The encodings of a section, the smallest first.
pub(crate) fn layers(section: &MediaSection) -> Vec<NegotiatedLayer> {
    let streams = streams(section);
    if section.rids.len() > 1 {
        let rids = by_size(&section.rids);
        let layer = |rid: &String| NegotiatedLayer {
            rid: Some(rid.clone()),
            ..NegotiatedLayer::default()
        };
        return rids.iter().take(MAX_LAYERS).map(layer).collect();
    }
    let simulcast = section.groups.iter().find(|group| group.semantics == "SIM");
    let count = match simulcast {
        Some(group) => group.ssrcs.len().clamp(1, MAX_LAYERS),
        None => 1,
    };
    let mut ordered: Vec<_> = match simulcast {
        Some(group) => {
            let pairs = Pairs::of(section);
            let of = |ssrc: &u32| (*ssrc, pairs.rtx_of(*ssrc));
            group.ssrcs.iter().map(of).collect()
        }
        None => streams,
    };
    ordered.truncate(count);
    let mut layers: Vec<_> = ordered
        .into_iter()
        .map(|(ssrc, rtx_ssrc)| NegotiatedLayer {
            rid: None,
            ssrc: Some(ssrc),
            rtx_ssrc,
        })
        .collect();
    if layers.is_empty() {
        layers.push(NegotiatedLayer::default());
    }
    if let [layer] = layers.as_mut_slice() {
        layer.rid = section.rids.first().cloned();
    }
    layers
}

/// The SSRCs of a section whose encoding is only known from their packets, by RID.
pub(crate) fn unplaced(
    section: &MediaSection,
    layers: &[NegotiatedLayer],
) -> Vec<(u32, Option<u32>)> {
    if section.rids.len() < 2 || layers.is_empty() {
        return Vec::new();
    }
    streams(section)
}

/// The RIDs of an answer: those of the layers, in the client's order.
pub(crate) fn accepted_rids(section: &MediaSection, layers: &[NegotiatedLayer]) -> Vec<String> {
    let taken = |rid: &&String| layers.iter().any(|layer| layer.rid.as_ref() == Some(*rid));
    section.rids.iter().filter(taken).cloned().collect()
}

/// Every media stream with its retransmissions. Some clients name an SSRC in a group only.
fn streams(section: &MediaSection) -> Vec<(u32, Option<u32>)> {
    let pairs = Pairs::of(section);
    let in_groups = fid_groups(section).filter_map(|ssrcs| ssrcs.first().copied());
    let mut known = BTreeSet::new();
    let mut streams = Vec::new();
    for ssrc in section.ssrcs.iter().copied().chain(in_groups) {
        if known.insert(ssrc) && !pairs.repairs.contains(&ssrc) {
            streams.push((ssrc, pairs.rtx_of(ssrc)));
        }
    }
    streams
}

fn fid_groups(section: &MediaSection) -> impl Iterator<Item = &[u32]> {
    let groups = section.groups.iter();
    let pairs = groups.filter(|group| group.semantics == "FID");
    pairs.map(|group| group.ssrcs.as_slice())
}

/// Streams and the streams that repeat them (`a=ssrc-group:FID`, RFC 5576 section 4.2).
struct Pairs {
    rtx: BTreeMap<u32, u32>,
    repairs: BTreeSet<u32>,
}

impl Pairs {
    fn of(section: &MediaSection) -> Self {
        let mut rtx = BTreeMap::new();
        for ssrcs in fid_groups(section) {
            if let [first, repair, ..] = *ssrcs {
                rtx.entry(first).or_insert(repair);
            }
        }
        let repairs = fid_groups(section).flat_map(|ssrcs| ssrcs.iter().skip(1).copied());
        Self {
            rtx,
            repairs: repairs.collect(),
        }
    }

    fn rtx_of(&self, ssrc: u32) -> Option<u32> {
        self.rtx.get(&ssrc).copied()
    }
}

/// Orders RIDs by size where their names say it; otherwise the client's order stands, which by custom
/// begins with the smallest.
fn by_size(rids: &[String]) -> Vec<String> {
    let mut ordered = rids.to_vec();
    let place = |row: &[&str; 3], rid: &String| row.iter().position(|name| name == rid);
    let row = SIZES
        .iter()
        .find(|row| rids.iter().all(|rid| place(row, rid).is_some()));
    if let Some(row) = row {
        ordered.sort_by_key(|rid| place(row, rid));
    }
    ordered
}
