//! Draws commands from numbers.

use sideroom_control::*;
use sideroom_route::*;

use crate::random::{Random, Step};

impl Random {
    fn scope(&self, step: &Step) -> GateScope {
        if step.b.is_multiple_of(4) {
            GateScope::Room
        } else {
            GateScope::Participant(self.participant(step.a))
        }
    }

    fn create(step: &Step) -> CreateBreakouts {
        CreateBreakouts {
            participants: (step.a != 0).then_some(u32::from(step.a % 12)),
            count: u32::from(step.b % 5),
            names: Vec::new(),
            media: kinds(step.c),
            open: step.c & 0x100 == 0,
            auto_move: step.c & 0x200 != 0,
            self_select: step.c & 0x400 != 0,
            door: door(step.c >> 11),
        }
    }

    pub(crate) fn join(step: &Step) -> Command {
        let offers = kinds(step.c >> 4).iter().collect();
        let identity = format!("i{}", step.a % 12);
        let slots = SlotPool {
            audio: step.b % 5,
            video: (step.b >> 4) % 5,
        };
        if step.c & 7 == 0 {
            return Command::Reconnect(Reconnect {
                identity,
                slots,
                offers,
            });
        }
        Command::Join(Join {
            display_name: identity.clone(),
            identity,
            role: role(step.c & 3 == 0),
            grants: grants(step.c >> 8),
            slots,
            offers,
        })
    }

    fn settings(&self, step: &Step) -> Command {
        match step.b % 7 {
            0 => Command::SetMode(if step.a < 40 {
                RoomMode::Lecture
            } else {
                RoomMode::Group
            }),
            1 => Command::UpdateRoom(RoomPatch {
                max_active_talkers: Some(step.a % 16),
                max_participants: Some(8),
                ..RoomPatch::default()
            }),
            2 => crate::story::settings(|patch| {
                patch.timer = Some(TimerChange::EndAt(self.story.now + u64::from(step.c)));
            }),
            3 => crate::story::settings(|patch| patch.allow_return = Some(step.a < 128)),
            4 => crate::story::settings(|patch| patch.self_select = Some(step.a < 128)),
            5 => crate::story::settings(|patch| patch.announce_presence = Some(step.a < 128)),
            _ => crate::story::settings(|patch| {
                patch.parent_while_away = Some(if step.a < 128 {
                    ParentWhileAway::Live
                } else {
                    ParentWhileAway::Paused
                });
            }),
        }
    }

    pub(crate) fn breakout_command(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        let breakout = self.breakout(step.b);
        match step.what % 15 {
            0 => Command::CreateBreakouts(Self::create(step)),
            1 => Command::CreateAndInvite {
                create: Self::create(step),
                seed: Some(u64::from(step.c)),
                force: step.c & 0x800 != 0,
            },
            2 => Command::Invite {
                breakout,
                participants: vec![participant, self.participant(step.a ^ 3)],
                force: step.c & 1 == 0,
            },
            3 if step.c & 3 == 0 => Command::WithdrawInvitations {
                breakout,
                participants: vec![participant],
            },
            3 => Command::Reject {
                participant,
                breakout,
            },
            4 => Command::Assign {
                breakout: (step.c & 7 != 0).then_some(breakout),
                identities: vec![format!("i{}", step.a % 12)],
            },
            5 | 6 => Command::JoinBreakout {
                participant,
                breakout: (step.c & 3 != 0).then_some(breakout),
                stream: (step.c & 4 != 0).then(|| kinds(step.c)),
            },
            7 => Command::LeaveBreakout { participant },
            8 | 9 => Command::Move {
                moves: [step.a, step.a ^ 1, step.a ^ 2]
                    .iter()
                    .map(|one| MoveTo {
                        participant: self.participant(*one),
                        to: self.group(step.b ^ *one),
                        stream: (step.c & 1 == 0).then(|| kinds(step.c >> 1)),
                    })
                    .take(usize::from(step.c % 3) + 1)
                    .collect(),
            },
            10 => Command::Shuffle {
                breakouts: self.selection(step.b),
                seed: None,
            },
            11 => Command::Open(self.selection(step.b)),
            12 => match step.c % 3 {
                0 => Command::Close(self.selection(step.b)),
                1 => Command::Clear(self.selection(step.b)),
                _ => Command::Destroy(self.selection(step.b)),
            },
            13 => Command::UpdateBreakout {
                breakout,
                patch: BreakoutPatch {
                    capacity: Some(u32::from(step.a % 12)),
                    media: Some(kinds(step.c)),
                    auto_move: Some(step.c & 0x100 == 0),
                    self_select: (step.c & 0x200 == 0).then_some(step.c & 0x400 == 0),
                    owner: (step.c & 0x1800 == 0).then(|| self.participant(step.a)),
                    door: (step.c & 0x10 == 0).then(|| door(step.c >> 13)),
                    timer: (step.c & 0x60 == 0)
                        .then(|| TimerChange::EndAt(self.story.now + u64::from(step.c))),
                    ..BreakoutPatch::default()
                },
            },
            _ => self.settings(step),
        }
    }

    pub(crate) fn other_command(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        let kind = TrackKind::ALL[usize::from(step.b % 4)];
        let both = GateKinds {
            audio: step.c & 1 == 0,
            video: step.c & 2 == 0,
        };
        match step.what % 20 {
            0..4 => Command::Publish { participant, kind },
            4 => Command::Unpublish { participant, kind },
            5 => Command::Mute {
                participant,
                kinds: kinds(step.c),
            },
            6 => Command::Unmute {
                participant,
                kinds: kinds(step.c),
            },
            7 => Command::PauseParent(self.scope(step)),
            8 => Command::ResumeParent(self.scope(step)),
            9 => Command::MuteParent {
                scope: self.scope(step),
                kinds: both,
            },
            10 => Command::UnmuteParent {
                scope: self.scope(step),
                kinds: both,
            },
            11 => Command::StartAddressAll {
                participant,
                kinds: kinds(step.c),
            },
            12 => Command::StopAddressAll { participant },
            13 => Command::ListenIn {
                participant,
                breakout: self.breakout(step.b),
                follow: step.c & 1 == 0,
            },
            14 => Command::StopListening { participant },
            15 => Command::SetRole {
                participant,
                role: role(step.b & 1 == 0),
            },
            16 => Command::SetGrants {
                participant,
                grants: grants(step.c),
            },
            17 => Command::SetStream {
                participant,
                stream: kinds(step.c),
            },
            18 => self.words(step),
            _ => match step.c % 8 {
                0 => Command::Leave { participant },
                1 => Command::Remove { participant },
                _ => Command::Drop { participant },
            },
        }
    }

    /// Commands of presence: intercoms, doors, side rooms, schedules.
    pub(crate) fn presence_command(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        let breakout = self.breakout(step.b);
        match step.what % 12 {
            2 if step.c & 3 == 0 => self.rotation_command(step),
            1 if step.c & 3 == 0 => Self::arrangement_command(step),
            0..3 => Command::StartIntercom {
                participant,
                start: self.intercom(step),
            },
            3 => Command::StopIntercom { participant },
            4 => Command::StartReply {
                participant,
                speaker: self.participant(step.b),
            },
            5 => Command::StopReply { participant },
            6 => Command::Knock {
                participant,
                breakout,
            },
            7 if step.c & 1 == 0 => Command::StopKnocking {
                participant,
                breakout,
            },
            7 => Command::AnswerKnock {
                participant,
                breakout,
                admit: step.c & 2 == 0,
            },
            8 => Command::CreateSideRoom(CreateSideRoom {
                participant,
                name: None,
                capacity: Some(u32::from(step.c % 6)),
                media: kinds(step.c),
                door: door(step.c >> 4),
                invite: vec![self.participant(step.b)],
            }),
            9 => match self.story.view().schedules.last() {
                Some(last) if step.c & 1 == 0 => Command::CancelSchedule {
                    schedule: last.schedule,
                },
                Some(last) => Command::ChangeSchedule {
                    schedule: last.schedule,
                    at: Some(self.story.now + u64::from(step.c)),
                    if_late: None,
                },
                None => Command::CancelSchedule {
                    schedule: ScheduleId(1),
                },
            },
            _ => Command::Schedule {
                at: self.story.now + u64::from(step.c),
                if_late: IfLate::default(),
                command: Box::new(if step.c & 4 == 0 {
                    self.breakout_command(&Step {
                        what: step.what / 12,
                        ..step.clone()
                    })
                } else {
                    Command::StartIntercom {
                        participant,
                        start: self.intercom(step),
                    }
                }),
            },
        }
    }

    /// Arrangements: kept, removed and applied.
    fn arrangement_command(step: &Step) -> Command {
        let name = ["one", "two"][usize::from(step.a % 2)].to_owned();
        let room = |room: u8| ArrangedRoom {
            name: format!("Breakout {}", room + 1),
            capacity: (step.c & 8 == 0).then_some(3),
            identities: (0..12_u8)
                .filter(|one| one % 4 == room && step.c >> (4 + one % 8) & 1 == 1)
                .map(|one| format!("i{one}"))
                .collect(),
        };
        match step.b % 6 {
            0 => Command::RemoveArrangement { name },
            1 => Command::SaveArrangement {
                name,
                arrangement: None,
            },
            2 => Command::SaveArrangement {
                name,
                arrangement: Some(Arrangement {
                    rooms: (0..step.a % 4).map(room).collect(),
                }),
            },
            rest => Command::ApplyArrangement {
                name,
                open: rest != 3,
            },
        }
    }

    /// Rotations and their steps.
    fn rotation_command(&self, step: &Step) -> Command {
        if self.story.view().rotation.is_none() || step.c & 0xc0 == 0 {
            return Command::StartRotation(StartRotation {
                breakouts: self.selection(step.b),
                rounds: u32::from(step.a % 5),
                round_ms: 1_000 + u32::from(step.c),
                seed: (step.c & 4 == 0).then_some(u64::from(step.c)),
            });
        }
        let step = match step.b % 4 {
            0 => RotationStep::Pause,
            1 => RotationStep::Resume,
            2 => RotationStep::Skip,
            _ => RotationStep::End,
        };
        Command::ChangeRotation { step }
    }

    fn intercom(&self, step: &Step) -> StartIntercom {
        let groups = [(1, step.b), (2, step.b ^ 1)];
        let groups = groups.iter().filter(|(bit, _)| step.c & bit != 0);
        let people = [(4, step.b), (8, step.a ^ 1)];
        let people = people.iter().filter(|(bit, _)| step.c & bit != 0);
        StartIntercom {
            to: if step.c & 0xf0 == 0 {
                Addressed::All
            } else {
                Addressed::Some {
                    groups: groups.map(|(_, pick)| self.group(*pick)).collect(),
                    people: people.map(|(_, pick)| self.participant(*pick)).collect(),
                }
            },
            kinds: kinds(step.c >> 4),
            own_group: if step.c & 0x100 == 0 {
                OwnGroup::Keep
            } else {
                OwnGroup::Suspend
            },
            allow_reply: step.c & 0x200 == 0,
            limit_ms: (step.c & 0x400 == 0).then_some(u32::from(step.c)),
        }
    }

    fn words(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        match step.c % 4 {
            0 => Command::AskForHelp {
                participant,
                note: "come".to_owned(),
            },
            1 => Command::AnswerHelp {
                participant,
                note: String::new(),
            },
            2 => Command::AddressAllText {
                text: "all".to_owned(),
            },
            _ => Command::Chat {
                group: (step.c & 3 != 0).then(|| self.group(step.b)),
                text: "hello".to_owned(),
            },
        }
    }
}

fn kinds(bits: u16) -> KindSet {
    let all = TrackKind::ALL.iter().enumerate();
    all.filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, kind)| *kind)
        .collect()
}

fn door(bits: u16) -> Door {
    match bits % 4 {
        0 => Door::Locked,
        1 => Door::Knocking,
        _ => Door::Open,
    }
}

pub(crate) fn role(moderator: bool) -> Role {
    if moderator {
        Role::Moderator
    } else {
        Role::Participant
    }
}

fn grants(bits: u16) -> Grants {
    Grants {
        publish: if bits & 1 == 0 {
            KindSet::ALL
        } else {
            kinds(bits >> 4)
        },
        create_breakouts: bits & 2 != 0,
        move_others: bits & 4 != 0,
        listen_in: bits & 8 != 0,
        address_all: bits & 1 != 0,
        create_side_rooms: bits & 16 != 0,
    }
}
