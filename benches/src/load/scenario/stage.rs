//! A room with a parent and breakouts, people who talk in each group, and people who move.

use std::time::Duration;

use serde::Serialize;
use sideroom_route::{Time, TrackKind};

use super::{crowd_for, plans};
use crate::load::crowd::{Client, Crowd};
use crate::load::error::LoadError;
use crate::load::groups::PARENT;
use crate::load::histogram::{Histogram, Percentiles};
use crate::load::member::Watch;
use crate::load::run_options::Common;
use crate::load::swarm_messages::{Command, Event};
use crate::load::targets::Target;
use crate::load::targets::sideroom::api::Api;

/// Audio slots that everybody has; video slots if there is video.
const AUDIO_SLOTS: usize = 10;
const VIDEO_SLOTS: usize = 4;
/// Most places in a breakout, the limit of a room with 100 audible talkers.
const MAX_PLACES: usize = 99;
/// First packets are waited for this long after the last move.
const LATE_MOVES: Duration = Duration::from_millis(3_500);

/// How the room is made.
#[derive(Clone, Debug, Serialize)]
pub struct StagePlan {
    pub room: &'static str,
    /// Number of participants.
    pub participants: u32,
    pub breakouts: u32,
    /// People in each group, the parent too, who talk all the time and stay where they are.
    pub anchors: u32,
    /// Movers who talk too.
    pub moving_talkers: u32,
    /// Video bits a second of one anchor of each group; 0: none.
    pub video_bps: u64,
    /// Frames a second of that video.
    pub video_fps: u32,
    /// Numbers for those who come later.
    pub spare: u32,
}

/// Durations measured at moves.
#[derive(Clone, Debug, Default)]
pub struct MoveTimes {
    /// From asking to the answer, one for each request.
    pub answer: Histogram,
    /// From asking to the first packet of the new group, one for each person.
    pub first: Histogram,
    /// From the last packet of the old group to the first of the new one.
    pub gap: Histogram,
    /// People who heard no talker of their new group within three seconds.
    pub silent: u64,
}

/// Summaries of the durations.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MoveFigures {
    /// From asking to the answer.
    pub move_to_answer: Percentiles,
    /// From asking to the first packet of the new group.
    pub move_to_first_packet: Percentiles,
    /// Silence for the mover in between.
    pub gap: Percentiles,
    /// People who heard no talker.
    pub silent: u64,
}

/// The room, with everybody in it.
pub struct Stage<'a> {
    pub crowd: Crowd,
    pub plan: StagePlan,
    /// The server's names of the groups, the parent first.
    pub groups: Vec<String>,
    /// Durations of the moves so far.
    pub times: MoveTimes,
    api: &'a Api,
    random: u64,
}

impl MoveTimes {
    fn note(&mut self, watch: &Watch) {
        match watch.first_new {
            Some(first) => {
                self.first.record(first.since(watch.begun));
                if let Some(last) = watch.last_old {
                    self.gap.record(first.since(last));
                }
            }
            None => self.silent += 1,
        }
    }

    /// In few numbers.
    pub fn figures(&self) -> MoveFigures {
        MoveFigures {
            move_to_answer: self.answer.percentiles(),
            move_to_first_packet: self.first.percentiles(),
            gap: self.gap.percentiles(),
            silent: self.silent,
        }
    }
}

impl StagePlan {
    fn groups(&self) -> u32 {
        self.breakouts + 1
    }

    /// How many people stay where they are.
    pub fn anchored(&self) -> u32 {
        (self.anchors * self.groups()).min(self.participants)
    }

    /// The group of an anchor: they are dealt out in turn.
    fn group_of_anchor(&self, client: u32) -> u16 {
        (client % self.groups()) as u16
    }

    fn talks(&self, client: u32) -> bool {
        client < self.anchored() + self.moving_talkers
    }

    fn shows(&self, client: u32) -> bool {
        self.video_bps > 0 && client < self.groups()
    }

    fn sends(&self, client: u32) -> Vec<TrackKind> {
        match (self.talks(client), self.shows(client)) {
            (_, true) => vec![TrackKind::Audio, TrackKind::Screen],
            (true, false) => vec![TrackKind::Audio],
            (false, false) => Vec::new(),
        }
    }
}

impl<'a> Stage<'a> {
    /// Makes the room, lets everybody in, puts the anchors into their groups and starts the talkers.
    pub fn set(
        target: &'a dyn Target,
        common: &Common,
        plan: StagePlan,
    ) -> Result<Self, LoadError> {
        let api = target.sideroom().ok_or_else(|| LoadError::NotSupported {
            target: target.name().to_owned(),
            what: "breakouts",
        })?;
        let crowd = crowd_for(common, (plan.participants + plan.spare) as usize)?;
        target.open_room(plan.room, plan.participants as usize)?;
        let mut groups = vec!["parent".to_owned()];
        groups.extend(api.create_breakouts(plan.room, plan.breakouts as usize, MAX_PLACES)?);
        let mut stage = Self {
            crowd,
            plan,
            groups,
            times: MoveTimes::default(),
            api,
            random: u64::from(common.seed),
        };
        stage.let_in(target)?;
        let anchors = 0..stage.plan.anchored();
        let moves = anchors.map(|client| (client, stage.plan.group_of_anchor(client)));
        let moves: Vec<_> = moves.filter(|(_, group)| *group != PARENT).collect();
        stage.move_all(&moves)?;
        stage.times = MoveTimes::default();
        Ok(stage)
    }

    fn let_in(&mut self, target: &dyn Target) -> Result<(), LoadError> {
        let everybody = 0..self.plan.participants;
        let mut joining = plans(&self.crowd, everybody, self.plan.room, &[], self.slots());
        for plan in &mut joining {
            plan.sends = self.plan.sends(plan.client);
        }
        self.crowd.join(target, joining)?;
        for client in &self.crowd.clients {
            target.publish(
                self.plan.room,
                &client.participant,
                &self.plan.sends(client.number),
            )?;
        }
        self.crowd
            .clients
            .iter()
            .for_each(|client| self.begin_to_send(client));
        Ok(())
    }

    /// Audio and video slots of everybody.
    pub fn slots(&self) -> (usize, usize) {
        let video = if self.plan.video_bps > 0 {
            VIDEO_SLOTS
        } else {
            0
        };
        (AUDIO_SLOTS, video)
    }

    /// Starts a client's sources.
    pub fn begin_to_send(&self, client: &Client) {
        self.crowd.send(client, TrackKind::Audio, 32_000, 50);
        self.crowd.send(
            client,
            TrackKind::Screen,
            self.plan.video_bps,
            self.plan.video_fps,
        );
    }

    /// A number below `bound` that looks like chance.
    pub fn draw(&mut self, bound: u32) -> u32 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.random >> 33) as u32) % bound.max(1)
    }

    /// Draws a participant who is not an anchor, and a group other than theirs.
    pub fn draw_move(&mut self) -> (u32, u16) {
        let anchored = self.plan.anchored();
        let mover = anchored + self.draw(self.plan.participants - anchored);
        let mover = self.crowd.clients.get(mover as usize);
        let client = mover.map_or(anchored, |client| client.number);
        let at = u32::from(self.crowd.groups.place(client).at);
        let groups = self.plan.groups();
        let mut to = (at + 1 + self.draw(groups - 1)) % groups;
        let mut tries = 0;
        while to != 0 && self.inside(to as u16) >= MAX_PLACES && tries < groups {
            to = (to + 1) % groups;
            tries += 1;
        }
        (client, to as u16)
    }

    fn inside(&self, group: u16) -> usize {
        let clients = self.crowd.clients.iter();
        clients
            .filter(|client| self.crowd.groups.place(client.number).at == group)
            .count()
    }

    /// Moves people in one request, and watches each of them.
    pub fn move_all(&mut self, moves: &[(u32, u16)]) -> Result<(), LoadError> {
        let crowd = &self.crowd;
        let begun = crowd.clock.now();
        for &(client, to) in moves {
            crowd.send_command(client, Command::Watch(client, to, begun));
            crowd.groups.begin(client, to, begun);
        }
        let words: Vec<_> = moves
            .iter()
            .filter_map(|&(client, to)| {
                let who = crowd.client(client)?;
                Some((
                    who.participant.as_str(),
                    self.groups.get(usize::from(to))?.as_str(),
                ))
            })
            .collect();
        let asked = crowd.clock.now();
        let result = self.api.move_all(self.plan.room, &words);
        let answered = crowd.clock.now();
        for &(client, _) in moves {
            crowd.send_command(client, Command::Answered(client, answered, result.is_ok()));
        }
        // Until then no participant may start the next move.
        crowd.await_commands();
        self.times.answer.record(answered.since(asked));
        result
    }

    /// Lets time pass and notes reports of moves.
    pub fn idle_until(&mut self, deadline: Time) {
        let times = &mut self.times;
        self.crowd.idle_until(deadline, |event| {
            if let Event::Moved(_, watch) = event {
                times.note(watch);
            }
        });
    }

    /// Waits until the last moves have been reported.
    pub fn await_moves(&mut self) {
        let end = self.crowd.clock.now() + LATE_MOVES;
        self.idle_until(end);
    }
}
