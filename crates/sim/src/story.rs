//! Whole stories: run from a seed, run again from their steps, and shortened when they fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sideroom_control::{Digest, RoomSettings};

use crate::chance::Chance;
use crate::coverage::Coverage;
use crate::generate::Generator;
use crate::step::{Step, Violation};
use crate::world::World;

/// Attempts to make a failing story shorter, at most.
const ATTEMPTS: usize = 3_000;

/// How a world begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The seed of all random numbers.
    pub seed: u64,
    /// How many people come, about.
    pub size: usize,
    /// The settings of its room.
    pub settings: RoomSettings,
    pub plane: PlaneSetting,
}

/// The media plane of a world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneSetting {
    /// How many workers there are.
    pub workers: u16,
    /// Participants on one worker before the room spreads to another.
    pub spread_above: usize,
    /// Workers stall, panic and lose count of their tables.
    pub faults: bool,
    /// A bug that an oracle has to find.
    pub planted: Option<Planted>,
}

/// Bugs that can be planted between plane and workers, to see that an oracle finds them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// Sender reports do not cross.
    ReportsStay,
    /// Wishes for keyframes do not cross.
    WishesStay,
    /// A relayed track keeps its wiring when another browser takes over.
    WiringStays,
    /// The end of a worker is not noticed, and it attracts participants.
    DeadWorkersServe,
    /// A table that diverged is closed and never replaced.
    DivergedStay,
    /// A worker that wants no layer any more is still believed to.
    MasksStay,
    /// A worker's ranking is told as it is.
    SpeakersUnchecked,
    /// A worker that has not applied an update in time goes on sending.
    LateWorkersSend,
}

impl Planted {
    /// Each with the oracles that may find it.
    pub const ALL: [(Self, &'static [&'static str]); 8] = [
        (Self::ReportsStay, &["sender reports"]),
        (Self::WishesStay, &["keyframe wishes"]),
        (Self::WiringStays, &["completeness"]),
        (
            Self::DeadWorkersServe,
            &["completeness", "updates in order"],
        ),
        (Self::DivergedStay, &["completeness"]),
        (Self::MasksStay, &["wanted layers"]),
        (Self::SpeakersUnchecked, &["speakers"]),
        (Self::LateWorkersSend, &["answered"]),
    ];
}

/// A story that ended badly.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How it began.
    pub setting: Setting,
    /// The steps until the oracle spoke, the last one included.
    pub steps: Vec<Step>,
    pub violation: Violation,
}

/// A story that ended well.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedStory {
    pub coverage: Coverage,
    /// Equal for runs of one seed.
    pub fingerprint: (Digest, u64),
}

impl Setting {
    /// The one that belongs to `seed`: mostly rooms of 4 to 30, now and then of 200.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let size = if chance.happens(0.01) {
            200
        } else {
            4 + chance.below(chance.clone().below(26) + 1) as usize
        };
        let talkers = 3 + chance.below(8) as u8;
        Self {
            seed,
            size,
            settings: World::settings(talkers, chance.happens(0.5)),
            plane: PlaneSetting {
                workers: 2,
                spread_above: 1 + chance.below(4) as usize,
                faults: false,
                planted: None,
            },
        }
    }

    /// The setting of `seed` with failing workers: `workers` of them, or between 1 and 8.
    pub fn of_plane(seed: u64, workers: Option<u16>) -> Self {
        let mut setting = Self::of(seed);
        let drawn = 1 + Chance::new(!seed).below(8) as u16;
        setting.plane.workers = workers.unwrap_or(drawn);
        setting.plane.faults = true;
        setting
    }

    /// Tells its story, `steps` long.
    pub fn tell(&self, steps: u64) -> Result<FinishedStory, Box<Failure>> {
        let mut world = World::new(self.seed, self.settings.clone(), self.plane);
        let mut generator = Generator::new(self.seed, self.size);
        let mut taken = Vec::new();
        for number in 0..steps {
            let step = generator.step(&world);
            taken.push(step.clone());
            let taking = guarded(|| world.step(&step));
            let last = number + 1 == steps;
            let ended = taking.and_then(|()| {
                if last {
                    guarded(|| world.end())
                } else {
                    Ok(())
                }
            });
            if let Err(violation) = ended {
                return Err(Box::new(Failure {
                    setting: self.clone(),
                    steps: taken,
                    violation,
                }));
            }
        }
        Ok(FinishedStory {
            coverage: world.coverage().clone(),
            fingerprint: world.fingerprint(),
        })
    }

    /// Tells a story of given steps.
    pub fn retell(&self, steps: &[Step]) -> Result<(), (usize, Violation)> {
        let mut world = World::new(self.seed, self.settings.clone(), self.plane);
        for (index, step) in steps.iter().enumerate() {
            guarded(|| world.step(step)).map_err(|violation| (index, violation))?;
        }
        guarded(|| world.end()).map_err(|violation| (steps.len(), violation))
    }
}

/// A panic is a violation too.
fn guarded(act: impl FnOnce() -> Result<(), Violation>) -> Result<(), Violation> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        let text = text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Violation::new("panic", text.unwrap_or_default()))
    })
}

impl Failure {
    /// The shortest story found in which the same oracle speaks.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        let mut attempts = 0;
        let mut size = self.steps.len().div_ceil(2);
        while size > 0 && attempts < ATTEMPTS {
            let mut at = 0;
            let mut dropped = false;
            while at < self.steps.len() && attempts < ATTEMPTS {
                attempts += 1;
                let mut shorter = self.steps.clone();
                shorter.drain(at..(at + size).min(shorter.len()));
                if let Err((last, violation)) = self.setting.retell(&shorter)
                    && violation.oracle == self.violation.oracle
                {
                    shorter.truncate(last + 1);
                    self.steps = shorter;
                    self.violation = violation;
                    dropped = true;
                } else {
                    at += size;
                }
            }
            if !dropped || size > 1 {
                size /= 2;
            }
        }
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Setting {
            seed,
            size,
            settings,
            plane,
        } = &self.setting;
        writeln!(
            f,
            "seed {seed}, step {}: {}",
            self.steps.len(),
            self.violation.oracle
        )?;
        writeln!(f, "  {}", self.violation.detail)?;
        writeln!(f, "  a room of about {size}: {settings:?}")?;
        writeln!(f, "  {plane:?}")?;
        for (number, step) in self.steps.iter().enumerate() {
            let Step {
                wait_ms,
                media_seed,
                act,
            } = step;
            writeln!(
                f,
                "  {number:>4}. +{wait_ms} ms, media {media_seed:#x}: {act:?}"
            )?;
        }
        Ok(())
    }
}
