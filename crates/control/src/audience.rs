//! The audience of each event, in one table. The views of a room at rest ([`crate::RoomView`]) agree with it.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::command_run::Effects;
use crate::{Actor, Addressed, Event, EventKind, Role, ScheduleView};

/// The audience of an event. The operator may see all events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Audience {
    /// All in the room, in any group.
    Everyone,
    Moderators,
    /// Participants who are in the group when the event happens, or listen in on it.
    Group(GroupId),
    Participant(ParticipantId),
    /// All of these.
    Several(Vec<Audience>),
    /// Those who are in this group when the event happens.
    Members(GroupId),
}

/// A viewer's role and place when an event happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Holds from the event with this number on.
    pub seq: u64,
    pub role: Role,
    pub group: GroupId,
    /// The breakout that it listens in on.
    pub listening: Option<BreakoutId>,
}

impl EventKind {
    /// The audience of this event: the one table.
    #[expect(
        clippy::too_many_lines,
        reason = "one table, an arm for each kind of audience"
    )]
    pub fn audience(&self) -> Audience {
        use Audience::{Everyone, Group, Moderators, Participant, Several};
        match self {
            Self::RoomChanged { .. }
            | Self::Draining(_)
            | Self::RoomClosed
            | Self::ParticipantJoined { .. }
            | Self::ParticipantDropped { .. }
            | Self::ParticipantReconnected { .. }
            | Self::ParticipantLeft { .. }
            | Self::RoleChanged { .. }
            | Self::SelectableBreakouts { .. }
            | Self::AwayChanged { .. }
            | Self::BreakoutSettingsChanged { .. }
            | Self::Countdown { .. }
            | Self::TimeUp { .. }
            | Self::RoomGateChanged { .. }
            | Self::AddressAllStarted { .. }
            | Self::AddressAllStopped { .. }
            | Self::AddressAllText { .. }
            | Self::RotationChanged { .. }
            | Self::RotationEnded { .. }
            | Self::Renamed { .. } => Everyone,

            Self::BreakoutsCreated { breakouts } => {
                moderators_and(breakouts.first().and_then(|first| first.owner))
            }
            Self::BreakoutChanged { breakout } => moderators_and(breakout.owner),
            Self::InviteRejected { owner, .. } => moderators_and(*owner),
            Self::InvitationEnded {
                participant, owner, ..
            } => {
                let people = [Some(*participant), *owner].into_iter().flatten();
                several_and_moderators(people)
            }

            Self::GrantsChanged { participant, .. }
            | Self::Invited { participant, .. }
            | Self::Placed { participant, .. }
            | Self::GateChanged { participant, .. } => {
                Several(vec![Participant(*participant), Moderators])
            }
            Self::Assigned { participant, .. }
            | Self::InvitationChanged { participant, .. }
            | Self::InvitationsVoid { participant, .. }
            | Self::OwnershipLost { participant, .. } => Participant(*participant),
            Self::BreakoutsDestroyed { members, .. } => {
                several_and_moderators(members.iter().copied())
            }

            // Away participants can hear the parent, so the parent's tracks are for everybody.
            Self::TrackPublished { group, .. }
            | Self::TrackUnpublished { group, .. }
            | Self::MuteChanged { group, .. }
            | Self::StreamChanged { group, .. } => match group {
                GroupId::Parent => Everyone,
                GroupId::Breakout(_) => Several(vec![Group(*group), Moderators]),
            },
            Self::MembersChanged { breakout, .. } => Group(GroupId::Breakout(*breakout)),
            Self::BreakoutDetailsChanged { breakout } => {
                Group(GroupId::Breakout(breakout.summary.breakout))
            }
            Self::ListeningStarted {
                participant,
                breakout,
                announced,
                ..
            } => listeners(*participant, breakout.summary.breakout, *announced),
            Self::ListeningStopped {
                participant,
                breakout,
                announced,
            } => listeners(*participant, *breakout, *announced),
            Self::HelpAsked { participant, .. } => {
                Several(vec![Participant(*participant), Moderators])
            }
            Self::HelpAnswered {
                participant, group, ..
            } => Several(vec![Group(*group), Participant(*participant), Moderators]),
            Self::Chat { group, .. } => Group(*group),
            Self::IntercomChanged { intercom } => addressed(intercom.participant, &intercom.to),
            Self::IntercomStopped { participant, to } => addressed(*participant, to),
            Self::IntercomEntered { participant, .. }
            | Self::IntercomLeft { participant, .. }
            | Self::KnocksHeard { participant, .. } => Participant(*participant),
            Self::Knocked { knock } => at_the_door(knock.participant, knock.breakout),
            Self::KnockEnded {
                participant,
                breakout,
                ..
            } => at_the_door(*participant, *breakout),
            Self::Scheduled { schedule }
            | Self::ScheduleEnded { schedule, .. }
            | Self::ScheduleFailed { schedule, .. } => concerned(schedule),
            Self::Banned { .. }
            | Self::Unbanned { .. }
            | Self::RotationPlanned { .. }
            | Self::ArrangementSaved { .. }
            | Self::ArrangementRemoved { .. } => Moderators,
        }
    }
}

impl Effects {
    /// The audience of an event of this turn. An owner outside of their breakout learns of its end, too.
    pub(crate) fn audience_of(&self, kind: &EventKind) -> Audience {
        let audience = kind.audience();
        if !matches!(kind, EventKind::BreakoutsDestroyed { .. }) || self.destroyed_owners.is_empty()
        {
            return audience;
        }
        let owners = self
            .destroyed_owners
            .iter()
            .map(|owner| Audience::Participant(*owner));
        Audience::Several([audience].into_iter().chain(owners).collect())
    }
}

/// The speaker, the addressed, and moderators.
fn addressed(speaker: ParticipantId, to: &Addressed) -> Audience {
    let Addressed::Some { groups, people } = to else {
        return Audience::Everyone;
    };
    let groups = groups.iter().copied().map(Audience::Members);
    let people = people.iter().copied().map(Audience::Participant);
    let first = [Audience::Moderators, Audience::Participant(speaker)];
    Audience::Several(first.into_iter().chain(groups).chain(people).collect())
}

/// The one who knocks, those inside, and moderators.
fn at_the_door(participant: ParticipantId, breakout: BreakoutId) -> Audience {
    Audience::Several(vec![
        Audience::Moderators,
        Audience::Participant(participant),
        Audience::Members(GroupId::Breakout(breakout)),
    ])
}

/// The author, those whom the command names, and moderators; or everybody.
fn concerned(schedule: &ScheduleView) -> Audience {
    if schedule.public {
        return Audience::Everyone;
    }
    let author = match schedule.by {
        Actor::Participant(id) => Some(id),
        Actor::Operator | Actor::Key(_) | Actor::System => None,
    };
    several_and_moderators(schedule.people.iter().copied().chain(author))
}

fn several_and_moderators(people: impl Iterator<Item = ParticipantId>) -> Audience {
    let people = people.map(Audience::Participant);
    Audience::Several([Audience::Moderators].into_iter().chain(people).collect())
}

/// Moderators and the listener; those inside if the room announces presence.
fn listeners(listener: ParticipantId, breakout: BreakoutId, announced: bool) -> Audience {
    let inside = Audience::Group(GroupId::Breakout(breakout));
    let mut several = vec![Audience::Participant(listener), Audience::Moderators];
    several.extend(announced.then_some(inside));
    Audience::Several(several)
}

/// Moderators and the breakout's owner, who may be a plain participant with the grant for it.
fn moderators_and(owner: Option<ParticipantId>) -> Audience {
    match owner {
        None => Audience::Moderators,
        Some(owner) => Audience::Several(vec![Audience::Moderators, Audience::Participant(owner)]),
    }
}

impl Audience {
    /// True if the audience includes `participant`, who has this `standing`.
    pub fn includes(&self, participant: ParticipantId, standing: &Standing) -> bool {
        match self {
            Self::Everyone => true,
            Self::Moderators => standing.role == Role::Moderator,
            Self::Group(group) => {
                *group == standing.group
                    || (group.breakout().is_some() && group.breakout() == standing.listening)
            }
            Self::Participant(one) => *one == participant,
            Self::Members(group) => *group == standing.group,
            Self::Several(several) => several
                .iter()
                .any(|one| one.includes(participant, standing)),
        }
    }
}

impl Event {
    /// True if `participant`, with this `standing`, may see the event.
    pub fn visible_to(&self, participant: ParticipantId, standing: &Standing) -> bool {
        self.audience.includes(participant, standing)
    }
}
