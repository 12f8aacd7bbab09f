//! Scheduled commands, when their time comes.

use sideroom_control::{Applied, BreakoutError, EventKind, ScheduleId};

use crate::step::Violation;
use crate::world::World;

impl World {
    /// A scheduled command was carried out, or failed for a reason.
    pub(crate) fn follow_schedule(
        &mut self,
        id: ScheduleId,
        applied: &Applied,
    ) -> Result<(), Violation> {
        let failed = applied
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::ScheduleFailed { .. }));
        match failed {
            true => self.coverage.schedules_failed += 1,
            false => self.coverage.schedules_done += 1,
        }
        let refused = self.model.run_schedule(id, &applied.outcome, failed)?;
        match refused {
            // The reason is in the event; here it matters only that there was one.
            Some((author, command)) => {
                let error = BreakoutError::ScheduleFailed("when its time came");
                self.check_refusal(author, &command, &error)
            }
            None => Ok(()),
        }
    }
}
