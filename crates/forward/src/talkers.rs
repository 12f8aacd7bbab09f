//! Ranks talkers: a score for each audio track, and for each group the most active talkers, the dominant one
//! first, with hysteresis against flapping.

use std::time::Duration;

use sideroom_route::{GroupId, RoomId, Time, TrackId};
use sideroom_rtp::AudioLevel;

use crate::ids::IdMap;

/// Quieter than this (in -dBov) is no speech.
const FLOOR: u8 = 65;
/// Levels above this count as this loud.
const LOUD: u8 = 15;
/// Score of the loudest, reached within a few hundred milliseconds.
const FULL: i32 = 1_000;
/// Shares of the distance that a packet moves the score: up fast, down slowly.
const ATTACK: i32 = 8;
const RELEASE: i32 = 48;
/// From silence to being a talker; and from a talker to silence.
const ENTER: u16 = 250;
const LEAVE: u16 = 40;
/// The interval of packets; a missing one (DTX, mute) counts as silence.
const PACKET: Duration = Duration::from_millis(20);
const ABSENT_AFTER: Duration = Duration::from_millis(100);
/// The most groups with remembered talkers.
const MAX_GROUPS: usize = 65_536;

/// How active one track is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Activity {
    score: u16,
    heard_at: Time,
}

impl Activity {
    #[inline]
    pub(crate) fn hear(&mut self, now: Time, level: AudioLevel) {
        self.heard_at = now;
        let loudness = i32::from(FLOOR) - i32::from(level.attenuation);
        let target = if loudness > 0 {
            (loudness * FULL / i32::from(FLOOR - LOUD)).min(FULL)
        } else {
            0
        };
        self.approach(target);
    }

    fn approach(&mut self, target: i32) {
        let score = i32::from(self.score);
        let step = target - score;
        let moved = if step > 0 {
            score + step / ATTACK + i32::from(step < ATTACK)
        } else {
            score + step / RELEASE - i32::from(step < 0)
        };
        self.score = moved.clamp(0, FULL) as u16;
    }

    /// Silence that sends no packets counts as well.
    fn decay(&mut self, now: Time) {
        if self.score == 0 || now.since(self.heard_at) < ABSENT_AFTER {
            return;
        }
        let missed = now.since(self.heard_at).as_millis() / PACKET.as_millis();
        for _ in 0..missed.min(100) {
            self.approach(0);
        }
        self.heard_at = now;
    }

    pub(crate) fn score(&mut self, now: Time) -> u16 {
        self.decay(now);
        self.score
    }
}

/// A track of a group, with its score.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Candidate {
    pub(crate) room: RoomId,
    pub(crate) group: GroupId,
    pub(crate) score: u16,
    pub(crate) track: TrackId,
}

/// The last report on one group, and its members now.
#[derive(Debug, Default)]
struct Group {
    members: Vec<TrackId>,
    told: Vec<TrackId>,
    told_at: Option<Time>,
    seen: u64,
}

/// The talkers of all groups of a worker.
#[derive(Debug, Default)]
pub(crate) struct Talkers {
    groups: IdMap<(RoomId, GroupId), Group>,
    round: u64,
    /// Least interval between reports on a group.
    interval: Duration,
}

/// A changed ranking: a group, and its talkers, best first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ranking {
    pub(crate) room: RoomId,
    pub(crate) group: GroupId,
    pub(crate) ranked: Vec<(TrackId, u16)>,
}

impl Talkers {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            ..Self::default()
        }
    }

    /// Ranks anew. `candidates` are all live audio tracks; they are sorted here. `max_of` tells how many
    /// talkers a room may have (0: as many as there are); `tell` gets the groups that changed.
    pub(crate) fn rank(
        &mut self,
        now: Time,
        candidates: &mut [Candidate],
        max_of: impl Fn(RoomId) -> usize,
        mut tell: impl FnMut(Ranking),
    ) {
        self.round += 1;
        candidates.sort_unstable_by(|a, b| {
            let place = |c: &Candidate| (c.room, c.group);
            place(a)
                .cmp(&place(b))
                .then(b.score.cmp(&a.score))
                .then(a.track.cmp(&b.track))
        });
        for group in candidates.chunk_by(|a, b| (a.room, a.group) == (b.room, b.group)) {
            let Some(first) = group.first() else {
                continue;
            };
            let key = (first.room, first.group);
            if self.groups.len() >= MAX_GROUPS && !self.groups.contains_key(&key) {
                continue;
            }
            let held = self.groups.entry(key).or_default();
            held.seen = self.round;
            held.choose(group, max_of(first.room));
            let due = held.told_at.is_none_or(|at| now.since(at) >= self.interval);
            if due && held.is_news() {
                held.told_at = Some(now);
                held.told.clone_from(&held.members);
                tell(Ranking {
                    room: first.room,
                    group: first.group,
                    ranked: held.ranked(group),
                });
            }
        }
        let round = self.round;
        self.groups.retain(|(room, group), held| {
            let stays = held.seen == round;
            if !stays && !held.told.is_empty() {
                // Its last source left: the old report must not stand.
                tell(Ranking {
                    room: *room,
                    group: *group,
                    ranked: Vec::new(),
                });
            }
            stays
        });
    }
}

impl Group {
    /// `candidates` are sorted, best first.
    fn choose(&mut self, candidates: &[Candidate], max: usize) {
        let max = if max == 0 { usize::MAX } else { max };
        let score_of = |track: TrackId| {
            let found = candidates.iter().find(|candidate| candidate.track == track);
            found.map_or(0, |found| found.score)
        };
        self.members.retain(|track| score_of(*track) >= LEAVE);
        self.members.truncate(max);
        for candidate in candidates {
            if candidate.score < ENTER {
                break;
            }
            if self.members.contains(&candidate.track) {
                continue;
            }
            if self.members.len() < max {
                self.members.push(candidate.track);
                continue;
            }
            let weakest = self
                .members
                .iter_mut()
                .min_by_key(|track| score_of(**track));
            match weakest {
                Some(weakest) if beats(candidate.score, score_of(*weakest)) => {
                    *weakest = candidate.track;
                }
                _ => break,
            }
        }
        let dominant = self.members.first().copied();
        self.members
            .sort_by_key(|track| std::cmp::Reverse(score_of(*track)));
        // The dominant talker stays until another one is clearly more active.
        if let (Some(dominant), Some(best)) = (dominant, self.members.first().copied())
            && dominant != best
            && !beats(score_of(best), score_of(dominant))
            && let Some(at) = self.members.iter().position(|track| *track == dominant)
            && let Some(leading) = self.members.get_mut(..=at)
        {
            leading.rotate_right(1);
        }
    }

    /// Another set of talkers, or another dominant one. The order of the rest is no news.
    fn is_news(&self) -> bool {
        self.members.first() != self.told.first()
            || self.members.len() != self.told.len()
            || self.members.iter().any(|track| !self.told.contains(track))
    }

    fn ranked(&self, candidates: &[Candidate]) -> Vec<(TrackId, u16)> {
        let scored = self.members.iter().map(|track| {
            let found = candidates
                .iter()
                .find(|candidate| candidate.track == *track);
            (*track, found.map_or(0, |found| found.score))
        });
        scored.collect()
    }
}

/// Clearly more active: a quarter, and a bit more.
const fn beats(challenger: u16, holder: u16) -> bool {
    challenger > holder.saturating_add(holder / 4).saturating_add(50)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(1);
    const INTERVAL: Duration = Duration::from_millis(300);

    /// Talkers of one group, each with the attenuation that they send every 20 ms.
    struct Table {
        activities: Vec<Activity>,
        talkers: Talkers,
        now: u64,
        told: Vec<Vec<u32>>,
        max: usize,
    }

    impl Table {
        fn new(size: usize, max: usize) -> Self {
            Self {
                activities: vec![Activity::default(); size],
                talkers: Talkers::new(INTERVAL),
                now: 0,
                told: Vec::new(),
                max,
            }
        }

        fn speak(&mut self, levels: &[u8], ms: u64) {
            for _ in 0..ms / 20 {
                self.now += 20;
                let now = Time::from_millis(self.now);
                for (activity, attenuation) in self.activities.iter_mut().zip(levels) {
                    let voice = *attenuation < 60;
                    if *attenuation < 127 {
                        let attenuation = *attenuation;
                        activity.hear(now, AudioLevel { voice, attenuation });
                    }
                }
                if self.now.is_multiple_of(100) {
                    self.rank(now);
                }
            }
        }

        fn rank(&mut self, now: Time) {
            let mut candidates: Vec<_> = self
                .activities
                .iter_mut()
                .zip(0..)
                .map(|(activity, serial)| Candidate {
                    room: ROOM,
                    group: GroupId::Parent,
                    score: activity.score(now),
                    track: TrackId::new(ROOM, serial),
                })
                .collect();
            let (max, told) = (self.max, &mut self.told);
            self.talkers.rank(
                now,
                &mut candidates,
                |_| max,
                |ranking| {
                    assert!(ranking.ranked.len() <= max);
                    told.push(
                        ranking
                            .ranked
                            .iter()
                            .map(|(track, _)| track.serial())
                            .collect(),
                    );
                },
            );
        }
    }

    #[test]
    fn the_dominant_one_stays_through_pauses_and_short_noises() {
        let mut table = Table::new(3, 8);
        table.speak(&[30, 127, 90], 1_000);
        assert_eq!(table.told, [vec![0]]);
        table.speak(&[127, 127, 90], 300);
        table.speak(&[30, 127, 90], 1_000);
        table.speak(&[30, 127, 32], 60);
        table.speak(&[30, 127, 90], 500);
        assert_eq!(table.told, [vec![0]], "a pause and a cough are no news");
        table.speak(&[127, 25, 90], 3_000);
        assert_eq!(table.told.last(), Some(&vec![1]), "{:?}", table.told);
        assert!(table.told.len() <= 4, "{:?}", table.told);
    }

    #[test]
    fn two_that_are_about_as_loud_do_not_take_turns() {
        let mut table = Table::new(4, 2);
        for turn in 0..50 {
            let (a, b) = if turn % 2 == 0 { (30, 34) } else { (34, 30) };
            table.speak(&[a, b, 36, 90], 200);
        }
        let news = table.told.len();
        assert!(news <= 2, "{news} changes: {:?}", table.told);
        assert_eq!(table.told.last().map(Vec::len), Some(2));
    }

    #[test]
    fn a_louder_one_takes_the_place_of_the_weakest() {
        let mut table = Table::new(3, 2);
        table.speak(&[30, 50, 127], 2_000);
        assert_eq!(table.told.last(), Some(&vec![0, 1]));
        table.speak(&[30, 50, 20], 2_000);
        let mut last = table.told.last().cloned().unwrap_or_default();
        last.sort_unstable();
        assert_eq!(last, [0, 2]);
    }

    #[test]
    fn a_group_whose_last_source_left_is_told_empty_once() {
        let mut table = Table::new(1, 2);
        table.speak(&[30], 1_000);
        assert_eq!(table.told.last(), Some(&vec![0]));
        table.activities.clear();
        table.speak(&[], 500);
        assert_eq!(table.told, [vec![0], vec![]]);
    }

    #[test]
    fn everybody_silent_empties_the_list() {
        let mut table = Table::new(2, 2);
        table.speak(&[30, 127], 1_000);
        table.speak(&[127, 127], 10_000);
        assert_eq!(table.told.last(), Some(&vec![]));
    }
}
