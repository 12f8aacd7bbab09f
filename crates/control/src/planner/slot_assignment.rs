//! Turns claims into slots: a source that keeps its claim keeps its slot, so that other changes never move
//! it.

use sideroom_route::{Media, ParticipantId, Route, RouteChange, SlotId, TrackId};

use super::claims::Claims;
use super::list::PerMedia;
use super::{Delta, Planner, Work};
use crate::volatile::Volatile;

impl Planner {
    /// Places all affected subscribers anew, and returns the differences. Removals come first.
    pub(super) fn place_all(&mut self, volatile: &Volatile, work: &mut Work, delta: &mut Delta) {
        let mut claims = Vec::new();
        let mut set = Vec::new();
        for id in std::mem::take(&mut work.subscribers) {
            let Some(subscriber) = self.subscribers.get_mut(&id) else {
                continue;
            };
            if subscriber.gone {
                subscriber.slots = PerMedia::default();
            }
            let mut held = std::mem::take(&mut subscriber.held);
            let wishes = volatile.wishes.get(&id);
            for media in [Media::Audio, Media::Video] {
                Claims::collect(&self.lists, (id, subscriber), media, wishes, &mut claims);
                let mut changes = Changes {
                    subscriber: id,
                    media,
                    gone: &mut delta.routes,
                    set: &mut set,
                };
                let slots = usize::from(*subscriber.slots.of(media));
                changes.place(held.of_mut(media), slots, &claims);
            }
            subscriber.held = held;
            if subscriber.gone {
                self.subscribers.remove(&id);
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
    /// Assigns slots to claims in `held`. There are no more claims than slots, and at most 64 of both.
    fn place(&mut self, held: &mut Vec<Option<Route>>, slots: usize, claims: &[Route]) {
        let lost = held.get(slots..).unwrap_or_default();
        let lost: Vec<usize> = (slots..)
            .zip(lost)
            .filter(|(_, slot)| slot.is_some())
            .map(|(index, _)| index)
            .collect();
        held.resize(slots, None);
        let mut changed = 0_u64;
        // First the sources that keep their slot; a slot whose source lost its claim becomes free.
        let mut waiting = u64::MAX;
        let mut free = 0_u64;
        let mut hint = 0;
        for (index, slot) in held.iter_mut().enumerate() {
            let claim = slot.and_then(|route| find(claims, route.track, &mut hint));
            match claim {
                Some((at, claim)) => {
                    waiting &= !(1 << at);
                    if *slot != Some(claim) {
                        *slot = Some(claim);
                        changed |= 1 << index;
                    }
                }
                None => free |= 1 << index,
            }
        }
        // Then the others, in their order.
        let mut newcomers = claims
            .iter()
            .enumerate()
            .filter(|(at, _)| waiting & (1 << at) != 0)
            .map(|(_, claim)| *claim);
        while free != 0 {
            let index = free.trailing_zeros() as usize;
            free &= free - 1;
            let next = newcomers.next();
            if let Some(slot) = held.get_mut(index)
                && *slot != next
            {
                *slot = next;
                changed |= 1 << index;
            }
        }
        while changed != 0 {
            let index = changed.trailing_zeros() as usize;
            changed &= changed - 1;
            self.tell(index, held.get(index).copied().flatten());
        }
        for index in lost {
            self.tell(index, None);
        }
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

/// The claim to `track`. Claims mostly lie in the order of the slots, so the search goes on where the last
/// one ended.
fn find(claims: &[Route], track: TrackId, hint: &mut usize) -> Option<(usize, Route)> {
    let (before, after) = claims.split_at_checked(*hint)?;
    let is_it = |claim: &&Route| claim.track == track;
    let later = after
        .iter()
        .position(|claim| is_it(&claim))
        .map(|at| at + before.len());
    let at = later.or_else(|| before.iter().position(|claim| is_it(&claim)))?;
    *hint = at + 1;
    claims.get(at).map(|claim| (at, *claim))
}
