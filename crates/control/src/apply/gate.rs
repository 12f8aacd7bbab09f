//! The parent gate: the media of the parent that reach people who are away (rules 8 and 9).

use sideroom_route::ParticipantId;

use crate::command_run::CommandRun;
use crate::state::require;
use crate::{BreakoutError, Command, EventKind, GateKinds, GateScope, Outcome, ParentGate};

impl CommandRun<'_> {
    pub(super) fn run_for_gate(&mut self, command: &Command) -> Result<Outcome, BreakoutError> {
        match *command {
            Command::PauseParent(scope) => self.set_paused(scope, true),
            Command::ResumeParent(scope) => self.set_paused(scope, false),
            Command::MuteParent { scope, kinds } => self.set_muted(scope, kinds, true),
            Command::UnmuteParent { scope, kinds } => self.set_muted(scope, kinds, false),
            _ => Err(BreakoutError::Internal("a command went astray")),
        }
    }

    fn set_paused(&mut self, scope: GateScope, paused: bool) -> Result<Outcome, BreakoutError> {
        match scope {
            GateScope::Room => {
                let gate = ParentGate {
                    paused,
                    ..self.state.room_gate
                };
                Ok(self.set_room_gate(gate))
            }
            GateScope::Participant(id) => {
                let one = self.state.participant(id)?;
                if paused {
                    require(one.is_connected(), BreakoutError::HoldFailed)?;
                } else {
                    // The room's gate would still stop the media: an error is better than a success without
                    // effect.
                    let in_vain = one.is_away() && self.state.room_gate.paused;
                    require(!in_vain, BreakoutError::ResumeFailed)?;
                }
                let gate = ParentGate { paused, ..one.gate };
                let by_joining = one.paused_by_joining && paused;
                Ok(self.set_own_gate(id, gate, by_joining))
            }
        }
    }

    fn set_muted(
        &mut self,
        scope: GateScope,
        kinds: GateKinds,
        muted: bool,
    ) -> Result<Outcome, BreakoutError> {
        require(
            kinds.audio || kinds.video,
            BreakoutError::InvalidArgument("a mute names audio, video or both"),
        )?;
        let changed = |gate: ParentGate| ParentGate {
            audio_muted: if kinds.audio { muted } else { gate.audio_muted },
            video_muted: if kinds.video { muted } else { gate.video_muted },
            ..gate
        };
        match scope {
            GateScope::Room => Ok(self.set_room_gate(changed(self.state.room_gate))),
            GateScope::Participant(id) => {
                let one = self.state.participant(id)?;
                let (gate, by_joining) = (changed(one.gate), one.paused_by_joining);
                Ok(self.set_own_gate(id, gate, by_joining))
            }
        }
    }

    fn set_room_gate(&mut self, gate: ParentGate) -> Outcome {
        if self.state.room_gate != gate {
            self.state.room_gate = gate;
            let members = self
                .state
                .breakouts
                .values()
                .flat_map(|it| it.members.iter());
            self.effects.touched.extend(members);
            self.tell(EventKind::RoomGateChanged { gate });
        }
        Outcome::Gate { gate }
    }

    fn set_own_gate(
        &mut self,
        participant: ParticipantId,
        gate: ParentGate,
        by_joining: bool,
    ) -> Outcome {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return Outcome::Done;
        };
        let before = one.effective_gate();
        one.gate = gate;
        one.paused_by_joining = by_joining;
        let gate = one.effective_gate();
        if before != gate {
            self.effects.touched.insert(participant);
            self.tell(EventKind::GateChanged { participant, gate });
        }
        Outcome::Gate { gate }
    }
}
