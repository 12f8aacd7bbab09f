//! `sideroom-sim faults`: worlds in which store, workers, callers and clocks fail.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use sideroom_sim::faults::{self, FaultFailure, Plant, Report};

/// Runs worlds in which the real room machines meet stores that fail, hang and forget unanswered writes, workers
/// that stall and panic, callers who vanish, clocks that jump, panics and restarts. Exits with 0 when every oracle
/// holds; a failing seed is printed with its last steps.
#[derive(Args)]
pub(crate) struct FaultOptions {
    /// Run this seed only.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Number of seeds to run, from --first on.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Steps of each world.
    #[arg(long, default_value_t = 5_000)]
    steps: u64,
    /// Worlds at one time.
    #[arg(long, default_value_t = 2)]
    threads: u64,
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
        let first = self.seed.unwrap_or(self.first);
        let end = first + self.seed.map_or(self.seeds, |_| 1);
        let next = AtomicU64::new(first);
        let total = Mutex::new(Report::default());
        let failed: Mutex<Option<(u64, Box<FaultFailure>)>> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end {
                            return;
                        }
                        match faults::run(seed, self.steps, self.plant) {
                            Ok(report) => {
                                if let Ok(mut total) = total.lock() {
                                    total.add(&report);
                                }
                            }
                            Err(failure) => {
                                next.store(end, Ordering::Relaxed);
                                if let Ok(mut failed) = failed.lock() {
                                    failed.get_or_insert((seed, failure));
                                }
                            }
                        }
                    }
                });
            }
        });
        if let Some((seed, failure)) = failed.into_inner().ok().flatten() {
            println!("FAILED: seed {seed}; its last steps:\n{failure}");
            return ExitCode::FAILURE;
        }
        if let Ok(total) = total.lock() {
            println!("{} seeds, every oracle holds\n{total}", end - first);
        }
        ExitCode::SUCCESS
    }
}
