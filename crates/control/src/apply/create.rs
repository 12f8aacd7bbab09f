//! Creating breakouts, and distributing people over them (rules 2 to 5 and 12).

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::arrangement::is_presentable;
use crate::command_run::CommandRun;
use crate::distribute::{self, Target};
use crate::state::{Asked, Breakout, require};
use crate::{
    Actor, BreakoutError, CreateBreakouts, Door, EventKind, MoveCause, Outcome, RoomSettings,
    bounds,
};

impl CommandRun<'_> {
    pub(super) fn create_breakouts(
        &mut self,
        create: &CreateBreakouts,
    ) -> Result<Outcome, BreakoutError> {
        let capacity = self.check_creation(create)?;
        let created = self.add_breakouts(create, capacity);
        Ok(self.distributed(created, Vec::new(), Vec::new(), None))
    }

    pub(super) fn create_and_invite(
        &mut self,
        create: &CreateBreakouts,
        seed: Option<u64>,
        force: bool,
    ) -> Result<Outcome, BreakoutError> {
        let capacity = self.check_creation(create)?;
        require(create.open || !force, BreakoutError::BreakoutClosed)?;
        let assigned = self.state.assignments.len() + self.state.participants.len();
        require(
            assigned <= bounds::ASSIGNMENTS,
            BreakoutError::CreateFailed("too many identities are assigned already"),
        )?;
        let seed = seed.unwrap_or_else(|| self.draw_seed());
        let pool: Vec<ParticipantId> = self
            .state
            .participants
            .iter()
            .filter(|(_, one)| !one.is_moderator() && !one.is_away())
            .map(|(id, _)| *id)
            .collect();
        let created = self.add_breakouts(create, capacity);
        let targets: Vec<Target> = created
            .iter()
            .map(|id| Target::empty(*id, capacity))
            .collect();
        let dealt = distribute::deal(seed, &pool, &targets);
        for (participant, breakout) in &dealt.placed {
            let moves = force || create.auto_move && create.open;
            self.call_in(*participant, *breakout, moves);
            if let Some(one) = self.state.participants.get(participant) {
                let identity = one.identity.clone();
                self.assign(&identity, Some(*breakout));
            }
        }
        Ok(self.distributed(created, dealt.placed, dealt.left_over, Some(seed)))
    }

    /// Refuses a creation that breaks one of rules 2 to 5. Answers with the capacity.
    pub(super) fn check_creation(&self, create: &CreateBreakouts) -> Result<u16, BreakoutError> {
        self.state.require_in_parent(self.actor)?;
        let settings = self.state.settings();
        let capacity = check_capacity(settings, create.participants)?;
        require(
            create.count > 0,
            BreakoutError::CreateFailed("at least one breakout must be asked for"),
        )?;
        let most = settings.max_breakouts;
        let present = u32::try_from(self.state.breakouts.len()).unwrap_or(u32::MAX);
        require(
            present.saturating_add(create.count) <= u32::from(most),
            BreakoutError::BreakoutLimitReached { most },
        )?;
        let camera = create.media.contains(TrackKind::Camera);
        require(
            !camera || settings.breakouts.allow_video,
            BreakoutError::VideoNotAllowed,
        )?;
        self.check_names(create)?;
        let ids_left = self.state.next_breakout.checked_add(create.count);
        require(
            ids_left.is_some(),
            BreakoutError::Internal("ids are used up"),
        )?;
        Ok(capacity)
    }

    fn check_names(&self, create: &CreateBreakouts) -> Result<(), BreakoutError> {
        require(
            create.names.len() <= create.count as usize,
            BreakoutError::CreateFailed("there are more names than breakouts"),
        )?;
        let mut taken: BTreeSet<&str> = self.taken_names();
        for name in &create.names {
            require(
                is_presentable(name),
                BreakoutError::CreateFailed("a name has 1 to 128 printable bytes"),
            )?;
            require(
                taken.insert(name),
                BreakoutError::CreateFailed("two breakouts would have the same name"),
            )?;
        }
        Ok(())
    }

    pub(super) fn taken_names(&self) -> BTreeSet<&str> {
        let breakouts = self.state.breakouts.values();
        breakouts.map(|breakout| breakout.name.as_str()).collect()
    }

    pub(super) fn add_breakouts(
        &mut self,
        create: &CreateBreakouts,
        capacity: u16,
    ) -> Vec<BreakoutId> {
        let owner = match self.actor {
            Actor::Participant(id) => Some(id),
            Actor::Operator | Actor::Key(_) | Actor::System => None,
        };
        let mut created = Vec::new();
        for index in 0..create.count as usize {
            let id = BreakoutId(self.state.next_breakout);
            self.state.next_breakout += 1;
            let name = match create.names.get(index) {
                Some(name) => name.clone(),
                None => self.free_name(create),
            };
            let breakout = Breakout {
                name,
                owner,
                orphaned: false,
                capacity,
                media: create.media,
                open: create.open,
                auto_move: create.auto_move,
                self_select: create.self_select,
                thread_id: format!("{}/{id}", self.state.config.name),
                invited: BTreeMap::new(),
                welcome: BTreeSet::new(),
                members: BTreeSet::new(),
                door: create.door,
                side: false,
                ends_at: None,
            };
            self.state.breakouts.insert(id, breakout);
            created.push(id);
        }
        self.effects.created.extend(&created);
        self.effects.selectable |= create.self_select || create.door == Door::Knocking;
        created
    }

    /// The first "Breakout n" that nothing is or is going to be called.
    fn free_name(&self, create: &CreateBreakouts) -> String {
        let taken = self.taken_names();
        let mut names = (1_u32..).map(|number| format!("Breakout {number}"));
        let free = names.find(|name| {
            !taken.contains(name.as_str()) && !create.names.iter().any(|other| other == name)
        });
        free.unwrap_or_default()
    }

    /// Invites somebody; moves it at once if it is not to be asked.
    pub(super) fn call_in(
        &mut self,
        participant: ParticipantId,
        breakout: BreakoutId,
        force: bool,
    ) {
        let Some(one) = self.state.participants.get(&participant) else {
            return;
        };
        let identity = one.identity.clone();
        let unassigned = !self.state.assignments.contains_key(&identity);
        if let Some(to) = self.state.breakouts.get_mut(&breakout) {
            let before = to.invited.get(&identity);
            let asked = Asked {
                by: self.actor,
                assigned: unassigned || before.is_some_and(|before| before.assigned),
            };
            to.welcome.remove(&identity);
            to.invited.insert(identity.clone(), asked);
        }
        self.wait_for(breakout, &identity);
        self.effects.changed.insert(breakout);
        if let Some(summary) = self.state.summary(breakout) {
            self.tell(EventKind::Invited {
                participant,
                breakout: Box::new(summary),
                requestor: self.actor,
                force,
            });
        }
        if force {
            let to = GroupId::Breakout(breakout);
            self.place(participant, to, MoveCause::Forced, None);
        }
    }

    pub(super) fn distributed(
        &self,
        breakouts: Vec<BreakoutId>,
        placed: Vec<(ParticipantId, BreakoutId)>,
        left_over: Vec<ParticipantId>,
        seed: Option<u64>,
    ) -> Outcome {
        Outcome::Distributed {
            breakouts: breakouts
                .into_iter()
                .filter_map(|id| self.state.breakout_view(id))
                .collect(),
            placed,
            left_over,
            seed,
        }
    }
}

/// Rule 4: from 2 to `max_active_talkers - 1`.
pub(super) fn check_capacity(
    settings: &RoomSettings,
    participants: Option<u32>,
) -> Result<u16, BreakoutError> {
    let participants = participants.ok_or(BreakoutError::ParticipantCountMissing)?;
    let most = settings.largest_capacity();
    require(participants >= 2, BreakoutError::ParticipantCountInvalid)?;
    match u16::try_from(participants) {
        Ok(capacity) if capacity <= most => Ok(capacity),
        _ => Err(BreakoutError::ParticipantCountTooLarge { most }),
    }
}
