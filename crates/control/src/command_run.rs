//! One command's turn: its changes of the state, and the events that follow.
//!
//! A command checks everything first and only then takes steps; the steps here cannot fail. So a refused
//! command has changed nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::intercom::Intercom;
use crate::old::Rules;
use crate::state::{Breakout, State};
use crate::{
    Actor, EventKind, KindSet, LeaveReason, MoveCause, ParentGate, ParentWhileAway, Power,
    UnixMillis,
};

/// The turn of one command.
pub(crate) struct CommandRun<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: UnixMillis,
    pub(crate) actor: Actor,
    /// The rules under which a command of an old journal was accepted; `None`: the command is new.
    pub(crate) replays: Option<Rules>,
    pub(crate) effects: Effects,
}

/// The effects of a turn. The journal keeps those that events are made from.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Effects {
    /// Events in order; those that follow from `placed` and the sets below come after these.
    pub(crate) events: Vec<EventKind>,
    /// Participants whose routes, sources or standing may be different now.
    #[serde(skip)]
    pub(crate) touched: BTreeSet<ParticipantId>,
    /// Something that concerns every subscriber has changed.
    #[serde(skip)]
    pub(crate) everyone: bool,
    /// How many rounds of breakouts were kept for shuffling.
    #[serde(skip)]
    pub(crate) rounds: usize,
    pub(crate) placed: Vec<GroupMove>,
    pub(crate) created: Vec<BreakoutId>,
    /// The participant who came in.
    pub(crate) arrived: Option<ParticipantId>,
    /// Breakouts that moderators have to see anew.
    pub(crate) changed: BTreeSet<BreakoutId>,
    /// Breakouts that look different to their assignees.
    pub(crate) announced: BTreeSet<BreakoutId>,
    /// Participants with a new assignment.
    pub(crate) reassigned: BTreeSet<ParticipantId>,
    /// The breakouts that participants may choose from have changed.
    pub(crate) selectable: bool,
    /// Breakouts that somebody has left: those who wait for a place may follow.
    #[serde(skip)]
    pub(crate) freed: BTreeSet<BreakoutId>,
    /// Owners of destroyed breakouts: the state no longer names them.
    pub(crate) destroyed_owners: BTreeSet<ParticipantId>,
    /// Returning is not allowed from now on.
    #[serde(skip)]
    pub(crate) confined: bool,
    /// Former owners, with the breakouts they lost.
    pub(crate) disowned: Vec<(ParticipantId, BreakoutId)>,
    /// The author of a scheduled command that a timer carried out.
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) author: Option<Actor>,
    /// Intercoms that the turn changes, as they were before it.
    #[serde(skip)]
    pub(crate) intercoms: BTreeMap<ParticipantId, Option<Intercom>>,
}

/// A participant's move to another group.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct GroupMove {
    pub(crate) participant: ParticipantId,
    pub(crate) from: Option<GroupId>,
    pub(crate) to: Option<GroupId>,
    pub(crate) cause: MoveCause,
}

impl Effects {
    /// Removes texts, and everything that only the table needs: the rest is told again after a restart.
    pub(crate) fn keep_for_journal(&mut self) {
        self.events.retain(|event| !event.is_text());
        self.touched.clear();
        self.freed.clear();
        self.intercoms.clear();
        (self.everyone, self.rounds, self.confined) = (false, 0, false);
    }
}

impl CommandRun<'_> {
    pub(crate) fn tell(&mut self, event: EventKind) {
        self.effects.events.push(event);
    }

    /// True if a command is replayed that was accepted under rules older than `rules`.
    pub(crate) fn replays_older_than(&self, rules: Rules) -> bool {
        self.replays.is_some_and(|accepted| accepted < rules)
    }

    /// Puts `participant` into the group `to`. That there is room, and that it may, is checked before.
    pub(crate) fn place(
        &mut self,
        participant: ParticipantId,
        to: GroupId,
        cause: MoveCause,
        stream: Option<KindSet>,
    ) {
        let pauses = self.state.settings().breakouts.parent_while_away == ParentWhileAway::Paused;
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        let from = one.group;
        if from == to {
            return;
        }
        one.group = to;
        one.stream = stream.unwrap_or(KindSet::ALL);
        if to == GroupId::Parent {
            one.paused_by_joining = false;
            match cause {
                MoveCause::Cleared | MoveCause::Closed | MoveCause::TimeUp | MoveCause::Rotated => {
                    one.gate.paused = false;
                }
                MoveCause::Destroyed => one.gate = ParentGate::default(),
                _ => {}
            }
        } else if from == GroupId::Parent && pauses {
            one.paused_by_joining = true;
        }
        let hears_itself = one.listening.is_some() && one.listening == to.breakout();
        if let Some(breakout) = from.breakout() {
            self.take_out(participant, breakout);
        }
        if let Some(breakout) = to.breakout() {
            self.put_in(participant, breakout);
        }
        if hears_itself {
            self.stop_listening(participant);
        }
        self.end_help(participant);
        if let Some(breakout) = to.breakout() {
            self.end_invitations(participant, breakout);
        }
        self.effects.touched.insert(participant);
        self.effects.placed.push(GroupMove {
            participant,
            from: Some(from),
            to: Some(to),
            cause,
        });
    }

    /// A call for help ends when its author goes elsewhere.
    fn end_help(&mut self, participant: ParticipantId) {
        if let Some(request) = self.state.help.remove(&participant) {
            self.tell(EventKind::HelpAnswered {
                participant,
                group: request.group,
                by: self.actor,
                note: String::new(),
            });
        }
    }

    fn take_out(&mut self, participant: ParticipantId, from: BreakoutId) {
        if let Some(breakout) = self.state.breakouts.derived_mut(&from) {
            breakout.members.remove(&participant);
            self.effects.selectable |= breakout.is_shown();
            self.effects.changed.insert(from);
            self.effects.freed.insert(from);
        }
    }

    fn put_in(&mut self, participant: ParticipantId, to: BreakoutId) {
        if let Some(breakout) = self.state.breakouts.derived_mut(&to) {
            breakout.members.insert(participant);
            self.effects.selectable |= breakout.is_shown();
            self.effects.changed.insert(to);
        }
        if let Some(one) = self.state.participants.get(&participant) {
            self.state.waiting.remove(&(to, one.identity.clone()));
        }
    }

    /// Returns all members, and remembers their round.
    pub(crate) fn return_all(&mut self, breakouts: &[BreakoutId], cause: MoveCause) {
        self.remember_round();
        self.release_places(breakouts);
        for id in breakouts {
            let Some(breakout) = self.state.breakouts.get(id) else {
                continue;
            };
            for member in breakout.members.clone() {
                self.place(member, GroupId::Parent, cause, None);
            }
        }
    }

    /// Keeps the groups of the present round, so that shuffling can avoid them later.
    pub(crate) fn remember_round(&mut self) {
        let mut round = BTreeMap::new();
        for (id, breakout) in &self.state.breakouts {
            if breakout.members.len() >= 2 {
                round.extend(breakout.members.iter().map(|member| (*member, *id)));
            }
        }
        if round.is_empty() || self.state.rounds.back() == Some(&round) {
            return;
        }
        self.state.keep_round(round);
        self.effects.rounds += 1;
    }

    pub(crate) fn assign(&mut self, identity: &str, breakout: Option<BreakoutId>) {
        let before = match breakout {
            Some(id) => self.state.assignments.insert(identity.to_owned(), id),
            None => self.state.assignments.remove(&identity.to_owned()),
        };
        if before == breakout {
            return;
        }
        self.effects.changed.extend(before);
        self.effects.changed.extend(breakout);
        if let Some(before) = before {
            self.wait_unless_asked(before, identity);
        }
        if let Some(participant) = self.state.identities.get(identity) {
            self.effects.reassigned.insert(*participant);
        }
    }

    pub(crate) fn stop_listening(&mut self, participant: ParticipantId) {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        one.follows = false;
        if let Some(breakout) = one.listening.take() {
            self.effects.touched.insert(participant);
            let announced = self.state.settings().breakouts.announce_presence;
            self.tell(EventKind::ListeningStopped {
                participant,
                breakout,
                announced,
            });
        }
    }

    /// Stops what `participant` no longer has the power for.
    pub(crate) fn withdraw_powers(&mut self, participant: ParticipantId) {
        let actor = Actor::Participant(participant);
        if !self.state.has_power(actor, Power::ListenIn) {
            self.stop_listening(participant);
        }
        if !self.state.has_power(actor, Power::AddressAll) {
            self.stop_addressing(participant);
        }
        let runs = [Power::CreateBreakouts, Power::CreateSideRooms];
        let [rooms, side_rooms] = runs.map(|power| self.state.has_power(actor, power));
        if !rooms {
            self.pass_on(participant, |it| !it.side || !side_rooms);
        }
    }

    /// Rule 15: the breakouts of an owner who goes pass to the moderator with the grant to run them who is
    /// here for the longest.
    pub(crate) fn pass_ownership(&mut self, from: ParticipantId) {
        self.pass_on(from, |_| true);
    }

    /// Gives those breakouts of an owner that `which` names to their heir.
    fn pass_on(&mut self, from: ParticipantId, which: impl Fn(&Breakout) -> bool) {
        let mut breakouts = self.state.breakouts.values();
        if !breakouts.any(|breakout| breakout.owner == Some(from) && which(breakout)) {
            return;
        }
        let heir = self.heir_of(from);
        self.give_breakouts(from, heir, which);
    }

    /// The moderator with the grant to run breakouts who is here for the longest.
    pub(crate) fn heir_of(&self, from: ParticipantId) -> Option<ParticipantId> {
        self.state
            .participants
            .iter()
            .filter(|(id, one)| **id != from && one.is_moderator())
            .filter(|(_, one)| one.grants.allows(Power::CreateBreakouts))
            .min_by_key(|(id, one)| (!one.is_connected(), **id))
            .map(|(id, _)| *id)
    }

    /// Passes the ownership of breakouts of `from` to `to`.
    fn give_breakouts(
        &mut self,
        from: ParticipantId,
        to: Option<ParticipantId>,
        which: impl Fn(&Breakout) -> bool,
    ) {
        let owned = self.state.breakouts.iter();
        let owned: Vec<BreakoutId> = owned
            .filter(|(_, it)| it.owner == Some(from) && it.owner != to && which(it))
            .map(|(id, _)| *id)
            .collect();
        for id in owned {
            if let Some(breakout) = self.state.breakouts.get_mut(&id) {
                breakout.owner = to;
                breakout.orphaned = to.is_none();
                self.effects.selectable |= breakout.is_shown();
                self.effects.changed.insert(id);
                self.effects.announced.insert(id);
                self.effects.disowned.push((from, id));
            }
        }
    }

    /// Removes a participant for good.
    pub(crate) fn remove(&mut self, participant: ParticipantId, reason: LeaveReason) {
        self.stop_listening(participant);
        self.stop_addressing(participant);
        self.stop_reply(participant);
        self.state.walls.remove(&participant);
        self.pass_ownership(participant);
        self.hold_place(participant);
        self.forget_invitations(participant);
        let Some(one) = self.state.participants.remove(&participant) else {
            return;
        };
        if let Some(until) = one.dropped {
            self.state.expiries.remove(&(until, participant));
        }
        self.state.identities.remove(&one.identity);
        self.state.help.remove(&participant);
        if let Some(breakout) = one.group.breakout() {
            self.take_out(participant, breakout);
        }
        self.effects.touched.insert(participant);
        self.effects.placed.push(GroupMove {
            participant,
            from: Some(one.group),
            to: None,
            cause: MoveCause::LeftRoom,
        });
        self.tell(EventKind::ParticipantLeft {
            participant,
            reason,
        });
    }

    /// A seed of the room's own.
    pub(crate) fn draw_seed(&mut self) -> u64 {
        self.state.draws += 1;
        let mut chance = crate::chance::Chance::new(self.state.config.seed ^ self.state.draws);
        chance.bits()
    }
}
