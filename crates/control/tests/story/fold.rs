//! The room as a client knows it: a view that is kept up to date by the participant's events alone, as an SDK
//! does. The room is never asked.

use std::collections::BTreeMap;

use sideroom_control::*;
use sideroom_route::*;

pub struct Account {
    pub me: ParticipantId,
    pub view: RoomView,
    /// The participant has another role: their client takes a fresh snapshot.
    pub outdated: bool,
}

impl Account {
    pub fn new(me: ParticipantId, view: RoomView) -> Self {
        Self {
            me,
            view,
            outdated: false,
        }
    }

    fn person(&mut self, id: ParticipantId) -> Option<&mut ParticipantView> {
        let mut people = self.view.participants.iter_mut();
        people.find(|one| one.participant == id)
    }

    fn myself(&self) -> &ParticipantView {
        let mut people = self.view.participants.iter();
        people.find(|one| one.participant == self.me).unwrap()
    }

    fn moderates(&self) -> bool {
        self.myself().role == Role::Moderator
    }

    fn listens_in(&self, breakout: BreakoutId) -> bool {
        self.view.listening.contains(&(self.me, breakout))
    }

    fn is_near(&self, breakout: BreakoutId) -> bool {
        self.myself().group == GroupId::Breakout(breakout) || self.listens_in(breakout)
    }

    pub fn fold(&mut self, event: &Event) {
        let at = event.at;
        let event = &event.kind;
        match event {
            EventKind::RoleChanged { participant, .. } if *participant == self.me => {
                self.outdated = true;
            }
            EventKind::ParticipantJoined { .. }
            | EventKind::ParticipantDropped { .. }
            | EventKind::ParticipantReconnected { .. }
            | EventKind::ParticipantLeft { .. }
            | EventKind::RoleChanged { .. }
            | EventKind::GrantsChanged { .. }
            | EventKind::Renamed { .. } => self.fold_person(event),
            EventKind::TrackPublished { .. }
            | EventKind::TrackUnpublished { .. }
            | EventKind::MuteChanged { .. } => self.fold_track(event),
            EventKind::Placed { .. }
            | EventKind::MembersChanged { .. }
            | EventKind::AwayChanged { .. } => self.fold_place(event),
            EventKind::ListeningStarted { .. } | EventKind::ListeningStopped { .. } => {
                self.fold_listening(event);
            }
            EventKind::BreakoutsCreated { .. }
            | EventKind::BreakoutChanged { .. }
            | EventKind::BreakoutDetailsChanged { .. }
            | EventKind::InvitationChanged { .. }
            | EventKind::InvitationsVoid { .. }
            | EventKind::BreakoutsDestroyed { .. }
            | EventKind::SelectableBreakouts { .. }
            | EventKind::Assigned { .. }
            | EventKind::Invited { .. }
            | EventKind::InvitationEnded { .. }
            | EventKind::OwnershipLost { .. } => self.fold_breakout(event),
            EventKind::HelpAsked { .. } | EventKind::HelpAnswered { .. } => {
                self.fold_help(event, at);
            }
            _ => self.fold_room(event),
        }
    }

    fn fold_person(&mut self, event: &EventKind) {
        match event {
            EventKind::ParticipantJoined { participant } => {
                self.view.participants.push(*participant.clone());
            }
            EventKind::ParticipantDropped { participant, .. } => {
                self.person(*participant).unwrap().dropped = true;
            }
            EventKind::ParticipantReconnected { participant } => {
                self.person(*participant).unwrap().dropped = false;
            }
            EventKind::ParticipantLeft { participant, .. } => {
                let gone = *participant;
                self.view.participants.retain(|one| one.participant != gone);
                self.view.help.retain(|request| request.participant != gone);
            }
            EventKind::RoleChanged { participant, role } => {
                self.person(*participant).unwrap().role = *role;
            }
            EventKind::GrantsChanged {
                participant,
                grants,
            } => self.person(*participant).unwrap().grants = Some(*grants),
            EventKind::Renamed {
                participant,
                display_name,
            } => {
                let one = self.person(*participant).unwrap();
                one.display_name.clone_from(display_name);
            }
            _ => unreachable!(),
        }
    }

    fn fold_track(&mut self, event: &EventKind) {
        match event {
            EventKind::TrackPublished {
                participant, track, ..
            } => {
                let tracks = &mut self.person(*participant).unwrap().tracks;
                tracks.retain(|known| known.kind != track.kind);
                tracks.push(*track);
                tracks.sort_by_key(|track| track.kind);
            }
            EventKind::TrackUnpublished {
                participant, kind, ..
            } => {
                let tracks = &mut self.person(*participant).unwrap().tracks;
                tracks.retain(|known| known.kind != *kind);
            }
            EventKind::MuteChanged {
                participant,
                by_self,
                by_moderator,
                ..
            } => {
                for track in &mut self.person(*participant).unwrap().tracks {
                    track.muted_by_self = by_self.contains(track.kind);
                    track.muted_by_moderator = by_moderator.contains(track.kind);
                }
            }
            _ => unreachable!(),
        }
    }

    fn fold_place(&mut self, event: &EventKind) {
        match event {
            EventKind::Placed {
                participant,
                from,
                to,
                breakout,
                gate,
                ..
            } => {
                let one = self.person(*participant).unwrap();
                (one.group, one.away) = (*to, *to != GroupId::Parent);
                if *participant == self.me {
                    self.view.gate = Some(*gate);
                    let (me, moderates) = (self.me, self.moderates());
                    self.view.knocks.retain(|one| {
                        moderates || one.participant == me || Some(one.breakout) != from.breakout()
                    });
                    self.lose_sight(from.breakout());
                    self.describe_inside(breakout.as_deref());
                }
            }
            EventKind::MembersChanged {
                breakout,
                joined,
                left,
                people,
                listeners,
            } => {
                self.meet(people);
                for listener in listeners {
                    self.listening(*listener, *breakout);
                }
                for id in left {
                    self.hide(*id, *breakout);
                }
                let mut shown = self.view.breakouts.iter_mut();
                if let Some(shown) = shown.find(|one| one.summary.breakout == *breakout) {
                    shown.members.retain(|member| !left.contains(member));
                    shown.members.extend(joined);
                    shown.members.sort_unstable();
                    shown.members.dedup();
                    shown.summary.occupancy = u16::try_from(shown.members.len()).unwrap();
                }
            }
            EventKind::AwayChanged { away, people, .. } => {
                self.meet(people);
                for id in away {
                    let one = self.person(*id).unwrap();
                    one.away = true;
                    // The new place is unknown: out of sight.
                    if one.group == GroupId::Parent {
                        one.tracks.clear();
                    }
                }
            }
            _ => unreachable!(),
        }
    }

    fn fold_listening(&mut self, event: &EventKind) {
        match event {
            EventKind::ListeningStarted {
                participant,
                breakout,
                people,
                listeners,
                ..
            } => {
                for listener in listeners {
                    self.listening(*listener, breakout.summary.breakout);
                }
                self.listening(*participant, breakout.summary.breakout);
                if *participant == self.me {
                    self.describe_inside(Some(breakout));
                    self.meet(people);
                }
            }
            EventKind::ListeningStopped {
                participant,
                breakout,
                ..
            } => {
                let stopped = (*participant, *breakout);
                self.view.listening.retain(|known| *known != stopped);
                if *participant == self.me {
                    self.lose_sight(Some(*breakout));
                }
            }
            _ => unreachable!(),
        }
    }

    fn listening(&mut self, participant: ParticipantId, breakout: BreakoutId) {
        self.view.listening.retain(|known| known.0 != participant);
        self.view.listening.push((participant, breakout));
        self.view.listening.sort_unstable();
    }

    /// Adds people who are near, in their present state. Their grants come apart from that.
    fn meet(&mut self, people: &[ParticipantView]) {
        for now in people {
            let known = self.person(now.participant).unwrap();
            let grants = known.grants;
            *known = now.clone();
            known.grants = grants;
        }
    }

    /// A participant left a breakout: only moderators see where to.
    fn hide(&mut self, id: ParticipantId, from: BreakoutId) {
        let moderates = self.moderates();
        let left = |one: &&mut ParticipantView| one.group == GroupId::Breakout(from);
        if let Some(one) = self.person(id).filter(left)
            && !moderates
        {
            one.group = GroupId::Parent;
            one.tracks.clear();
        }
    }

    /// The participant is not near a breakout any more.
    fn lose_sight(&mut self, of: Option<BreakoutId>) {
        let Some(breakout) = of else {
            return;
        };
        if self.moderates() || self.is_near(breakout) {
            return;
        }
        let me = self.me;
        let people: Vec<_> = self
            .view
            .participants
            .iter()
            .map(|one| one.participant)
            .collect();
        for id in people.into_iter().filter(|id| *id != me) {
            self.hide(id, breakout);
        }
        let listeners = &mut self.view.listening;
        listeners.retain(|(listener, where_)| *where_ != breakout || *listener == me);
        let breakouts = &mut self.view.breakouts;
        breakouts.retain(|one| one.summary.breakout != breakout || one.owner == Some(me));
    }

    fn describe(&mut self, now: Option<&BreakoutView>) {
        let Some(now) = now else {
            return;
        };
        let known = &mut self.view.breakouts;
        known.retain(|one| one.summary.breakout != now.summary.breakout);
        known.push(now.clone());
        known.sort_by_key(|one| one.summary.breakout);
        self.resume(&now.summary);
    }

    /// The view of those inside: invitees and assignees are left out, and stay as they were.
    fn describe_inside(&mut self, now: Option<&BreakoutView>) {
        let Some(mut now) = now.cloned() else {
            return;
        };
        let mut known = self.view.breakouts.iter();
        if let Some(known) = known.find(|one| one.summary.breakout == now.summary.breakout) {
            now.assigned.clone_from(&known.assigned);
            now.invited.clone_from(&known.invited);
        }
        self.describe(Some(&now));
    }

    /// A newer account of a breakout, wherever it is shown.
    fn resume(&mut self, now: &BreakoutSummary) {
        let assigned = self.view.assigned.iter_mut();
        let invited = self
            .view
            .invitations
            .iter_mut()
            .map(|one| &mut one.breakout);
        for known in assigned.chain(invited) {
            if known.breakout == now.breakout {
                *known = now.clone();
            }
        }
    }

    fn fold_breakout(&mut self, event: &EventKind) {
        match event {
            EventKind::BreakoutsCreated { breakouts } => {
                for breakout in breakouts {
                    self.describe(Some(breakout));
                }
            }
            EventKind::BreakoutChanged { breakout } => self.describe(Some(breakout)),
            EventKind::BreakoutDetailsChanged { breakout } => self.describe_inside(Some(breakout)),
            EventKind::InvitationChanged { breakout, .. } => self.resume(breakout),
            EventKind::OwnershipLost { breakout, .. } => {
                let id = breakout.breakout;
                if !self.moderates() && !self.is_near(id) {
                    self.view.breakouts.retain(|one| one.summary.breakout != id);
                } else if !self.moderates()
                    && let Some(known) = self
                        .view
                        .breakouts
                        .iter_mut()
                        .find(|one| one.summary.breakout == id)
                {
                    known.assigned.clear();
                    known.invited.clear();
                }
            }
            EventKind::InvitationsVoid { breakouts, .. } => self.forget(breakouts),
            EventKind::BreakoutsDestroyed { breakouts, .. } => self.forget(breakouts),
            EventKind::SelectableBreakouts { breakouts } => {
                self.view.selectable.clone_from(breakouts);
            }
            EventKind::Assigned { breakout, .. } => {
                self.view.assigned = breakout.as_deref().cloned();
                if let Some(breakout) = breakout {
                    self.resume(breakout);
                }
            }
            EventKind::Invited {
                participant,
                breakout,
                requestor,
                ..
            } => {
                if *participant == self.me {
                    let known = &mut self.view.invitations;
                    known.retain(|one| one.breakout.breakout != breakout.breakout);
                    known.push(InvitationView {
                        breakout: *breakout.clone(),
                        requestor: *requestor,
                    });
                    known.sort_by_key(|one| one.breakout.breakout);
                }
            }
            EventKind::InvitationEnded {
                participant,
                breakout,
                ..
            } => {
                if *participant == self.me {
                    let known = &mut self.view.invitations;
                    known.retain(|one| one.breakout.breakout != *breakout);
                }
            }
            _ => unreachable!(),
        }
    }

    fn forget(&mut self, gone: &[BreakoutId]) {
        let is_gone = |id: &BreakoutId| gone.contains(id);
        self.view
            .breakouts
            .retain(|one| !is_gone(&one.summary.breakout));
        self.view
            .invitations
            .retain(|one| !is_gone(&one.breakout.breakout));
    }

    fn fold_room(&mut self, event: &EventKind) {
        match event {
            EventKind::RoomChanged { settings } => self.view.settings = *settings.clone(),
            EventKind::Draining(draining) => self.view.draining = *draining,
            EventKind::BreakoutSettingsChanged { settings } => {
                self.view.settings.breakouts = *settings.clone();
                let (me, moderates) = (self.me, self.moderates());
                if !settings.announce_presence && !moderates {
                    self.view.listening.retain(|(listener, _)| *listener == me);
                }
            }
            EventKind::GateChanged { participant, gate } if *participant == self.me => {
                self.view.gate = Some(*gate);
            }
            EventKind::RoomGateChanged { gate } => self.view.room_gate = *gate,
            EventKind::AddressAllStarted { participant, kinds } => {
                self.view.addressing.retain(|known| known.0 != *participant);
                self.view.addressing.push((*participant, *kinds));
                self.view.addressing.sort_by_key(|known| known.0);
            }
            EventKind::AddressAllStopped { participant } => {
                self.view.addressing.retain(|known| known.0 != *participant);
            }
            EventKind::IntercomChanged { intercom }
            | EventKind::IntercomEntered { intercom, .. } => {
                let all = &mut self.view.intercoms;
                all.retain(|known| known.participant != intercom.participant);
                all.push(*intercom.clone());
                all.sort_by_key(|known| known.participant);
            }
            EventKind::IntercomStopped { participant, .. } => self.forget_intercom(*participant),
            EventKind::IntercomLeft { speaker, .. } => self.forget_intercom(*speaker),
            EventKind::Knocked { knock } => self.hear_knocks(&[*knock]),
            EventKind::KnocksHeard { knocks, .. } => self.hear_knocks(knocks),
            EventKind::KnockEnded {
                participant,
                breakout,
                ..
            } => {
                let over = |known: &KnockView| {
                    (known.participant, known.breakout) == (*participant, *breakout)
                };
                self.view.knocks.retain(|known| !over(known));
            }
            EventKind::RoomClosed => {
                self.view.knocks.clear();
                self.view.schedules.clear();
                self.view.rotation = None;
            }
            _ => self.fold_plans(event),
        }
    }

    /// Schedules, rotations and arrangements.
    fn fold_plans(&mut self, event: &EventKind) {
        match event {
            EventKind::Scheduled { schedule } => {
                let all = &mut self.view.schedules;
                all.retain(|known| known.schedule != schedule.schedule);
                all.push(*schedule.clone());
                all.sort_by_key(|known| known.schedule);
            }
            EventKind::ScheduleEnded { schedule, .. }
            | EventKind::ScheduleFailed { schedule, .. } => {
                let all = &mut self.view.schedules;
                all.retain(|known| known.schedule != schedule.schedule);
            }
            EventKind::RotationChanged { rotation } => {
                let known = self.view.rotation.take();
                let mut next = rotation.clone();
                if let Some(known) = known {
                    next.ahead = known.ahead;
                    (next.repeats, next.seed) = (known.repeats, known.seed);
                }
                self.view.rotation = Some(next);
            }
            EventKind::RotationPlanned {
                ahead,
                repeats,
                seed,
            } => {
                if let Some(known) = &mut self.view.rotation {
                    known.ahead.clone_from(ahead);
                    (known.repeats, known.seed) = (*repeats, *seed);
                }
            }
            EventKind::RotationEnded { .. } => self.view.rotation = None,
            EventKind::ArrangementSaved { arrangement } => {
                let all = &mut self.view.arrangements;
                all.retain(|known| known.name != arrangement.name);
                all.push(arrangement.clone());
                all.sort();
            }
            EventKind::ArrangementRemoved { name } => {
                self.view.arrangements.retain(|known| known.name != *name);
            }
            _ => {}
        }
    }

    fn forget_intercom(&mut self, speaker: ParticipantId) {
        let all = &mut self.view.intercoms;
        all.retain(|known| known.participant != speaker);
    }

    fn hear_knocks(&mut self, knocks: &[KnockView]) {
        let key = |known: &KnockView| (known.breakout, known.participant);
        let all = &mut self.view.knocks;
        all.retain(|known| !knocks.iter().any(|knock| key(knock) == key(known)));
        all.extend(knocks);
        all.sort_by_key(key);
    }

    fn fold_help(&mut self, event: &EventKind, at: UnixMillis) {
        let help = &mut self.view.help;
        match event {
            EventKind::HelpAsked {
                participant,
                group,
                note,
            } => {
                help.retain(|request| request.participant != *participant);
                help.push(HelpRequest {
                    participant: *participant,
                    group: *group,
                    note: note.clone(),
                    at,
                });
                help.sort_by_key(|request| request.participant);
            }
            EventKind::HelpAnswered { participant, .. } => {
                help.retain(|request| request.participant != *participant);
            }
            _ => unreachable!(),
        }
    }
}

/// All participants' own accounts.
#[derive(Default)]
pub struct Accounts {
    accounts: BTreeMap<ParticipantId, Account>,
}

impl Accounts {
    /// Delivers the events to everybody, and compares their accounts with a fresh view.
    pub fn follow(&mut self, room: &Room) {
        let present: Vec<ParticipantId> = room.participants().collect();
        self.accounts.retain(|id, _| present.contains(id));
        for id in present {
            let fresh = room.view(Viewer::Participant(id)).unwrap();
            let known = self.accounts.entry(id);
            let account = known.or_insert_with(|| Account::new(id, fresh.clone()));
            let mut told = Vec::new();
            match room.events_after(Viewer::Participant(id), account.view.seq) {
                Ok(events) => {
                    events.iter().for_each(|event| account.fold(event));
                    told = events;
                }
                Err(_) => account.outdated = true,
            }
            if account.outdated {
                *account = Account::new(id, fresh);
                continue;
            }
            account.view.seq = fresh.seq;
            let (kept, fresh) = (comparable(&account.view), comparable(&fresh));
            if kept != fresh {
                let events: Vec<_> = told.iter().map(|event| &event.kind).collect();
                panic!("{id}: {}\nafter {events:?}", difference(&kept, &fresh));
            }
        }
    }
}

/// The lines in which two views differ.
fn difference(kept: &RoomView, fresh: &RoomView) -> String {
    let lines = |view: &RoomView| -> Vec<String> {
        let shown = format!("{view:#?}");
        shown.lines().map(str::to_owned).collect()
    };
    let (kept, fresh) = (lines(kept), lines(fresh));
    let only = |these: &[String], others: &[String]| {
        let only = these.iter().enumerate();
        let only = only.filter(|(at, line)| others.get(*at) != Some(*line));
        only.map(|(at, line)| format!("{at}: {}", line.trim()))
            .take(12)
            .collect::<Vec<_>>()
            .join("; ")
    };
    format!(
        "kept {} BUT IS {}",
        only(&kept, &fresh),
        only(&fresh, &kept)
    )
}

/// Leaves out fields without events: the versions of the table and of the state, and, for invitees, the number
/// of members, which they only see together with other changes of a breakout.
fn comparable(view: &RoomView) -> RoomView {
    let mut view = view.clone();
    (view.epoch, view.version) = (Epoch(0), 0);
    let invited = view.invitations.iter_mut().map(|one| &mut one.breakout);
    for breakout in invited.chain(view.assigned.iter_mut()) {
        breakout.occupancy = 0;
    }
    view
}
