//! The end: of a room for good, or of the node's care for it.

use crate::action::{Action, Farewell};
use crate::machine::{RoomMachine, Stage};
use crate::request::Refusal;
use sideroom_route::Time;

impl RoomMachine {
    /// The room has ended, and the store knows.
    pub(crate) fn end(&mut self) {
        self.actions.push_back(Action::End);
        self.handle_farewell(Farewell::RoomClosed);
        let participants: Vec<_> = self.connections.keys().copied().collect();
        for participant in participants {
            self.part(participant, Farewell::RoomClosed);
        }
        for (token, _) in std::mem::take(&mut self.queue) {
            self.refuse(token, Refusal::Ended);
        }
        self.stage = Stage::Ended;
    }

    /// A room that has changed much is saved whole.
    pub(crate) fn is_save_due(&self) -> bool {
        let due = self.unsaved >= self.options.snapshot_every && self.save_after <= self.now.at;
        due && matches!(self.stage, Stage::Idle)
    }

    pub(crate) fn save(&mut self) {
        self.saving = std::mem::take(&mut self.unsaved);
        self.actions.push_back(Action::Save);
    }

    /// The adapter saves the room later: not before this.
    pub fn postpone_save(&mut self, until: Time) {
        self.save_after = until;
        self.unsaved = self.unsaved.saturating_add(self.saving);
    }

    /// Stops when everything is answered.
    pub(crate) fn stop_if_idle(&mut self) {
        if !self.stopping {
            return;
        }
        if self.unsaved > 0 {
            self.save();
        }
        self.stage = Stage::Ended;
        self.actions.push_back(Action::Stopped);
    }

    /// Stops a suspended room without saving it.
    pub(crate) fn stop_if_suspended(&mut self) {
        let waits = matches!(
            self.stage,
            Stage::Waiting(_) | Stage::Loading(_) | Stage::SetAside
        );
        if self.stopping && waits {
            self.stage = Stage::Ended;
            self.actions.push_back(Action::Stopped);
        }
    }
}
