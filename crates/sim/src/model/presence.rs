//! Rules 19 to 24: intercoms and answers, doors and knocks, side rooms, scheduled commands.

use std::collections::BTreeSet;

use sideroom_control::{
    Actor, Addressed, Command, CreateBreakouts, CreateSideRoom, Door, IfLate, KindSet, MoveCause,
    Outcome, OwnGroup, ScheduleId, StartIntercom, Timer,
};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::Model;
use crate::step::{Violation, ensure};

/// How long a knock lasts.
const KNOCK_MS: u64 = 60_000;

/// Somebody speaks by an intercom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Speech {
    /// `None`: to everybody.
    pub(crate) to: Option<(BTreeSet<GroupId>, BTreeSet<ParticipantId>)>,
    pub(crate) kinds: KindSet,
    pub(crate) suspends: bool,
    pub(crate) asks: bool,
    pub(crate) until: Option<u64>,
}

/// A command that waits for its time.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) at: u64,
    if_late: IfLate,
    pub(crate) by: Actor,
    command: Command,
}

impl Speech {
    fn new(start: &StartIntercom, now: u64) -> Self {
        Self {
            to: match &start.to {
                Addressed::All => None,
                Addressed::Some { groups, people } => Some((groups.clone(), people.clone())),
            },
            kinds: start.kinds,
            suspends: start.own_group == OwnGroup::Suspend,
            asks: start.allow_reply,
            until: start.limit_ms.map(|limit| now + u64::from(limit)),
        }
    }

    /// Without more than an announcement has.
    pub(crate) fn is_plain(&self) -> bool {
        self.to.is_none() && !self.suspends && !self.asks && self.until.is_none()
    }

    pub(crate) fn addresses(&self, id: ParticipantId, group: GroupId) -> bool {
        match &self.to {
            None => true,
            Some((groups, people)) => groups.contains(&group) || people.contains(&id),
        }
    }
}

impl Model {
    pub(super) fn follow_presence(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::StartIntercom { participant, start } => {
                self.speak(*participant, Speech::new(start, self.clock))
            }
            Command::StopIntercom { participant } => {
                self.speeches.remove(participant);
                Ok(())
            }
            Command::StartReply {
                participant,
                speaker,
            } => {
                ensure(self.may_answer(*participant, *speaker), "intercom", || {
                    format!("{participant} answers {speaker}")
                })?;
                self.answers.insert(*participant, *speaker);
                let count = self.answers.len();
                ensure(count <= 16, "limits", || format!("{count} answer"))
            }
            Command::StopReply { participant } => {
                self.answers.remove(participant);
                Ok(())
            }
            Command::Knock {
                participant,
                breakout,
            } => self.knock(*participant, *breakout),
            Command::StopKnocking {
                participant,
                breakout,
            } => {
                self.knocks.remove(&(*breakout, *participant));
                Ok(())
            }
            Command::AnswerKnock {
                participant,
                breakout,
                admit,
            } => self.answer_knock(*participant, *breakout, *admit),
            Command::CreateSideRoom(side) => self.create_side_room(side, outcome),
            _ => self.follow_schedules(actor, command, outcome),
        }
    }

    pub(super) fn speak(&mut self, id: ParticipantId, speech: Speech) -> Result<(), Violation> {
        self.named(id)?;
        if let Some((groups, people)) = &speech.to {
            let gone = groups.iter().filter_map(|group| group.breakout());
            let gone = gone.filter(|id| !self.breakouts.contains_key(id)).count();
            let away = people.iter().filter(|one| self.person(**one).is_none());
            let empty = groups.is_empty() && people.is_empty();
            let right = gone == 0 && away.count() == 0 && !empty;
            ensure(right, "intercom", || format!("{id} addresses {speech:?}"))?;
        }
        self.speeches.insert(id, speech);
        let all = self.speeches.values().filter(|it| it.to.is_none()).count();
        let count = self.speeches.len();
        ensure(all <= 4 && count <= 16, "limits", || {
            format!("{count} speak by intercom, {all} to all")
        })
    }

    fn may_answer(&self, id: ParticipantId, speaker: ParticipantId) -> bool {
        let (Some(one), Some(speech)) = (self.person(id), self.speeches.get(&speaker)) else {
            return false;
        };
        speech.asks && id != speaker && speech.addresses(id, one.group)
    }

    /// Intercoms lose the groups and people that are gone, and answers end with what they answer.
    pub(super) fn keep_speeches(&mut self) {
        let here: BTreeSet<ParticipantId> = self.people.iter().map(|one| one.id).collect();
        let breakouts = &self.breakouts;
        self.speeches.retain(|speaker, speech| {
            if let Some((groups, people)) = &mut speech.to {
                groups.retain(|group| {
                    let id = group.breakout();
                    id.is_none_or(|id| breakouts.contains_key(&id))
                });
                people.retain(|one| here.contains(one));
                if groups.is_empty() && people.is_empty() {
                    return false;
                }
            }
            here.contains(speaker)
        });
        let answers = std::mem::take(&mut self.answers);
        let left = answers.into_iter();
        let left = left.filter(|(id, speaker)| self.may_answer(*id, *speaker));
        self.answers = left.collect();
    }

    fn knock(&mut self, id: ParticipantId, breakout: BreakoutId) -> Result<(), Violation> {
        let one = *self.named(id)?;
        let to = self.breakout(breakout)?;
        let takes = to.open && to.door == Door::Knocking;
        ensure(takes && one.group == GroupId::Parent, "doors", || {
            format!("{id} in {} knocks at {breakout}", one.group)
        })?;
        if !self.knocks.contains_key(&(breakout, id)) {
            self.knocks.retain(|(_, who), _| *who != id);
            self.knocks.insert((breakout, id), self.clock + KNOCK_MS);
        }
        Ok(())
    }

    fn answer_knock(
        &mut self,
        id: ParticipantId,
        breakout: BreakoutId,
        admit: bool,
    ) -> Result<(), Violation> {
        let known = self.knocks.remove(&(breakout, id)).is_some();
        ensure(known, "doors", || {
            format!("{id} did not knock at {breakout}")
        })?;
        if admit {
            let media = self.breakout(breakout)?.media;
            let to = GroupId::Breakout(breakout);
            self.place(id, to, (MoveCause::Joined, Some(media)))?;
        }
        Ok(())
    }

    /// Those who wait at a door are in the parent, and the door is one to knock at.
    pub(super) fn keep_knocks(&mut self) {
        let people = &self.people;
        let breakouts = &self.breakouts;
        self.knocks.retain(|(at, who), _| {
            let one = people.iter().find(|one| one.id == *who);
            let waits = one.is_some_and(|one| one.group == GroupId::Parent);
            let door = breakouts.get(at);
            waits && door.is_some_and(|it| it.open && it.door == Door::Knocking)
        });
    }

    pub(super) fn expire_knock(
        &mut self,
        breakout: BreakoutId,
        id: ParticipantId,
    ) -> Result<(), Violation> {
        let until = self.knocks.remove(&(breakout, id));
        ensure(
            until.is_some_and(|until| until <= self.clock),
            "timers",
            || {
                format!(
                    "a knock of {id} at {breakout} ended: {until:?}, it is {}",
                    self.clock
                )
            },
        )
    }

    pub(super) fn expire_speech(&mut self, id: ParticipantId) -> Result<(), Violation> {
        let until = self.speeches.remove(&id).and_then(|speech| speech.until);
        ensure(
            until.is_some_and(|until| until <= self.clock),
            "timers",
            || {
                format!(
                    "the intercom of {id} ended: {until:?}, it is {}",
                    self.clock
                )
            },
        )
    }

    fn create_side_room(
        &mut self,
        side: &CreateSideRoom,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        let id = side.participant;
        let one = *self.named(id)?;
        let others = self.breakouts.values().filter(|it| it.side);
        let second = others.filter(|it| it.owner == Some(id)).count() > 0;
        ensure(
            one.group == GroupId::Parent && !second,
            "side rooms",
            || format!("{id} in {} makes one", one.group),
        )?;
        let largest = u32::from(self.settings.largest_capacity());
        let create = CreateBreakouts {
            participants: Some(side.capacity.unwrap_or(largest)),
            count: 1,
            names: Vec::new(),
            media: side.media,
            open: true,
            auto_move: false,
            self_select: false,
            door: side.door,
        };
        let created = self.create(Actor::Participant(id), &create, outcome)?;
        for breakout in created {
            self.breakout(breakout)?.side = true;
            let to = GroupId::Breakout(breakout);
            self.place(id, to, (MoveCause::Joined, Some(side.media)))?;
            let invited: BTreeSet<ParticipantId> = side.invite.iter().copied().collect();
            for invitee in invited {
                let number = self.named(invitee)?.identity;
                self.ask(number, breakout)?;
                self.wait(breakout, number);
            }
        }
        Ok(())
    }

    /// A side room that the last one has left is gone, unless it was cleared or closed.
    pub(super) fn close_empty_side_rooms(
        &mut self,
        command: &Command,
        before: &BTreeSet<(ParticipantId, BreakoutId)>,
    ) {
        let keeps = matches!(
            command,
            Command::Clear(_)
                | Command::Close(_)
                | Command::Timer(Timer::End | Timer::BreakoutEnd(_))
        );
        if keeps {
            return;
        }
        let now = self.inside();
        let left: BTreeSet<BreakoutId> = before.difference(&now).map(|(_, from)| *from).collect();
        let empty = left.into_iter().filter(|id| {
            let side = self.breakouts.get(id).is_some_and(|it| it.side);
            side && self.members(*id).is_empty()
        });
        let empty: Vec<BreakoutId> = empty.collect();
        if !empty.is_empty() {
            self.take_away(&empty);
        }
    }

    fn follow_schedules(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::Schedule {
                at,
                if_late,
                command,
            } => {
                let Outcome::Scheduled { schedule } = outcome else {
                    return Err(Violation::new("answer", format!("{outcome:?}")));
                };
                ensure(at.0 > self.clock, "schedules", || {
                    "it is in the past".into()
                })?;
                let waiting = Waiting {
                    at: at.0,
                    if_late: *if_late,
                    by: actor,
                    command: Command::clone(command),
                };
                let before = self.schedules.insert(schedule.schedule, waiting);
                ensure(before.is_none(), "ids", || {
                    format!("{:?}", schedule.schedule)
                })
            }
            Command::ChangeSchedule {
                schedule,
                at,
                if_late,
            } => {
                let held = self.waiting_command(*schedule)?;
                held.at = at.map_or(held.at, |at| at.0);
                held.if_late = if_late.unwrap_or(held.if_late);
                Ok(())
            }
            Command::CancelSchedule { schedule } => {
                self.waiting_command(*schedule)?;
                self.schedules.remove(schedule);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn waiting_command(&mut self, id: ScheduleId) -> Result<&mut Waiting, Violation> {
        let held = self.schedules.get_mut(&id);
        held.ok_or_else(|| Violation::new("unknown", format!("there is no {id:?}")))
    }

    /// A scheduled command's time has come: it is followed as a command of its author, unless it failed.
    /// Answers with the author and the command that failed.
    pub(crate) fn run_schedule(
        &mut self,
        id: ScheduleId,
        outcome: &Outcome,
        failed: bool,
    ) -> Result<Option<(Actor, Command)>, Violation> {
        let held = self.waiting_command(id)?.clone();
        self.schedules.remove(&id);
        ensure(held.at <= self.clock, "schedules", || {
            format!("{held:?} was early, it is {}", self.clock)
        })?;
        let late = self.clock - held.at;
        let in_time = match held.if_late {
            IfLate::Always => true,
            IfLate::Within(ms) => late <= u64::from(ms),
        };
        ensure(in_time || failed, "schedules", || {
            format!("{held:?} was {late} ms late")
        })?;
        let author = match held.by {
            Actor::Participant(id) if self.person(id).is_none() => {
                self.heir(id).map_or(held.by, Actor::Participant)
            }
            by => by,
        };
        if !failed {
            self.follow(author, &held.command, outcome)?;
            return Ok(None);
        }
        Ok(in_time.then_some((author, held.command)))
    }
}
