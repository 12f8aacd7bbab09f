//! The load tool against the bare path: every packet arrives, is counted once, and bounds are kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use clap::Parser;
use sideroom_bench::load::options::Options;
use sideroom_bench::load::run::{Outcome, run};

/// The machine that runs tests may be busy: lateness is not tested here.
fn load(arguments: &str) -> Outcome {
    let arguments = format!("sideroom-load {arguments} --json --allow-invalid --warm-up 0.2");
    run(&Options::parse_from(arguments.split(' '))).unwrap()
}

#[test]
fn a_fan_out_over_the_bare_path_loses_nothing() {
    for profile in ["gcm128", "cm80"] {
        let outcome = load(&format!(
            "fanout --target bare --publishers 2 --subscribers 5 --duration 0.5 --max-loss 0 \
             --max-leaks 0 --profile {profile} --swarms 2"
        ));
        assert_eq!(outcome.broken, [""; 0], "{outcome:?}");
        let traffic = &outcome.reports[0].traffic;
        // 50 audio packets and 150 video packets a second, of each publisher.
        assert!(traffic.sent > 100, "{traffic:?}");
        assert_eq!(traffic.received, traffic.sent * 5);
        assert_eq!(
            (traffic.unreadable, traffic.untagged, traffic.duplicates),
            (0, 0, 0)
        );
        assert!(outcome.cpu_ns_per_packet.median > 0.0);
    }
}

#[test]
fn what_a_path_loses_is_told_apart_from_what_is_missing() {
    let outcome = load(
        "fanout --target bare --publishers 2 --subscribers 5 --duration 0.5 --max-loss 0 \
         --max-leaks 0 --path loss=20%,delay=5ms",
    );
    assert_eq!(outcome.broken, [""; 0], "{outcome:?}");
    let report = &outcome.reports[0];
    assert_eq!(report.traffic.received, report.traffic.sent * 5);
    let path = report.path.as_ref().unwrap();
    let share = path.lost_by_the_path as f64 / report.traffic.received as f64;
    assert!((0.1..0.3).contains(&share), "{path:?}");
    assert_eq!(path.withheld, Some(0));
}

#[test]
fn in_a_meeting_nobody_hears_itself() {
    let outcome = load("fanout --target bare --preset meeting --subscribers 4 --duration 0.5");
    let traffic = &outcome.reports[0].traffic;
    assert_eq!(traffic.received, traffic.sent * 3);
}

#[test]
fn a_bound_that_is_broken_is_told() {
    let outcome = load(
        "saturate --target bare --subscribers 2 --from-mbps 1 --to-mbps 1.1 \
         --step 0.3 --min-packets-per-s 1000000",
    );
    assert_eq!(outcome.broken.len(), 1, "{:?}", outcome.broken);
    assert_eq!(
        outcome.reports[0].figures["limited_by"],
        "the highest rate that was asked for"
    );
}

#[test]
fn breakouts_are_refused_by_a_target_that_has_none() {
    let arguments = "sideroom-load breakouts --target bare --participants 2 --json";
    let refused = run(&Options::parse_from(arguments.split(' '))).unwrap_err();
    assert!(
        refused.to_string().contains("bare does not do breakouts"),
        "{refused}"
    );
}
