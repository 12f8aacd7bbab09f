//! Worlds whose workers stall, panic, lose count of their tables and come back: no oracle fails, and each finds the
//! bugs that are planted for it.
#![allow(clippy::unwrap_used, missing_docs)]

use sideroom_sim::coverage::Coverage;
use sideroom_sim::story::{Planted, Setting};

const STEPS: u64 = 300;

#[test]
fn no_oracle_fails_whatever_happens_to_the_workers() {
    let mut all = Coverage::default();
    for seed in 1..=120 {
        match Setting::of_plane(seed, None).tell(STEPS) {
            Ok(told) => all.add(&told.coverage),
            Err(failure) => panic!("{}", failure.shortened()),
        }
    }
    assert!(all.total() > 30_000, "{all}");
    assert!(all.stalls > 200 && all.workers_lost > 50, "{all}");
    assert!(all.diverged > 20 && all.talkers > 500, "{all}");
    assert!(all.fenced > 0 && all.delivered > 50_000, "{all}");
}

#[test]
fn the_same_seed_tells_the_same_story_whatever_happens_to_the_workers() {
    let tell = || {
        let told = Setting::of_plane(7, Some(5)).tell(400);
        told.map_err(|failure| failure.violation)
    };
    assert_eq!(tell().unwrap(), tell().unwrap());
}

#[test]
fn planted_bugs_are_found() {
    for (planted, oracles) in Planted::ALL {
        let found = (1..=60).find_map(|seed| {
            let mut setting = Setting::of_plane(seed, Some(3));
            setting.plane.planted = Some(planted);
            let failure = setting.tell(STEPS).err()?;
            Some((seed, failure.violation))
        });
        let Some((seed, violation)) = found else {
            panic!("{planted:?} is not found");
        };
        println!(
            "{planted:?}: seed {seed}, {}: {}",
            violation.oracle, violation.detail
        );
        assert!(
            oracles.contains(&violation.oracle),
            "{planted:?}: {violation:?}"
        );
    }
}
