//! Quiet moments: everything under way has arrived, and everybody who should be heard is.

use std::collections::BTreeSet;
use std::time::Duration;

use sideroom_plane::HEARTBEAT_EVERY;
use sideroom_route::{Media, ParticipantId, RouteReason, TrackKind};

use crate::model::{Person, Picture};
use crate::plane::TransportId;
use crate::step::{Violation, ensure};
use crate::world::World;

/// Received tracks: subscriber, publisher, kind.
pub(crate) type Heard = BTreeSet<(ParticipantId, ParticipantId, TrackKind)>;

const CLASSES: [RouteReason; 4] = [
    RouteReason::AddressAll,
    RouteReason::OwnGroup,
    RouteReason::Parent,
    RouteReason::ListeningIn,
];

impl World {
    pub(crate) fn be_quiet(&mut self) -> Result<(), Violation> {
        self.plane.settles = true;
        let quiet = self.look_quietly();
        self.plane.settles = false;
        self.quiet = None;
        quiet
    }

    fn look_quietly(&mut self) -> Result<(), Violation> {
        self.settle()?;
        // A grace that ends meanwhile, or the end of a breakout's time, changes what is wanted again.
        for _ in 0..10 {
            let epoch = self.room.epoch();
            self.wait_for_fewer_layers()?;
            if self.room.epoch() == epoch {
                break;
            }
        }
        ensure(
            self.plane.answered == self.room.epoch(),
            "updates in order",
            || format!("{} of {}", self.plane.answered, self.room.epoch()),
        )?;
        // With the first round pictures switch in, with the second nothing may be missing.
        self.send_everything()?;
        let epoch = self.room.epoch();
        self.quiet = Some(Heard::new());
        self.send_everything()?;
        let heard = self.quiet.take().unwrap_or_default();
        if self.room.epoch() != epoch {
            // Other talkers have come up meanwhile.
            return Ok(());
        }
        self.coverage.quiet += 1;
        let picture = self.model.picture();
        for one in picture.people() {
            if self.plane.has_transport(one.id) {
                check_complete(&picture, one, Media::Audio, &heard)?;
                check_complete(&picture, one, Media::Video, &heard)?;
            }
        }
        self.look_at_layers()?;
        self.look_across(&heard)
    }

    /// Workers tell a while later that fewer layers are wanted.
    fn wait_for_fewer_layers(&mut self) -> Result<(), Violation> {
        for _ in 0..3 {
            let later = self.now + Duration::from_millis(1_600);
            self.run_until(later)?;
        }
        self.settle()
    }

    /// Everything under way arrives, and every worker runs.
    fn settle(&mut self) -> Result<(), Violation> {
        /// More than the longest delay of a restart.
        const LOOKS: usize = 400;
        for _ in 0..LOOKS {
            for index in 0..self.plane.workers.len() {
                self.awake(index)?;
            }
            while let Some(last) = self.plane.last_due() {
                self.run_until(last)?;
            }
            self.run_timers()?;
            let alive = self.plane.workers.iter().all(|worker| !worker.is_dead);
            if alive && self.plane.last_due().is_none() {
                break;
            }
            let later = self.now + HEARTBEAT_EVERY;
            self.run_until(later)?;
        }
        Ok(())
    }

    /// One packet of everything that anybody could send, on a network that loses none.
    fn send_everything(&mut self) -> Result<(), Violation> {
        let ids: Vec<TransportId> = self.plane.transports.keys().copied().collect();
        for id in ids {
            let sources = self
                .plane
                .transports
                .get(&id)
                .map_or(0, |it| it.sources.len());
            for index in 0..sources {
                if let Some(draft) = self.plane.draft(id, index, true) {
                    self.come_in(id, draft)?;
                }
            }
        }
        let until = self.now + Duration::from_millis(20);
        self.run_until(until)
    }
}

/// Checks that a subscriber receives the sources of the highest priority, one in each slot.
fn check_complete(
    picture: &Picture,
    to: &Person,
    media: Media,
    heard: &Heard,
) -> Result<(), Violation> {
    let mut left = to.slots_of(media);
    let mut allowed: Vec<(RouteReason, ParticipantId, TrackKind)> = Vec::new();
    for from in picture.people() {
        for track in from.tracks.iter().flatten() {
            if track.kind.media() == media
                && let Ok(placement) = picture.allows(to.id, from.id, track.kind)
            {
                allowed.push((placement, from.id, track.kind));
            }
        }
    }
    for class in CLASSES {
        let of_class = || allowed.iter().filter(|it| it.0 == class);
        let expected = of_class().count().min(left);
        let got = of_class()
            .filter(|it| heard.contains(&(to.id, it.1, it.2)))
            .count();
        ensure(got == expected, "completeness", || {
            let missing = of_class().filter(|it| !heard.contains(&(to.id, it.1, it.2)));
            let missing: Vec<_> = missing.collect();
            format!(
                "{} in {} lacks {missing:?}: {got} of {expected}",
                to.id, to.group
            )
        })?;
        left -= got;
    }
    Ok(())
}
