//! Rooms keep their promises while store, workers, callers and clocks fail; and each oracle can fail.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering};

use sideroom_sim::faults::{self, Plant, Report};

const SEEDS: u64 = 20;
const STEPS: u64 = 2_500;
const THREADS: u64 = 2;

#[test]
fn every_oracle_holds_in_worlds_of_faults() {
    let next = AtomicU64::new(1);
    let run = || {
        let mut total = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > SEEDS {
                return total;
            }
            match faults::run(seed, STEPS, None) {
                Ok(report) => total.add(&report),
                Err(failure) => panic!("seed {seed}:\n{failure}"),
            }
        }
    };
    let mut total = Report::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            match thread.join() {
                Ok(report) => total.add(&report),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    println!("{total}");
    // A run in which nothing fails proves nothing.
    for (count, what) in [
        (total.store_faults, "store faults"),
        (total.suspensions, "suspensions"),
        (total.worker_faults, "worker faults"),
        (total.fenced, "fenced workers"),
        (total.panics, "panics"),
        (total.jumps, "jumps of the calendar"),
        (total.kills, "kills"),
        (total.vanished, "vanished callers"),
    ] {
        assert!(count >= 10, "{count} {what}");
    }
}

#[test]
fn every_planted_bug_is_found_by_its_oracle() {
    for (plant, oracle) in Plant::ALL {
        // A bug may be found by several oracles; its own must be one of them.
        let own = |seed| match faults::run(seed, STEPS, Some(plant)) {
            Ok(_) => false,
            Err(failure) => failure.violation.oracle == oracle,
        };
        assert!((1..=SEEDS).any(own), "{plant:?} is not found by {oracle:?}");
    }
}
