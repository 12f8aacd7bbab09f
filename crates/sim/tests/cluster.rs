//! Rooms keep their promises on many nodes, whatever fails; and each planted bug is found.
#![allow(missing_docs)]

use sideroom_sim::cluster::{ClusterPlant, ClusterSetting, ClusterTotals};

fn setting(seed: u64, steps: u64, plant: Option<ClusterPlant>) -> ClusterSetting {
    ClusterSetting {
        seed,
        nodes: ClusterSetting::nodes_of(seed),
        steps,
        plant,
    }
}

/// Events of each world.
const STEPS: u64 = 20_000;

#[test]
fn every_oracle_holds_in_worlds_of_many_nodes() {
    let mut totals = ClusterTotals::default();
    for seed in 1..=70 {
        match setting(seed, STEPS, None).run() {
            Ok(world) => totals.add(&world),
            Err(failure) => panic!("{failure}"),
        }
    }
    println!("{totals}");
    // A run in which nothing happens proves nothing.
    for (count, what) in [
        (totals.faults, "faults"),
        (totals.owners, "owners"),
        (totals.answered, "answers"),
        (totals.looks, "looks"),
        (totals.continuity, "looks while etcd was gone"),
    ] {
        assert!(count >= 50, "{count} {what}");
    }
}

#[test]
fn every_planted_bug_is_found() {
    for plant in ClusterPlant::ALL {
        let mut worlds = (1..=200).map(|seed| setting(seed, STEPS, Some(plant)));
        let found = worlds.find_map(|world| world.run().err());
        assert!(found.is_some(), "{plant:?} is not found");
    }
}
