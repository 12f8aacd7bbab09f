//! A watcher's messages besides events: slots, talkers, layers.

use sideroom_control::Viewer;
use sideroom_route::{Media, SlotId, SlotPause};

use super::{event::event, id_list};
use crate::{
    backend::WatchItem,
    ids,
    proto::{self, watch_response::Item},
};

/// The media type of a slot, as the wire spells it.
pub(crate) const fn slot_media(slot: SlotId) -> &'static str {
    match slot.media {
        Media::Audio => "audio",
        Media::Video => "video",
    }
}

/// An item of a watch; `None` for the end, which each front end says in its own way. `mid_of` knows the
/// m-line of a slot where the watcher has negotiated it.
pub(crate) fn watch_item(
    item: &WatchItem,
    viewer: Viewer,
    mid_of: impl Fn(SlotId) -> String,
) -> Option<Item> {
    Some(match item {
        WatchItem::Event(shared) => Item::Event(event(&shared.event, viewer)),
        WatchItem::SlotAssigned { slot, source, shut } => {
            let (participant_id, kind) = match source {
                Some((who, kind)) => (who.to_string(), ids::kind_out(*kind)),
                None => Default::default(),
            };
            Item::SlotAssigned(proto::SlotAssigned {
                mid: mid_of(*slot),
                participant_id,
                kind,
                open: source.is_some() && shut.is_none(),
                reason: shut
                    .map(|reason| reason.name().to_owned())
                    .unwrap_or_default(),
                media: slot_media(*slot).to_owned(),
                index: slot.index.into(),
            })
        }
        WatchItem::Speakers { group, ranked } => Item::Speakers(proto::Speakers {
            group_id: group.to_string(),
            participant_ids: id_list(ranked.iter().copied()),
        }),
        WatchItem::SlotPaused { slot, reason } => Item::SlotPaused(proto::SlotPaused {
            mid: mid_of(*slot),
            paused: reason.is_some(),
            reason: match reason {
                Some(SlotPause::Bandwidth) => "bandwidth".to_owned(),
                None => String::new(),
            },
            media: slot_media(*slot).to_owned(),
            index: slot.index.into(),
        }),
        WatchItem::LayersWanted { kind, layers } => Item::LayersWanted(proto::LayersWanted {
            kind: ids::kind_out(*kind),
            layers: (*layers).into(),
        }),
        WatchItem::Closed(_) => return None,
    })
}
