//! A camera of three layers on bad paths: it sends at a layer's rate and not at the path's capacity, which
//! makes other mistakes than a flow that always fills its estimate.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod call;
mod ladder;

use std::time::Duration;

use sideroom_sim::link::Impairment;
use sideroom_sim::reno::Reno;

use call::{Call, WAY};
use ladder::STEPS;

fn path(rate_bps: u64, queue_ms: u64) -> Impairment {
    Impairment {
        delay: WAY,
        // A little noise, so that seeds differ.
        jitter: Duration::from_millis(2),
        rate_bps,
        queue: Duration::from_millis(queue_ms),
        ..Impairment::default()
    }
}

fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("SIM_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    0..count.unwrap_or(20)
}

#[test]
fn beside_a_download_the_camera_stays() {
    for (queue_ms, seed) in [100, 150, 300]
        .into_iter()
        .flat_map(|queue| seeds().map(move |seed| (queue, seed)))
    {
        let mut call = Call::new(path(2_000_000, queue_ms), seed);
        call.run(12);
        call.download = Some(Reno::default());
        call.run(5);
        let seen = call.run(30);
        let part = seen.part();
        assert!(
            (0.15..=0.85).contains(&part),
            "seed {seed}, {queue_ms} ms of queue: {part}"
        );
        assert!(
            seen.level() >= 2,
            "seed {seed}, {queue_ms} ms of queue: {:?}",
            seen.levels
        );
    }
}

#[test]
fn after_a_narrow_path_the_large_picture_is_back_in_ten_seconds() {
    for seed in seeds() {
        let mut call = Call::new(path(3_000_000, 400), seed);
        call.run(12);
        call.link.set_impairment(path(500_000, 400));
        let fallen = call.run(3);
        let low = call.run(12);
        call.link.set_impairment(path(3_000_000, 400));
        let back = call.run(15);
        assert!(
            back.top_after.is_some_and(|ms| ms < 10_000),
            "seed {seed}: {:?}",
            back.top_after
        );
        let late = fallen
            .queues
            .iter()
            .skip(20)
            .chain(&low.queues)
            .max()
            .unwrap();
        assert!(*late < 150, "seed {seed}: a queue of {late} ms");
        assert!(
            fallen.audio_lost * 25 < fallen.audio_sent,
            "seed {seed}: {} of {} lost",
            fallen.audio_lost,
            fallen.audio_sent
        );
    }
}

#[test]
fn what_is_held_back_and_comes_at_once_is_no_congestion() {
    for seed in seeds() {
        let calm = path(5_000_000, 300);
        let mut call = Call::new(calm, seed);
        call.run(12);
        call.link.set_impairment(Impairment {
            stall: Duration::from_millis(200),
            stall_every: Duration::from_secs(3),
            jitter: Duration::from_millis(20),
            reorder: 0.05,
            ..calm
        });
        let seen = call.run(30);
        assert!(
            seen.switches <= 1,
            "seed {seed}: {} switches, {:?}",
            seen.switches,
            seen.levels
        );
        assert_eq!(seen.level(), STEPS.len(), "seed {seed}: {:?}", seen.levels);
    }
}
