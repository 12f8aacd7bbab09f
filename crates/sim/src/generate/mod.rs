//! Draws the next step of a world: sensible and other actions of people, apps and networks.

mod breakouts;
mod people;
mod presence;

use sideroom_control::{Actor, Command, KeyId, KindSet, Selection};
use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackId, TrackKind};

use crate::chance::Chance;
use crate::model::{Model, ROOM};
use crate::step::{Act, Step};
use crate::world::World;

/// How long a request can be asked again.
const REPEAT_WITHIN_MS: u64 = 200_000;

/// See the module.
#[derive(Debug)]
pub struct Generator {
    chance: Chance,
    /// How many people the room should have.
    size: usize,
    requests: u64,
    identities: u32,
    steps: u64,
}

/// The source of draws: a model of the room, and chance.
pub(crate) struct Draw<'a> {
    pub(crate) chance: &'a mut Chance,
    pub(crate) model: &'a Model,
    pub(crate) identities: u32,
    pub(crate) now: u64,
}

impl Generator {
    /// The steps that belong to `seed`, for a room of about `size` people.
    pub fn new(seed: u64, size: usize) -> Self {
        Self {
            chance: Chance::new(seed ^ 0x5eed),
            size,
            requests: 0,
            identities: 1,
            steps: 0,
        }
    }

    /// Draws the next step in `world`.
    pub fn step(&mut self, world: &World) -> Step {
        self.steps += 1;
        let wait_ms = match self.chance.below(200) {
            0 => 31_000,
            1..=3 => 3_000,
            4..=20 => 200,
            _ => self.chance.below(25) as u32,
        };
        let act = match self.chance.below(1_000) {
            0..=14 => Act::Quiet,
            15 => Act::Restore,
            16..=45 => self.talkers(world),
            46..=85 => self.again(world).unwrap_or_else(|| self.ask(world)),
            _ => self.ask(world),
        };
        Step {
            wait_ms,
            media_seed: self.chance.bits(),
            act,
        }
    }

    fn ask(&mut self, world: &World) -> Act {
        self.requests += 1;
        let model = &world.model;
        let coming = model.people.len() < self.size && self.chance.happens(0.35);
        let mut draw = Draw {
            chance: &mut self.chance,
            model,
            identities: self.identities,
            now: world.clock().0,
        };
        let (actor, command) = if model.draining && draw.chance.happens(0.2) {
            (Actor::Operator, Command::Drain(false))
        } else if coming || model.people.is_empty() {
            draw.arrival()
        } else {
            draw.request(self.size)
        };
        if let Command::Join(join) = &command {
            let number = crate::model::number_of(&join.identity);
            if number != u32::MAX {
                self.identities = self.identities.max(number + 1);
            }
        }
        Act::Ask {
            actor,
            request: self.requests,
            command,
        }
    }

    /// Repeats a request id, mostly with the first command.
    fn again(&mut self, world: &World) -> Option<Act> {
        let answered: Vec<_> = world.answered.iter().collect();
        let one = *self.chance.pick(&answered)?;
        if world.clock().since(one.at) > REPEAT_WITHIN_MS {
            return None;
        }
        let command = if self.chance.happens(0.9) {
            one.command.clone()
        } else {
            Command::Clear(Selection::All)
        };
        Some(Act::Ask {
            actor: one.actor,
            request: one.request,
            command,
        })
    }

    fn talkers(&mut self, world: &World) -> Act {
        let mut draw = Draw {
            chance: &mut self.chance,
            model: &world.model,
            identities: self.identities,
            now: 0,
        };
        let group = draw.group();
        let people = world.model.people.iter();
        let inside = people.filter(|one| one.group == group);
        let audio = inside.filter_map(|one| one.track(TrackKind::Audio));
        let audio: Vec<TrackId> = audio.map(|track| track.id).collect();
        let count = self.chance.below(6);
        let ranked = (0..count).filter_map(|_| self.chance.pick(&audio).copied());
        Act::Talkers {
            group,
            ranked: ranked.collect(),
        }
    }
}

impl Draw<'_> {
    fn request(&mut self, size: usize) -> (Actor, Command) {
        match self.chance.below(100) {
            0..=29 => self.about_people(size),
            30..=33 => self.about_room(),
            34..=45 => self.about_gates(),
            46..=50 => self.across(),
            51..=61 => self.about_presence(),
            62..=79 => self.about_going(),
            _ => self.about_breakouts(),
        }
    }

    /// A participant in the room; sometimes an unknown one.
    pub(crate) fn someone(&mut self) -> ParticipantId {
        let stranger = ParticipantId::new(ROOM, 1 + self.chance.below(9_999) as u32);
        if self.chance.happens(0.01) {
            return stranger;
        }
        let one = self.chance.pick(&self.model.people);
        one.map_or(stranger, |one| one.id)
    }

    /// A moderator, if there is one.
    pub(crate) fn moderator(&mut self) -> Actor {
        let moderators = self.model.people.iter().filter(|one| one.moderator);
        let moderators: Vec<ParticipantId> = moderators.map(|one| one.id).collect();
        match self.chance.below(10) {
            0 => Actor::Participant(self.someone()),
            1 => Actor::Operator,
            2 => self.key(),
            _ => match self.chance.pick(&moderators) {
                Some(id) => Actor::Participant(*id),
                None => Actor::Operator,
            },
        }
    }

    /// One of the app's API keys.
    fn key(&mut self) -> Actor {
        let name = if self.chance.happens(0.5) {
            "one"
        } else {
            "two"
        };
        Actor::Key(KeyId::new(name).expect("invariant: the name is short"))
    }

    /// The actor of a command on `id`: mostly `id` itself.
    pub(crate) fn itself(&mut self, id: ParticipantId) -> Actor {
        match self.chance.below(10) {
            0 => Actor::Participant(self.someone()),
            1 => Actor::Operator,
            _ => Actor::Participant(id),
        }
    }

    /// A breakout; now and then one that is not there.
    pub(crate) fn breakout(&mut self) -> BreakoutId {
        let all: Vec<BreakoutId> = self.model.breakouts.keys().copied().collect();
        let known = self.chance.pick(&all).copied();
        let other = BreakoutId(1 + self.chance.below(50) as u32);
        if self.chance.happens(0.02) {
            return other;
        }
        known.unwrap_or(other)
    }

    pub(crate) fn group(&mut self) -> GroupId {
        if self.chance.happens(0.3) {
            GroupId::Parent
        } else {
            GroupId::Breakout(self.breakout())
        }
    }

    pub(crate) fn selection(&mut self) -> Selection {
        if self.chance.happens(0.5) {
            return Selection::All;
        }
        let count = self.chance.below(4);
        Selection::Some((0..count).map(|_| self.breakout()).collect())
    }

    pub(crate) fn kind(&mut self) -> TrackKind {
        let audio = self.chance.happens(0.5);
        let kind = self.chance.pick(&TrackKind::ALL).copied();
        if audio {
            TrackKind::Audio
        } else {
            kind.unwrap_or(TrackKind::Audio)
        }
    }

    pub(crate) fn kinds(&mut self) -> KindSet {
        match self.chance.below(6) {
            0 => KindSet::ALL,
            1 => KindSet::WITHOUT_CAMERA,
            2 => KindSet::VIDEO,
            3 => KindSet::AUDIO,
            _ => {
                let bits = self.chance.below(16);
                let kinds = TrackKind::ALL.into_iter().zip(0..);
                kinds
                    .filter(|(_, bit)| bits >> bit & 1 == 1)
                    .map(|it| it.0)
                    .collect()
            }
        }
    }

    pub(crate) fn identity(&mut self) -> String {
        let number = self.chance.below(u64::from(self.identities) + 3) as u32;
        let present = self.chance.pick(&self.model.people).map(|one| one.identity);
        let number = match present {
            Some(present) if self.chance.happens(0.6) => present,
            _ => number,
        };
        crate::model::identity(number)
    }
}
