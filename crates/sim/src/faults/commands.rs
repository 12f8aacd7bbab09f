//! Draws commands, and who talks.

use sideroom_control::{Actor, Command, CreateBreakouts, KindSet, MoveTo, Room, Selection};
use sideroom_route::{GroupId, ParticipantId, TrackKind};

use super::callers::Ask;
use super::requests::order;
use super::world::FaultWorld;
use crate::step::Violation;

impl FaultWorld {
    pub(super) fn command(&mut self) -> Result<(), Violation> {
        let slot = self.slot();
        let Some(participant) = self.somebody(slot) else {
            return self.join();
        };
        let breakouts = self.room_of(slot).map_or(0, Room::breakout_count);
        let mut actor = self.key();
        let command = self.draw_command(participant, breakouts);
        if matches!(command, Command::Publish { .. }) {
            actor = Actor::Participant(participant);
        }
        let request = self.callers.request();
        let ask = Ask::Command {
            actor,
            request,
            command: command.clone(),
        };
        self.give(slot, ask, None, order(actor, request, command))
    }

    fn draw_command(&mut self, participant: ParticipantId, breakouts: usize) -> Command {
        match self.chance.below(20) {
            0..=2 => Command::Mute {
                participant,
                kinds: KindSet::AUDIO,
            },
            3..=5 => Command::Unmute {
                participant,
                kinds: KindSet::AUDIO,
            },
            6 if breakouts < 3 => Command::CreateBreakouts(two_breakouts()),
            7 if breakouts < 3 => Command::CreateAndInvite {
                create: two_breakouts(),
                seed: None,
                force: true,
            },
            8 => Command::Clear(Selection::All),
            9 => Command::Destroy(Selection::All),
            10..=12 => Command::Shuffle {
                breakouts: Selection::All,
                seed: None,
            },
            13 => Command::Leave { participant },
            14 => Command::Remove { participant },
            15 | 16 => Command::Publish {
                participant,
                kind: TrackKind::Audio,
            },
            17 => Command::Move {
                moves: vec![MoveTo {
                    participant,
                    to: GroupId::Parent,
                    stream: None,
                }],
            },
            _ => Command::Chat {
                group: Some(GroupId::Parent),
                text: "hello".into(),
            },
        }
    }

    pub(super) fn talk(&mut self) -> Result<(), Violation> {
        let slot = self.slot();
        let room = self.room_of(slot);
        let tracks = room.map_or_else(Vec::new, |room| room.table().tracks.into_keys().collect());
        let ranked = self.chance.pick(&tracks).copied().into_iter().collect();
        self.input(slot, |machine, now| {
            machine.handle_talkers(now, GroupId::Parent, ranked);
        })
    }
}

fn two_breakouts() -> CreateBreakouts {
    CreateBreakouts {
        participants: Some(4),
        count: 2,
        ..CreateBreakouts::default()
    }
}
