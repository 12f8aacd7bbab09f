//! The claims of a subscriber on the source lists: one for each slot, the most important first.

use sideroom_route::{Gate, GroupId, Media, ParticipantId, Route, RouteReason, TrackKind};

use super::list::{OrderedSources, Source, SourceList};
use super::{Lists, Subscriber};
use crate::volatile::{Wish, Wishes};

/// The claims of one subscriber for the slots of one media type.
pub(super) struct Claims<'a> {
    lists: &'a Lists,
    id: ParticipantId,
    subscriber: &'a Subscriber,
    media: Media,
    wishes: Option<&'a Wishes>,
    slots: usize,
    routes: &'a mut Vec<Route>,
}

/// The reason for a claim, and the gate in its way.
#[derive(Clone, Copy)]
struct Reason {
    placement: RouteReason,
    /// The gate, apart from the sources' own state.
    shut: Option<Gate>,
    /// How many at most.
    limit: usize,
}

impl<'a> Claims<'a> {
    /// Collects them into `routes`.
    pub(super) fn collect(
        lists: &'a Lists,
        (id, subscriber): (ParticipantId, &'a Subscriber),
        media: Media,
        wishes: Option<&'a Wishes>,
        routes: &'a mut Vec<Route>,
    ) {
        routes.clear();
        let slots = usize::from(*subscriber.slots.of(media));
        let mut claims = Self {
            lists,
            id,
            subscriber,
            media,
            wishes,
            slots,
            routes,
        };
        if slots > 0 {
            claims.claim_open();
            claims.claim_shut();
        }
    }

    /// Claims sources with open gates.
    fn claim_open(&mut self) {
        let lists = self.lists;
        let announced = Reason::new(RouteReason::AddressAll);
        self.draw_plain(&lists.announced.of(self.media).live, announced);
        self.claim_live(self.subscriber.group, RouteReason::OwnGroup);
        let away = self.subscriber.group != GroupId::Parent;
        if away && self.subscriber.gates.of(self.media).is_open() {
            self.claim_live(GroupId::Parent, RouteReason::Parent);
        }
        if let Some(group) = self.subscriber.listening {
            self.claim_live(group, RouteReason::ListeningIn);
        }
    }

    fn claim_live(&mut self, group: GroupId, placement: RouteReason) {
        let Some(list) = self.list(group) else {
            return;
        };
        let mut reason = Reason::new(placement);
        if self.media == Media::Audio {
            let own = self.subscriber.sources.iter();
            let own = own.filter(|own| {
                own.group == group
                    && own.source.media() == Media::Audio
                    && own.source.mute.is_none()
                    && !own.source.suspended
            });
            let others = list.live.all.len() - own.count();
            if others > self.slots {
                reason.limit = usize::from(self.lists.max_active_talkers);
            }
        }
        self.draw(&list.live, group, reason);
    }

    /// Claims slots for sources behind a shut gate, as long as the slots are free.
    fn claim_shut(&mut self) {
        if self.routes.len() >= self.slots {
            return;
        }
        let lists = self.lists;
        let announced = Reason::new(RouteReason::AddressAll);
        self.draw_plain(&lists.announced.of(self.media).muted, announced);
        self.claim_muted(self.subscriber.group, Reason::new(RouteReason::OwnGroup));
        if self.subscriber.group != GroupId::Parent {
            self.claim_shut_parent();
        }
        if let Some(group) = self.subscriber.listening {
            self.claim_muted(group, Reason::new(RouteReason::ListeningIn));
        }
    }

    fn claim_shut_parent(&mut self) {
        let mut reason = Reason::new(RouteReason::Parent);
        let gate = *self.subscriber.gates.of(self.media);
        if !gate.is_open() {
            reason.shut = Some(gate);
            if let Some(list) = self.list(GroupId::Parent) {
                self.draw(&list.live, GroupId::Parent, reason);
            }
        }
        self.claim_muted(GroupId::Parent, reason);
    }

    fn claim_muted(&mut self, group: GroupId, reason: Reason) {
        if let Some(list) = self.list(group) {
            self.draw(&list.muted, group, reason);
        }
    }

    fn list(&self, group: GroupId) -> Option<&'a SourceList> {
        let group = self.lists.groups.get(&group)?;
        Some(group.sources.of(self.media))
    }

    fn draw(&mut self, part: &'a OrderedSources, group: GroupId, reason: Reason) {
        match self.wishes {
            Some(wishes) if wishes.special && self.media == Media::Video => {
                self.draw_wished(part, group, reason, wishes);
            }
            _ => self.draw_plain(part, reason),
        }
    }

    /// The head of the list suffices.
    fn draw_plain(&mut self, part: &OrderedSources, reason: Reason) {
        let mut passed = 0;
        for source in &part.head {
            if self.routes.len() >= self.slots || passed >= reason.limit {
                return;
            }
            if source.publisher == self.id {
                continue;
            }
            passed += 1;
            if self.is_claimable(source, reason) {
                self.push(source, reason);
            }
        }
    }

    /// Pinned sources, then the rest of the list without hidden ones.
    fn draw_wished(
        &mut self,
        part: &OrderedSources,
        group: GroupId,
        reason: Reason,
        wishes: &Wishes,
    ) {
        let Some(first) = part.all.first() else {
            return;
        };
        let muted = first.mute.is_some();
        for source in self.wished(wishes, Wish::Pinned, group, muted) {
            if self.routes.len() < self.slots && self.is_claimable(&source, reason) {
                self.push(&source, reason);
            }
        }
        if !wishes.everything_else {
            for source in self.wished(wishes, Wish::Shown, group, muted) {
                if self.routes.len() < self.slots && self.is_claimable(&source, reason) {
                    self.push(&source, reason);
                }
            }
            return;
        }
        for source in &part.all {
            if self.routes.len() >= self.slots {
                return;
            }
            let wish = wishes.wish(source.publisher, source.kind);
            let waits = wish.is_none_or(|wish| wish == Wish::Shown);
            if waits && self.is_claimable(source, reason) {
                self.push(source, reason);
            }
        }
    }

    /// The sources of `group` with a certain wish, in their order.
    fn wished(&self, wishes: &Wishes, wish: Wish, group: GroupId, muted: bool) -> Vec<Source> {
        let named = wishes.with(wish);
        let mut sources: Vec<Source> = named
            .filter_map(|(publisher, kind)| self.source(publisher, kind, group))
            .filter(|source| source.mute.is_some() == muted)
            .collect();
        sources.sort_unstable();
        sources
    }

    fn source(&self, publisher: ParticipantId, kind: TrackKind, group: GroupId) -> Option<Source> {
        let placed = self.lists.by_publisher.get(&(publisher, kind))?;
        let placed = Some(placed).filter(|placed| placed.group == group)?;
        Some(placed.source)
    }

    fn is_claimable(&self, source: &Source, reason: Reason) -> bool {
        if source.publisher == self.id {
            return false;
        }
        let addressed = self.lists.reaches(source, (self.id, self.subscriber.group));
        match reason.placement {
            RouteReason::AddressAll => addressed,
            _ => !addressed && !source.suspended,
        }
    }

    fn push(&mut self, source: &Source, reason: Reason) {
        let max_height = self.wishes.map_or(Route::ANY_HEIGHT, |wishes| {
            wishes.max_height(source.publisher, source.kind)
        });
        self.routes.push(Route {
            track: source.track,
            gate: reason.shut.unwrap_or_else(|| source.gate()),
            placement: reason.placement,
            max_height,
        });
    }
}

impl Reason {
    const fn new(placement: RouteReason) -> Self {
        Self {
            placement,
            shut: None,
            limit: usize::MAX,
        }
    }
}
