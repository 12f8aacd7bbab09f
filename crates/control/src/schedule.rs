//! Commands that are carried out later (rule 24).

use serde::{Deserialize, Serialize};
use sideroom_route::ParticipantId;

use crate::{Actor, Command, IfLate, ScheduleId, UnixMillis};

/// A scheduled command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schedule {
    pub at: UnixMillis,
    pub if_late: IfLate,
    /// The author, whose rights count when it is carried out.
    pub by: Actor,
    pub command: Command,
}

/// A scheduled command, as those see it whom it concerns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScheduleView {
    pub schedule: ScheduleId,
    pub at: UnixMillis,
    pub if_late: IfLate,
    pub by: Actor,
    /// The name of the command.
    pub command: String,
    /// It concerns everybody in the room.
    pub public: bool,
    /// The participants that it names.
    pub people: Vec<ParticipantId>,
}

/// How a scheduled command ended, unless it failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleEnd {
    /// It was carried out.
    Done,
    Cancelled,
}

impl Schedule {
    pub(crate) fn view(&self, schedule: ScheduleId) -> ScheduleView {
        ScheduleView {
            schedule,
            at: self.at,
            if_late: self.if_late,
            by: self.by,
            command: self.command.name().to_owned(),
            public: concerns_everybody(&self.command),
            people: people_of(&self.command),
        }
    }

    /// True if it may still be carried out at `now`.
    pub(crate) fn is_in_time(&self, now: UnixMillis) -> bool {
        match self.if_late {
            IfLate::Always => true,
            IfLate::Within(ms) => now.since(self.at) <= u64::from(ms),
        }
    }
}

impl ScheduleView {
    /// True if `participant` is its author or is named in it.
    pub(crate) fn concerns(&self, participant: ParticipantId) -> bool {
        self.public
            || self.by == Actor::Participant(participant)
            || self.people.contains(&participant)
    }
}

/// True for a command that can be scheduled: those on breakouts, without texts.
pub(crate) const fn can_be_scheduled(command: &Command) -> bool {
    matches!(
        command,
        Command::CreateBreakouts(_)
            | Command::CreateAndInvite { .. }
            | Command::CreateSideRoom(_)
            | Command::Invite { .. }
            | Command::WithdrawInvitations { .. }
            | Command::Assign { .. }
            | Command::JoinBreakout { .. }
            | Command::LeaveBreakout { .. }
            | Command::Move { .. }
            | Command::Shuffle { .. }
            | Command::StartRotation(_)
            | Command::ChangeRotation { .. }
            | Command::ApplyArrangement { .. }
            | Command::Open(_)
            | Command::Close(_)
            | Command::Clear(_)
            | Command::Destroy(_)
            | Command::UpdateBreakout { .. }
            | Command::UpdateBreakoutSettings(_)
            | Command::PauseParent(_)
            | Command::ResumeParent(_)
            | Command::MuteParent { .. }
            | Command::UnmuteParent { .. }
            | Command::StartAddressAll { .. }
            | Command::StopAddressAll { .. }
            | Command::StartIntercom { .. }
            | Command::StopIntercom { .. }
            | Command::ListenIn { .. }
            | Command::StopListening { .. }
    )
}

const fn concerns_everybody(command: &Command) -> bool {
    matches!(
        command,
        Command::Open(_)
            | Command::Close(_)
            | Command::Clear(_)
            | Command::Destroy(_)
            | Command::Shuffle { .. }
            | Command::StartRotation(_)
            | Command::ChangeRotation { .. }
            | Command::ApplyArrangement { .. }
            | Command::UpdateBreakoutSettings(_)
    )
}

/// The participants that a command names.
fn people_of(command: &Command) -> Vec<ParticipantId> {
    let mut people = match command {
        Command::Move { moves } => moves.iter().map(|one| one.participant).collect(),
        Command::Invite { participants, .. }
        | Command::WithdrawInvitations { participants, .. } => participants.clone(),
        Command::JoinBreakout { participant, .. }
        | Command::LeaveBreakout { participant }
        | Command::StartAddressAll { participant, .. }
        | Command::StopAddressAll { participant }
        | Command::StartIntercom { participant, .. }
        | Command::StopIntercom { participant }
        | Command::ListenIn { participant, .. }
        | Command::StopListening { participant } => vec![*participant],
        Command::CreateSideRoom(create) => {
            let invited = create.invite.iter().copied();
            invited.chain([create.participant]).collect()
        }
        _ => Vec::new(),
    };
    people.sort_unstable();
    people.dedup();
    people
}
