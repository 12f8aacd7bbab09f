//! Draws commands on breakouts and across them.

use sideroom_control::{
    Actor, BreakoutPatch, Command, CreateBreakouts, MoveTo, TimerChange, UnixMillis,
};
use sideroom_route::ParticipantId;

use super::Draw;

impl Draw<'_> {
    pub(super) fn about_going(&mut self) -> (Actor, Command) {
        let participant = self.someone();
        match self.chance.below(20) {
            0..=6 => {
                let invited = self.invitations(participant);
                let known = self.chance.pick(&invited).copied();
                let command = Command::JoinBreakout {
                    participant,
                    breakout: self
                        .chance
                        .happens(0.8)
                        .then(|| known.unwrap_or_else(|| self.breakout())),
                    stream: self.chance.happens(0.8).then(|| self.kinds()),
                };
                (self.itself(participant), command)
            }
            7..=10 => (
                self.itself(participant),
                Command::LeaveBreakout { participant },
            ),
            11..=14 => {
                let one = self.one_move();
                (self.moderator(), Command::Move { moves: vec![one] })
            }
            15..=17 => {
                let count = self.chance.below(6);
                let moves = (0..count).map(|_| self.one_move()).collect();
                (self.moderator(), Command::Move { moves })
            }
            18 => {
                let seed = self.chance.happens(0.5).then(|| self.chance.bits());
                let breakouts = self.selection();
                (self.moderator(), Command::Shuffle { breakouts, seed })
            }
            _ if self.chance.happens(0.3) => {
                let pending = self.model.breakouts.iter();
                let pending = pending.flat_map(|(id, it)| it.pending.keys().map(|to| (*id, *to)));
                let pending: Vec<_> = pending.collect();
                let known = self.chance.pick(&pending).copied();
                let (breakout, number) = known.unwrap_or((self.breakout(), 0));
                let mut people = self.model.people.iter();
                let invitee = people.find(|one| one.identity == number);
                let command = Command::WithdrawInvitations {
                    breakout,
                    participants: vec![invitee.map_or(participant, |one| one.id)],
                };
                (self.moderator(), command)
            }
            _ => {
                let breakout = self.breakout();
                let command = Command::Reject {
                    participant,
                    breakout,
                };
                (self.itself(participant), command)
            }
        }
    }

    fn invitations(&self, participant: ParticipantId) -> Vec<sideroom_route::BreakoutId> {
        let Some(one) = self.model.person(participant) else {
            return Vec::new();
        };
        let asked = self.model.breakouts.iter();
        let asked = asked.filter(|(_, it)| it.invited.contains(&one.identity));
        asked.map(|(id, _)| *id).collect()
    }

    fn one_move(&mut self) -> MoveTo {
        MoveTo {
            participant: self.someone(),
            to: self.group(),
            stream: self.chance.happens(0.3).then(|| self.kinds()),
        }
    }

    fn create(&mut self) -> CreateBreakouts {
        let largest = u64::from(self.model.settings.largest_capacity());
        let participants = match self.chance.below(40) {
            0 => None,
            1 => Some(1),
            2 => Some(largest as u32 + 1),
            _ => Some(2 + self.chance.below(largest.max(2) - 1) as u32),
        };
        CreateBreakouts {
            participants,
            count: self.chance.below(5) as u32,
            names: if self.chance.happens(0.05) {
                vec!["Blue".into()]
            } else {
                Vec::new()
            },
            media: self.kinds(),
            open: self.chance.happens(0.8),
            auto_move: self.chance.happens(0.3),
            self_select: self.chance.happens(0.3),
            door: self.door(),
        }
    }

    pub(super) fn about_breakouts(&mut self) -> (Actor, Command) {
        let few = self.model.breakouts.len() < 3;
        let roll = if few && self.chance.happens(0.4) {
            0
        } else {
            self.chance.below(40)
        };
        let command = match roll {
            0..=3 => {
                let create = self.create();
                if self.chance.happens(0.5) {
                    Command::CreateBreakouts(create)
                } else {
                    Command::CreateAndInvite {
                        create,
                        seed: self.chance.happens(0.5).then(|| self.chance.bits()),
                        force: self.chance.happens(0.5),
                    }
                }
            }
            4..=13 => {
                let count = self.chance.below(4);
                Command::Invite {
                    breakout: self.breakout(),
                    participants: (0..count).map(|_| self.someone()).collect(),
                    force: self.chance.happens(0.4),
                }
            }
            14..=17 => {
                let count = self.chance.below(4);
                Command::Assign {
                    breakout: self.chance.happens(0.8).then(|| self.breakout()),
                    identities: (0..count).map(|_| self.identity()).collect(),
                }
            }
            18..=22 => Command::Open(self.selection()),
            23 | 24 => Command::Close(self.selection()),
            25..=27 => {
                let selection = self.selection();
                if self.chance.happens(0.4) {
                    let actor = Actor::Participant(self.someone());
                    return (actor, Command::Clear(selection));
                }
                Command::Clear(selection)
            }
            28 | 29 => Command::Destroy(self.selection()),
            _ => Command::UpdateBreakout {
                breakout: self.breakout(),
                patch: self.patch(),
            },
        };
        let actor = self.moderator();
        (self.owner_of(&command).unwrap_or(actor), command)
    }

    /// Now and then the owner asks, who need not be a moderator.
    fn owner_of(&mut self, command: &Command) -> Option<Actor> {
        let (Command::Invite { breakout, .. } | Command::UpdateBreakout { breakout, .. }) = command
        else {
            return None;
        };
        let owner = self.model.breakouts.get(breakout)?.owner?;
        self.chance
            .happens(0.3)
            .then_some(Actor::Participant(owner))
    }

    fn patch(&mut self) -> BreakoutPatch {
        let name = ["Red", "Green", "Blue", ""];
        let name = self.chance.pick(&name).copied().unwrap_or_default();
        BreakoutPatch {
            name: self.chance.happens(0.1).then(|| name.to_owned()),
            capacity: self
                .chance
                .happens(0.2)
                .then(|| self.chance.below(12) as u32),
            media: self.chance.happens(0.5).then(|| self.kinds()),
            auto_move: self.chance.happens(0.2).then(|| self.chance.happens(0.5)),
            self_select: self.chance.happens(0.2).then(|| self.chance.happens(0.5)),
            owner: self.chance.happens(0.1).then(|| self.someone()),
            thread_id: None,
            door: self.chance.happens(0.3).then(|| self.door()),
            timer: self.chance.happens(0.2).then(|| self.breakout_timer()),
        }
    }

    fn breakout_timer(&mut self) -> TimerChange {
        match self.chance.below(5) {
            0 => TimerChange::Stop,
            _ => TimerChange::EndAt(UnixMillis(self.now + self.chance.below(8_000))),
        }
    }

    pub(super) fn across(&mut self) -> (Actor, Command) {
        let participant = match self.moderator() {
            Actor::Participant(id) => id,
            Actor::Operator | Actor::Key(_) | Actor::System => self.someone(),
        };
        let command = match self.chance.below(20) {
            0..=3 => Command::StartAddressAll {
                participant,
                kinds: self.kinds(),
            },
            4 | 5 => {
                let speakers: Vec<_> = self.model.speeches.keys().copied().collect();
                let participant = self.chance.pick(&speakers).copied().unwrap_or(participant);
                return (
                    self.itself(participant),
                    Command::StopAddressAll { participant },
                );
            }
            6 => Command::AddressAllText {
                text: "back in five minutes".into(),
            },
            7..=10 => Command::ListenIn {
                participant,
                breakout: self.breakout(),
                follow: self.chance.happens(0.4),
            },
            11 | 12 => Command::StopListening { participant },
            13..=15 => {
                let participant = self.someone();
                let note = String::new();
                return (
                    self.itself(participant),
                    Command::AskForHelp { participant, note },
                );
            }
            16..=18 => Command::AnswerHelp {
                participant: self.someone(),
                note: "coming".into(),
            },
            _ => Command::Chat {
                group: self.chance.happens(0.7).then(|| self.group()),
                text: if self.chance.happens(0.9) {
                    "hello".into()
                } else {
                    String::new()
                },
            },
        };
        (self.itself(participant), command)
    }
}
