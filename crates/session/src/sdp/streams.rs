//! Which SSRCs and RIDs of a section are which encoding.

use std::collections::BTreeSet;

use super::agreed::{MAX_LAYERS, NegotiatedLayer};
use super::media::MediaSection;
use super::offer::Offer;

/// Names that clients give to encodings by their size. All of a section's RIDs must be in one row.
const SIZES: [[&str; 3]; 3] = [["q", "h", "f"], ["l", "m", "h"], ["low", "mid", "high"]];

/// Every SSRC that the client has named for itself.
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
            let of = |ssrc: &u32| (*ssrc, rtx_of(section, *ssrc));
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

/// The SSRCs of a section whose encoding only their packets will tell, by RID.
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
    let pairs = || {
        section
            .groups
            .iter()
            .filter(|group| group.semantics == "FID")
    };
    let is_repair = |ssrc: u32| pairs().any(|group| group.ssrcs.iter().skip(1).any(|s| *s == ssrc));
    let mut streams: Vec<(u32, Option<u32>)> = Vec::new();
    let in_groups = pairs().filter_map(|group| group.ssrcs.first().copied());
    for ssrc in section.ssrcs.iter().copied().chain(in_groups) {
        let known = streams.iter().any(|(known, _)| *known == ssrc);
        if !known && !is_repair(ssrc) {
            streams.push((ssrc, rtx_of(section, ssrc)));
        }
    }
    streams
}

fn rtx_of(section: &MediaSection, ssrc: u32) -> Option<u32> {
    section
        .groups
        .iter()
        .find_map(|group| match *group.ssrcs.as_slice() {
            [first, repair, ..] if group.semantics == "FID" && first == ssrc => Some(repair),
            _ => None,
        })
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
