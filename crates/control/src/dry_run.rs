//! Dry runs (rule 25): a command goes its own way, on a copy of the room.

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, ParticipantId};

use crate::memory::Memory;
use crate::room::{Expected, Room};
use crate::run::Mode;
use crate::{
    Actor, Applied, BreakoutError, Command, EventKind, Forecast, Outcome, Request, RequestId,
    UnixMillis,
};

/// The result that a command would have.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DryRun {
    /// The answer that it would get.
    pub outcome: Outcome,
    /// Those whom it would move: from where, to where.
    pub moves: Vec<(ParticipantId, GroupId, GroupId)>,
    /// The streams that subscribers receive now.
    pub before: Forecast,
    /// The streams that they would receive.
    pub after: Forecast,
}

impl Room {
    /// Tells the result that `command` would have, or its error. The room does not change, and no request id is
    /// used.
    pub fn dry_run(
        &self,
        expected: Option<Expected>,
        now: UnixMillis,
        actor: Actor,
        command: Command,
    ) -> Result<DryRun, BreakoutError> {
        let (mut copy, request) = self.rehearsal(now, actor, command)?;
        let mode = expected.map_or(Mode::Live, Mode::Expecting);
        let applied: Applied = copy.run(request, &mode)?;
        let moves = applied.events.iter().filter_map(|event| match event.kind {
            EventKind::Placed {
                participant,
                from,
                to,
                ..
            } => Some((participant, from, to)),
            _ => None,
        });
        Ok(DryRun {
            moves: moves.collect(),
            outcome: applied.outcome,
            before: self.planner.forecast(),
            after: copy.planner.forecast(),
        })
    }

    /// A copy without memory of requests and events, and the request for it.
    fn rehearsal(
        &self,
        now: UnixMillis,
        actor: Actor,
        command: Command,
    ) -> Result<(Self, Request), BreakoutError> {
        let copy = Self {
            state: self.state.clone(),
            volatile: self.volatile.clone(),
            memory: Memory::at(self.seq()),
            planner: self.planner.clone(),
            epoch: self.epoch,
            old: None,
        };
        let id = RequestId::new("dry-run")?;
        let request = Request {
            now,
            actor,
            id,
            command,
        };
        Ok((copy, request))
    }
}
