//! From claims to slots: a source that keeps its claim keeps its slot, and nobody else is moved about.

use sideroom_route::{Media, ParticipantId, Route, RouteChange, SlotId};

use super::claims::Claims;
use super::list::PerMedia;
use super::{Delta, Planner, Work};
use crate::volatile::Volatile;

impl Planner {
    /// Places everybody concerned anew, and tells what is different. Removals come first.
    pub(super) fn place_all(&mut self, volatile: &Volatile, work: &mut Work, delta: &mut Delta) {
        let mut claims = Vec::new();
        let mut set = Vec::new();
        for id in std::mem::take(&mut work.subscribers) {
            let Some(subscriber) = self.subscribers.get_mut(&id) else {
                continue;
            };
            let mut held = std::mem::take(&mut subscriber.held);
            if subscriber.gone {
                subscriber.slots = PerMedia::default();
            }
            for media in [Media::Audio, Media::Video] {
                let Some(subscriber) = self.subscribers.get(&id) else {
                    continue;
                };
                let wishes = volatile.wishes.get(&id);
                Claims::collect(self, (id, subscriber), media, wishes, &mut claims);
                let slots = usize::from(*subscriber.slots.of(media));
                let mut changes = Changes {
                    subscriber: id,
                    media,
                    gone: &mut delta.routes,
                    set: &mut set,
                };
                changes.place(held.of_mut(media), slots, &claims);
            }
            if let Some(subscriber) = self.subscribers.get_mut(&id) {
                subscriber.held = held;
                if subscriber.gone {
                    self.subscribers.remove(&id);
                }
            }
        }
        delta.routes.append(&mut set);
    }
}

struct Changes<'a> {
    subscriber: ParticipantId,
    media: Media,
    gone: &'a mut Vec<RouteChange>,
    set: &'a mut Vec<RouteChange>,
}

impl Changes<'_> {
    /// Gives the claims slots in `held`. There are no more claims than slots, and at most 64 of both.
    fn place(&mut self, held: &mut Vec<Option<Route>>, slots: usize, claims: &[Route]) {
        let mut waiting = u64::MAX;
        for slot in held.iter().take(slots).flatten() {
            let claim = claims.iter().position(|claim| claim.track == slot.track);
            if let Some(index) = claim {
                waiting &= !(1 << index);
            }
        }
        let mut newcomers = claims
            .iter()
            .enumerate()
            .filter(|(index, _)| waiting & (1 << index) != 0)
            .map(|(_, claim)| *claim);
        for index in 0..held.len().max(slots) {
            let before = held.get(index).copied().flatten();
            let keeps = before
                .filter(|_| index < slots)
                .and_then(|route| claims.iter().find(|claim| claim.track == route.track));
            let after = match keeps {
                Some(claim) => Some(*claim),
                None if index < slots => newcomers.next(),
                None => None,
            };
            if before != after {
                self.tell(index, after);
            }
            match held.get_mut(index) {
                Some(slot) => *slot = after,
                None => held.push(after),
            }
        }
        held.truncate(slots);
    }

    fn tell(&mut self, index: usize, route: Option<Route>) {
        let slot = SlotId {
            media: self.media,
            index: u8::try_from(index).unwrap_or(u8::MAX),
        };
        let change = RouteChange {
            subscriber: self.subscriber,
            slot,
            route,
        };
        match route {
            Some(_) => self.set.push(change),
            None => self.gone.push(change),
        }
    }
}
