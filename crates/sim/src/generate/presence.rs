//! Draws commands of presence: intercoms and answers, knocks, side rooms, schedules.

use std::collections::BTreeSet;

use sideroom_control::{
    Actor, Addressed, ArrangedRoom, Arrangement, Command, CreateSideRoom, Door, IfLate, OwnGroup,
    RotationStep, ScheduleId, StartIntercom, StartRotation, UnixMillis,
};
use sideroom_route::ParticipantId;

use super::Draw;

impl Draw<'_> {
    pub(super) fn door(&mut self) -> Door {
        match self.chance.below(5) {
            0 => Door::Locked,
            1 => Door::Knocking,
            _ => Door::Open,
        }
    }

    pub(super) fn about_presence(&mut self) -> (Actor, Command) {
        match self.chance.below(16) {
            14 | 15 => self.about_arrangements(),
            12 | 13 => self.about_rotation(),
            0..=4 => self.about_intercoms(),
            5..=7 => self.about_doors(),
            8 => {
                let participant = self.someone();
                let side = self.side_room(participant);
                (self.itself(participant), Command::CreateSideRoom(side))
            }
            _ => self.about_schedules(),
        }
    }

    fn about_intercoms(&mut self) -> (Actor, Command) {
        let speakers: Vec<ParticipantId> = self.model.speeches.keys().copied().collect();
        let speaker = self.chance.pick(&speakers).copied();
        let speaker = speaker.unwrap_or_else(|| self.someone());
        match self.chance.below(10) {
            0..=4 => {
                let participant = match self.moderator() {
                    Actor::Participant(id) => id,
                    Actor::Operator | Actor::Key(_) | Actor::System => self.someone(),
                };
                let start = self.intercom();
                let command = Command::StartIntercom { participant, start };
                (self.itself(participant), command)
            }
            5 => {
                let participant = speaker;
                let command = Command::StopIntercom { participant };
                (self.itself(participant), command)
            }
            6..=8 => {
                let participant = self.someone();
                let command = Command::StartReply {
                    participant,
                    speaker,
                };
                (self.itself(participant), command)
            }
            _ => {
                let participant = self.someone();
                (self.itself(participant), Command::StopReply { participant })
            }
        }
    }

    fn intercom(&mut self) -> StartIntercom {
        let groups = self.chance.below(3);
        let groups = (0..groups).map(|_| self.group()).collect();
        let people = self.chance.below(3);
        let people: BTreeSet<ParticipantId> = (0..people).map(|_| self.someone()).collect();
        StartIntercom {
            to: if self.chance.happens(0.1) {
                Addressed::All
            } else {
                Addressed::Some { groups, people }
            },
            kinds: self.kinds(),
            own_group: if self.chance.happens(0.4) {
                OwnGroup::Suspend
            } else {
                OwnGroup::Keep
            },
            allow_reply: self.chance.happens(0.6),
            limit_ms: self
                .chance
                .happens(0.3)
                .then(|| self.chance.below(3_000) as u32),
        }
    }

    fn about_doors(&mut self) -> (Actor, Command) {
        let knocks: Vec<_> = self.model.knocks.keys().copied().collect();
        let (breakout, knocking) = match self.chance.pick(&knocks) {
            Some(known) => *known,
            None => (self.breakout(), self.someone()),
        };
        match self.chance.below(8) {
            0..=3 => {
                let participant = self.someone();
                let doors = self.model.breakouts.iter();
                let doors = doors.filter(|(_, it)| it.door == Door::Knocking);
                let doors: Vec<_> = doors.map(|(id, _)| *id).collect();
                let breakout = self.chance.pick(&doors).copied().unwrap_or(breakout);
                let command = Command::Knock {
                    participant,
                    breakout,
                };
                (self.itself(participant), command)
            }
            4 => {
                let command = Command::StopKnocking {
                    participant: knocking,
                    breakout,
                };
                (self.itself(knocking), command)
            }
            _ => {
                let command = Command::AnswerKnock {
                    participant: knocking,
                    breakout,
                    admit: self.chance.happens(0.7),
                };
                let inside = self.model.members(breakout);
                match self.chance.pick(&inside) {
                    Some(id) if self.chance.happens(0.5) => (Actor::Participant(*id), command),
                    _ => (self.moderator(), command),
                }
            }
        }
    }

    fn side_room(&mut self, participant: ParticipantId) -> CreateSideRoom {
        let count = self.chance.below(3);
        CreateSideRoom {
            participant,
            name: None,
            capacity: self
                .chance
                .happens(0.7)
                .then(|| 2 + self.chance.below(4) as u32),
            media: self.kinds(),
            door: self.door(),
            invite: (0..count).map(|_| self.someone()).collect(),
        }
    }

    fn about_arrangements(&mut self) -> (Actor, Command) {
        let names = ["before", "after"];
        let name = self.chance.pick(&names).copied().unwrap_or_default();
        let name = name.to_owned();
        let command = match self.chance.below(8) {
            0 => Command::RemoveArrangement { name },
            1 => Command::SaveArrangement {
                name,
                arrangement: None,
            },
            2 | 3 => Command::SaveArrangement {
                name,
                arrangement: Some(self.arrangement()),
            },
            _ => Command::ApplyArrangement {
                name,
                open: self.chance.happens(0.7),
            },
        };
        (self.moderator(), command)
    }

    fn arrangement(&mut self) -> Arrangement {
        let mut seen = BTreeSet::new();
        let rooms = (1..=1 + self.chance.below(3)).map(|number| {
            let people = (0..self.chance.below(4)).map(|_| self.identity());
            let people: Vec<String> = people.collect();
            ArrangedRoom {
                name: format!("Breakout {number}"),
                capacity: self
                    .chance
                    .happens(0.5)
                    .then(|| 2 + self.chance.below(4) as u32),
                identities: people
                    .into_iter()
                    .filter(|it| seen.insert(it.clone()))
                    .collect(),
            }
        });
        Arrangement {
            rooms: rooms.collect(),
        }
    }

    pub(super) fn about_rotation(&mut self) -> (Actor, Command) {
        let runs = self.model.rotation.is_some();
        let command = if runs == self.chance.happens(0.9) {
            let step = match self.chance.below(8) {
                0 => RotationStep::End,
                1 | 2 => RotationStep::Pause,
                3 | 4 => RotationStep::Resume,
                _ => RotationStep::Skip,
            };
            Command::ChangeRotation { step }
        } else {
            Command::StartRotation(StartRotation {
                breakouts: self.selection(),
                rounds: 1 + self.chance.below(4) as u32,
                round_ms: 1_000 + self.chance.below(4_000) as u32,
                seed: self.chance.happens(0.5).then(|| self.chance.bits()),
            })
        };
        (self.moderator(), command)
    }

    fn about_schedules(&mut self) -> (Actor, Command) {
        let known: Vec<ScheduleId> = self.model.schedules.keys().copied().collect();
        let schedule = self.chance.pick(&known).copied().unwrap_or(ScheduleId(7));
        let soon = UnixMillis(self.now + self.chance.below(4_000));
        match self.chance.below(10) {
            0 => {
                let at = Some(soon);
                let command = Command::ChangeSchedule {
                    schedule,
                    at,
                    if_late: None,
                };
                (self.moderator(), command)
            }
            1 => (self.moderator(), Command::CancelSchedule { schedule }),
            _ => {
                let (actor, command) = match self.chance.below(8) {
                    0 => self.about_intercoms(),
                    1 => self.about_gates(),
                    2 if self.chance.happens(0.5) => self.about_rotation(),
                    3 if self.chance.happens(0.3) => self.about_arrangements(),
                    2..=4 => self.about_going(),
                    _ => self.about_breakouts(),
                };
                let command = Command::Schedule {
                    at: soon,
                    if_late: match self.chance.below(3) {
                        0 => IfLate::Always,
                        1 => IfLate::Within(1_000),
                        _ => IfLate::default(),
                    },
                    command: Box::new(command),
                };
                (actor, command)
            }
        }
    }
}
