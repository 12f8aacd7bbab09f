//! Runs one seed after the other, on several threads, until one fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

/// The seeds to run.
#[derive(Args)]
pub(crate) struct Seeds {
    /// Run this seed only.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Number of seeds to run, from --first on.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Worlds at one time.
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

impl Seeds {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.seed.map_or(self.seeds, |_| 1)
    }

    /// Adds up what the worlds report, or returns the failure of one.
    pub(crate) fn run<R: Default + Send, F: Send>(
        &self,
        world: impl Fn(u64) -> Result<R, F> + Sync,
        add: impl Fn(&mut R, &R) + Sync,
    ) -> Result<R, (u64, F)> {
        let first = self.seed.unwrap_or(self.first);
        let end = first.saturating_add(self.count());
        let next = AtomicU64::new(first);
        let total = Mutex::new(R::default());
        let failed = Mutex::new(None);
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return;
                }
                match world(seed) {
                    Ok(report) => {
                        if let Ok(mut total) = total.lock() {
                            add(&mut total, &report);
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
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(work);
            }
        });
        match failed.into_inner().ok().flatten() {
            Some(failure) => Err(failure),
            None => Ok(total.into_inner().unwrap_or_default()),
        }
    }
}
