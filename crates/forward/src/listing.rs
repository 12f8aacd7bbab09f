//! Keeps the lists: a track's slots, a layer's listeners, and the counts behind each gate.
//!
//! A packet walks its layer's list and nothing else, so the lists must follow every change of a slot.
//! They are brought up to date in rounds: all slots that changed are taken out of every list at once,
//! and put where they belong now.

use sideroom_route::Media;

use crate::Forwarder;
use crate::slot::Listing;
use crate::table::AHEAD;

impl Forwarder {
    /// Brings the lists up to date for slots that changed. Sorts `touched`.
    pub(crate) fn relist(&mut self, touched: &mut Vec<u32>) {
        touched.sort_unstable();
        touched.dedup();
        self.stamp += 1;
        self.affected.clear();
        for (at, key) in touched.iter().enumerate() {
            self.slots.prefetch(touched, at + AHEAD);
            self.unlist(*key);
        }
        self.sweep();
        for (at, key) in touched.iter().enumerate() {
            self.slots.prefetch(touched, at + AHEAD);
            self.list(*key);
        }
    }

    /// Marks a slot, and notes which ingresses hold it.
    fn unlist(&mut self, key: u32) {
        let Some(slot) = self.slots.at_mut(key) else {
            return;
        };
        slot.stamp = self.stamp;
        let listed = std::mem::take(&mut slot.listed);
        if slot.id.media == Media::Audio && listed.flows[0].is_some() && !slot.carries() {
            self.ended.push(key);
        }
        if let Some(ingress) = listed.attached {
            self.affected.push(ingress);
            if let Some(reason) = listed.shut
                && let Some(ingress) = self.ingresses.at_mut(ingress)
            {
                ingress.count_shut(reason, -1);
            }
        }
        let flows = listed.flows.iter().flatten();
        self.affected.extend(flows.map(|flow| flow.ingress));
    }

    /// Removes all marked slots from the lists of the noted ingresses.
    fn sweep(&mut self) {
        self.affected.sort_unstable();
        self.affected.dedup();
        let (slots, stamp) = (&self.slots, self.stamp);
        let stays = |key: &u32| slots.at(*key).is_some_and(|slot| slot.stamp != stamp);
        for key in &self.affected {
            let Some(ingress) = self.ingresses.at_mut(*key) else {
                continue;
            };
            ingress.wanted.stale = true;
            ingress.attached.retain(stays);
            for layer in &mut ingress.layers {
                layer.listeners.retain(stays);
            }
        }
    }

    fn list(&mut self, key: u32) {
        let Some(slot) = self.slots.at_mut(key) else {
            return;
        };
        let listing = slot.listing();
        slot.listed = listing;
        let Listing {
            attached,
            shut,
            flows,
        } = listing;
        if let Some(ingress) = attached.and_then(|at| self.ingresses.at_mut(at)) {
            ingress.wanted.stale = true;
            ingress.attached.push(key);
            if let Some(reason) = shut {
                ingress.count_shut(reason, 1);
            }
        }
        for flow in flows.into_iter().flatten() {
            let ingress = self.ingresses.at_mut(flow.ingress);
            let layer = ingress.and_then(|on| on.layers.get_mut(usize::from(flow.layer)));
            if let Some(layer) = layer {
                layer.listeners.push(key);
            }
        }
    }
}
