//! Draws commands on people, their media, the room and its gates.

use sideroom_control::{
    Actor, BreakoutSettingsPatch, Command, GateKinds, GateScope, Grants, Join, KindSet,
    ParentWhileAway, Reconnect, Role, RoomMode, RoomPatch, SlotPool, TimerChange, UnixMillis, Whom,
};
use sideroom_route::{ParticipantId, TrackKind};

use super::Draw;
use crate::model::identity;

impl Draw<'_> {
    /// Draws a join.
    pub(super) fn arrival(&mut self) -> (Actor, Command) {
        let number = if self.chance.happens(0.9) {
            self.identities
        } else {
            self.chance.below(u64::from(self.identities) + 5) as u32
        };
        let moderators = self.model.people.iter().filter(|one| one.moderator).count();
        let moderator = moderators == 0 && self.chance.happens(0.8) || self.chance.happens(0.1);
        let mut identity = identity(number);
        let mut slots = self.slots();
        match self.chance.below(200) {
            0 => identity = String::new(),
            1 => slots.audio = 65,
            _ => {}
        }
        let join = Join {
            display_name: if self.chance.happens(0.005) {
                " ".into()
            } else {
                identity.clone()
            },
            identity,
            role: if moderator {
                Role::Moderator
            } else {
                Role::Participant
            },
            grants: if moderator && self.chance.happens(0.9) {
                Grants::ALL
            } else {
                self.grants()
            },
            slots,
            offers: self.offers(),
        };
        let actor = if self.chance.happens(0.98) {
            Actor::Operator
        } else {
            Actor::Participant(self.someone())
        };
        (actor, Command::Join(join))
    }

    fn slots(&mut self) -> SlotPool {
        SlotPool {
            audio: self.chance.below(9) as u8,
            video: self.chance.below(6) as u8,
        }
    }

    fn offers(&mut self) -> Vec<TrackKind> {
        let mut offers = vec![TrackKind::Audio];
        if self.chance.happens(0.05) {
            offers.clear();
        }
        for kind in [TrackKind::Camera, TrackKind::Screen, TrackKind::Canvas] {
            if self.chance.happens(0.45) {
                offers.push(kind);
            }
        }
        if self.chance.happens(0.005) {
            offers.push(TrackKind::Audio);
        }
        offers
    }

    fn grants(&mut self) -> Grants {
        Grants {
            publish: if self.chance.happens(0.9) {
                KindSet::ALL
            } else {
                self.kinds()
            },
            create_breakouts: self.chance.happens(0.1),
            move_others: self.chance.happens(0.1),
            listen_in: self.chance.happens(0.1),
            address_all: self.chance.happens(0.1),
            create_side_rooms: self.chance.happens(0.2),
        }
    }

    fn removal(&mut self, participant: ParticipantId) -> Command {
        if self.chance.happens(0.4) {
            self.exclusion(participant)
        } else {
            Command::Remove { participant }
        }
    }

    /// A ban, or the end of one.
    fn exclusion(&mut self, participant: ParticipantId) -> Command {
        let banned = self.model.known.iter().filter(|(_, known)| known.banned);
        let banned: Vec<u32> = banned.map(|(number, _)| *number).collect();
        if self.chance.happens(0.6)
            && let Some(number) = self.chance.pick(&banned)
        {
            return Command::Unban {
                identity: identity(*number),
            };
        }
        let whom = if self.chance.happens(0.7) {
            Whom::Participant(participant)
        } else {
            Whom::Identity(identity(
                self.chance.below(u64::from(self.identities) + 5) as u32
            ))
        };
        Command::Ban {
            whom,
            reason: "noise".into(),
            until: None,
        }
    }

    pub(super) fn about_people(&mut self, size: usize) -> (Actor, Command) {
        let participant = self.someone();
        let crowded = self.model.people.len() > size;
        let roll = if crowded && self.chance.happens(0.3) {
            16
        } else {
            self.chance.below(110)
        };
        let command = match roll {
            0..=5 => return (Actor::System, Command::Drop { participant }),
            6..=13 => {
                let back = Reconnect {
                    identity: self.absent_or_any(),
                    slots: self.slots(),
                    offers: self.offers(),
                };
                return (Actor::Operator, Command::Reconnect(back));
            }
            14 | 15 => return self.arrival(),
            16..=18 => Command::Leave { participant },
            19 => return (self.moderator(), self.removal(participant)),
            20..=24 => {
                let role = if self.chance.happens(0.3) {
                    Role::Moderator
                } else {
                    Role::Participant
                };
                return (self.moderator(), Command::SetRole { participant, role });
            }
            25..=29 => {
                let grants = self.grants();
                return (
                    self.moderator(),
                    Command::SetGrants {
                        participant,
                        grants,
                    },
                );
            }
            30..=69 => Command::Publish {
                participant,
                kind: self.kind(),
            },
            70..=76 => Command::Unpublish {
                participant,
                kind: self.kind(),
            },
            77..=82 => Command::Mute {
                participant,
                kinds: self.kinds(),
            },
            83..=88 => Command::Unmute {
                participant,
                kinds: self.kinds(),
            },
            89..=92 => {
                let kinds = self.kinds();
                return (self.moderator(), Command::Mute { participant, kinds });
            }
            93..=97 => {
                let kinds = self.kinds();
                return (self.moderator(), Command::Unmute { participant, kinds });
            }
            _ => Command::SetStream {
                participant,
                stream: self.kinds(),
            },
        };
        (self.itself(participant), command)
    }

    /// Mostly a participant whose connection is down.
    fn absent_or_any(&mut self) -> String {
        let absent = self.model.people.iter().filter(|one| !one.connected);
        let absent: Vec<u32> = absent.map(|one| one.identity).collect();
        match self.chance.pick(&absent) {
            Some(number) if self.chance.happens(0.9) => identity(*number),
            _ => self.identity(),
        }
    }

    pub(super) fn about_room(&mut self) -> (Actor, Command) {
        let actor = self.moderator();
        let command = match self.chance.below(40) {
            0..=5 => Command::UpdateRoom(RoomPatch {
                max_active_talkers: self.maybe(0.5).then(|| self.chance.below(12) as u8),
                max_breakouts: self.maybe(0.3).then(|| self.chance.below(12) as u16),
                max_participants: self.maybe(0.1).then(|| 20 + self.chance.below(200) as u32),
                reconnect_grace_ms: self.maybe(0.2).then(|| self.chance.below(60_000) as u32),
                codecs: None,
            }),
            6..=8 => Command::SetMode(RoomMode::Lecture),
            9..=18 => Command::SetMode(RoomMode::Group),
            19 => return (Actor::Operator, Command::Drain(true)),
            20..=23 => return (Actor::Operator, Command::Drain(false)),
            24 if self.chance.happens(0.01) => return (Actor::Operator, Command::CloseRoom),
            _ => self.breakout_settings(),
        };
        (actor, command)
    }

    fn maybe(&mut self, probability: f64) -> bool {
        self.chance.happens(probability)
    }

    fn breakout_settings(&mut self) -> Command {
        let timer = match self.chance.below(12) {
            0..=3 => Some(TimerChange::EndAt(UnixMillis(
                self.now + self.chance.below(90_000),
            ))),
            4 => Some(TimerChange::Stop),
            5 => Some(TimerChange::EndAt(UnixMillis(self.now - 1))),
            _ => None,
        };
        let patch = BreakoutSettingsPatch {
            availability: None,
            parent_while_away: self.maybe(0.4).then(|| {
                if self.chance.happens(0.5) {
                    ParentWhileAway::Live
                } else {
                    ParentWhileAway::Paused
                }
            }),
            allow_return: self.maybe(0.3).then(|| self.chance.happens(0.7)),
            self_select: self.maybe(0.3).then(|| self.chance.happens(0.4)),
            allow_video: self.maybe(0.1).then(|| self.chance.happens(0.7)),
            timer,
            grace_ms: self.maybe(0.2).then(|| self.chance.below(20_000) as u32),
            countdown_ms: self.maybe(0.2).then(|| vec![20_000, 5_000, 1_000]),
            announce_presence: None,
        };
        Command::UpdateBreakoutSettings(patch)
    }

    pub(super) fn about_gates(&mut self) -> (Actor, Command) {
        let away = self
            .model
            .people
            .iter()
            .filter(|one| one.group.breakout().is_some());
        let away: Vec<_> = away.map(|one| one.id).collect();
        let about = match self.chance.pick(&away) {
            Some(id) if self.chance.happens(0.8) => *id,
            _ => self.someone(),
        };
        let (actor, scope) = if self.chance.happens(0.25) {
            (self.moderator(), GateScope::Room)
        } else {
            (self.itself(about), GateScope::Participant(about))
        };
        let kinds = GateKinds {
            audio: self.chance.happens(0.6),
            video: self.chance.happens(0.6),
        };
        let command = match self.chance.below(10) {
            0 | 1 => Command::PauseParent(scope),
            2..=5 => Command::ResumeParent(scope),
            6 | 7 => Command::MuteParent { scope, kinds },
            _ => Command::UnmuteParent { scope, kinds },
        };
        (actor, command)
    }
}
