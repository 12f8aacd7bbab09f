//! `sideroom-sim faults`: worlds in which store, workers, callers and clocks fail.

use std::process::ExitCode;

use clap::Args;
use sideroom_sim::faults::{self, Plant, Report};

use crate::seeds::Seeds;

/// Runs worlds in which the real room machines meet stores that fail, hang and forget unanswered writes, workers
/// that stall and panic, callers who vanish, clocks that jump, panics and restarts. Exits with 0 when every oracle
/// holds; a failing seed is printed with its last steps.
#[derive(Args)]
pub(crate) struct FaultOptions {
    #[command(flatten)]
    seeds: Seeds,
    /// Steps of each world.
    #[arg(long, default_value_t = 5_000)]
    steps: u64,
    /// Plant this bug, so that an oracle fails.
    #[arg(long, value_parser = plant)]
    plant: Option<Plant>,
}

fn plant(name: &str) -> Result<Plant, String> {
    Plant::named(name).ok_or_else(|| {
        let all = Plant::ALL.map(|(plant, _)| format!("{plant:?}"));
        format!(
            "there is no such bug to plant; there are {}",
            all.join(", ")
        )
    })
}

impl FaultOptions {
    /// Runs the worlds, on several threads.
    pub(crate) fn run(&self) -> ExitCode {
        match self.seeds.run(
            |seed| faults::run(seed, self.steps, self.plant),
            Report::add,
        ) {
            Ok(total) => {
                println!("{} seeds, every oracle holds\n{total}", self.seeds.count());
                ExitCode::SUCCESS
            }
            Err((seed, failure)) => {
                println!("FAILED: seed {seed}; its last steps:\n{failure}");
                ExitCode::FAILURE
            }
        }
    }
}
