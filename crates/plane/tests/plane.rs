//! The central part of the plane, told what happens and asked for its orders and events.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use sideroom_forward::IngressConfig;
use sideroom_plane::{Ending, Incarnation, MISSED_HEARTBEATS, Order, Plane, PlaneEvent, Report};
use sideroom_route::{
    Epoch, Gate, GroupId, ParticipantId, RoomId, Route, RoutePlan, RouteReason, SlotId, Time,
    TrackId, TrackKind, TrackRoute, WorkerId,
};
use sideroom_rtp::ExtensionMap;

const ROOM: RoomId = RoomId(1);
const FIRST: WorkerId = WorkerId(0);
const SECOND: WorkerId = WorkerId(1);
const LIFE: Incarnation = Incarnation(0);

const fn person(number: u32) -> ParticipantId {
    ParticipantId::new(ROOM, number)
}

/// The camera of a participant.
const fn camera(number: u32) -> TrackId {
    TrackId::new(ROOM, number)
}

fn wiring(number: u32) -> IngressConfig {
    IngressConfig {
        track: camera(number),
        publisher: person(number),
        kind: TrackKind::Camera,
        codecs: Vec::new(),
        extensions: ExtensionMap::new(),
        layers: 3,
    }
}

/// Each of these publishes a camera in the parent; each pair is a subscriber and whom they see.
fn plan(epoch: u64, publishers: &[u32], routes: &[(u32, u32)]) -> RoutePlan {
    let mut plan = RoutePlan::empty(ROOM);
    plan.epoch = Epoch(epoch);
    for number in publishers {
        let about = TrackRoute {
            publisher: person(*number),
            kind: TrackKind::Camera,
            group: GroupId::Parent,
            since: Epoch(1),
        };
        plan.tracks.insert(camera(*number), about);
    }
    for (subscriber, publisher) in routes {
        let route = Route {
            track: camera(*publisher),
            gate: Gate::Open,
            placement: RouteReason::OwnGroup,
            max_height: Route::ANY_HEIGHT,
        };
        let slot = SlotId::video(u8::try_from(*publisher).unwrap());
        plan.routes.insert((person(*subscriber), slot), route);
    }
    plan
}

fn orders(plane: &mut Plane) -> Vec<(WorkerId, String)> {
    let mut orders = Vec::new();
    while let Some((worker, order)) = plane.poll_order() {
        let name = match order {
            Order::Apply(update) => format!("apply {}", update.epoch),
            Order::ApplyWhole(plan) => format!("whole {}", plan.epoch),
            Order::RemoveRoom(_) => "remove room".to_owned(),
            Order::Disconnect(participant) => format!("disconnect {participant}"),
            Order::SetRelays(track, workers) => format!("relays {track} {workers:?}"),
            Order::AddRelayed { home, config } => format!("add {} of {home}", config.track),
            Order::RemoveRelayed(track) => format!("remove {track}"),
        };
        orders.push((worker, name));
    }
    orders
}

fn events(plane: &mut Plane) -> Vec<PlaneEvent> {
    std::iter::from_fn(|| plane.poll_event()).collect()
}

/// Two workers with one participant each; the second sees the camera of the first.
fn pair() -> Plane {
    let mut plane = Plane::new(Time::ZERO, 2, 1);
    plane.handle_whole(plan(1, &[1], &[(2, 1)]));
    assert_eq!(plane.handle_connect(person(1)), Some(FIRST));
    assert_eq!(plane.handle_connect(person(2)), Some(SECOND));
    plane.handle_connected(FIRST, person(1), &[wiring(1)]);
    orders(&mut plane);
    events(&mut plane);
    plane
}

#[test]
fn a_track_crosses_to_where_it_is_wanted_and_an_update_comes_first() {
    let mut plane = pair();
    let update = plan(1, &[1], &[(2, 1)]).diff(&plan(2, &[1], &[]));
    let workers = plane.handle_update(&Arc::new(update)).unwrap();
    assert_eq!(workers, [FIRST, SECOND]);
    let apply = "apply 2".to_owned();
    let expected = [
        (FIRST, apply.clone()),
        (SECOND, apply),
        (SECOND, "remove t1.1".to_owned()),
        (FIRST, "relays t1.1 []".to_owned()),
    ];
    assert_eq!(orders(&mut plane), expected);
}

#[test]
fn a_whole_table_ends_crossings_that_nobody_wants() {
    let mut plane = pair();
    plane.handle_whole(plan(5, &[1], &[]));
    let given = orders(&mut plane);
    assert!(
        given.contains(&(SECOND, "remove t1.1".to_owned())),
        "{given:?}"
    );
    assert!(
        given.contains(&(FIRST, "relays t1.1 []".to_owned())),
        "{given:?}"
    );
}

#[test]
fn another_browser_is_wired_anew_everywhere() {
    let mut plane = pair();
    let mut other = wiring(1);
    other.layers = 1;
    plane.handle_connected(FIRST, person(1), &[other]);
    assert_eq!(orders(&mut plane), [(SECOND, "add t1.1 of w0".to_owned())]);
}

#[test]
fn a_worker_that_ended_serves_nobody_until_it_is_back() {
    let mut plane = pair();
    let now = Time::from_millis(5);
    plane.handle_ended(now, FIRST, LIFE, Ending::Ended);
    let life = Incarnation(1);
    let expected = [
        PlaneEvent::WorkerEnded(FIRST, Ending::Ended),
        PlaneEvent::Restart(FIRST, life),
        PlaneEvent::Lost(person(1)),
    ];
    assert_eq!(events(&mut plane), expected);
    // It is the least loaded one.
    assert_eq!(orders(&mut plane), [(SECOND, "remove t1.1".to_owned())]);
    assert_eq!(plane.handle_connect(person(1)), Some(SECOND));
    assert_eq!(plane.handle_connect(person(3)), Some(SECOND));
    plane.handle_disconnect(person(1));
    plane.handle_restarted(now, FIRST);
    orders(&mut plane);
    assert_eq!(plane.handle_connect(person(1)), Some(FIRST));
    assert_eq!(orders(&mut plane), [(FIRST, "whole 1".to_owned())]);
    // Once is enough, and its earlier life is over.
    plane.handle_ended(now, FIRST, LIFE, Ending::Ended);
    assert_eq!(events(&mut plane), []);
}

#[test]
fn a_worker_that_stands_still_is_replaced_and_one_restart_may_fail() {
    let mut plane = pair();
    let mut now = Time::ZERO;
    for look in 0..=u64::from(MISSED_HEARTBEATS) {
        now = now + Duration::from_millis(250);
        plane.handle_heartbeat(now, FIRST, 7);
        plane.handle_heartbeat(now, SECOND, look);
    }
    let told = events(&mut plane);
    assert_eq!(
        told.first(),
        Some(&PlaneEvent::WorkerEnded(FIRST, Ending::Stuck))
    );
    plane.handle_restart_failed(now, FIRST);
    assert!(plane.poll_timeout() > now && plane.poll_timeout() < Time::NEVER);
    plane.handle_timeout(plane.poll_timeout());
    let again = PlaneEvent::Restart(FIRST, Incarnation(2));
    assert_eq!(events(&mut plane), [again]);
}

#[test]
fn with_no_worker_left_nobody_connects() {
    let mut plane = pair();
    for worker in [FIRST, SECOND] {
        plane.handle_ended(Time::ZERO, worker, LIFE, Ending::Ended);
    }
    assert_eq!(plane.handle_connect(person(4)), None);
}

#[test]
fn a_worker_whose_table_diverged_gets_it_whole_and_that_is_counted() {
    let mut plane = pair();
    plane.handle_report(SECOND, LIFE, Report::TableDiverged(ROOM));
    assert_eq!(orders(&mut plane), [(SECOND, "whole 1".to_owned())]);
    assert_eq!(plane.replaced_tables(), 1);
}

#[test]
fn an_update_that_does_not_follow_closes_the_room_until_the_table_comes_whole() {
    let mut plane = pair();
    let ahead = plan(7, &[], &[]).diff(&plan(8, &[1], &[]));
    assert!(plane.handle_update(&Arc::new(ahead)).is_err());
    let closed = orders(&mut plane);
    for worker in [FIRST, SECOND] {
        assert!(
            closed.contains(&(worker, "remove room".to_owned())),
            "{closed:?}"
        );
    }
    plane.handle_whole(plan(8, &[1], &[(2, 1)]));
    let given = orders(&mut plane);
    assert!(given.contains(&(SECOND, "whole 8".to_owned())), "{given:?}");
    assert!(
        given.contains(&(SECOND, "add t1.1 of w0".to_owned())),
        "{given:?}"
    );
}

/// The layers that were told last.
fn layers(plane: &mut Plane) -> Option<u8> {
    let told = events(plane).into_iter().filter_map(|event| match event {
        PlaneEvent::LayersWanted { layers, .. } => Some(layers),
        _ => None,
    });
    told.reduce(|_, last| last)
}

#[test]
fn the_layers_that_a_worker_wants_are_forgotten_with_the_worker() {
    let mut plane = pair();
    let track = camera(1);
    let wants = |layers| Report::LayersWanted { track, layers };
    plane.handle_report(FIRST, LIFE, wants(0b001));
    plane.handle_report(SECOND, LIFE, wants(0b100));
    assert_eq!(layers(&mut plane), Some(0b101));
    plane.handle_ended(Time::ZERO, SECOND, LIFE, Ending::Ended);
    assert_eq!(layers(&mut plane), Some(0b001));
    plane.handle_report(SECOND, LIFE, wants(0b100));
    assert_eq!(layers(&mut plane), None, "its life is over");
}

#[test]
fn layers_that_were_wanted_before_a_track_was_routed_are_told_once_it_is() {
    let mut plane = Plane::new(Time::ZERO, 1, 1);
    plane.handle_whole(plan(1, &[], &[]));
    plane.handle_connect(person(1));
    let track = camera(1);
    plane.handle_report(FIRST, LIFE, Report::LayersWanted { track, layers: 1 });
    assert_eq!(layers(&mut plane), None);
    let update = plan(1, &[], &[]).diff(&plan(2, &[1], &[]));
    plane.handle_update(&Arc::new(update)).unwrap();
    orders(&mut plane);
    assert_eq!(layers(&mut plane), Some(1));
}

#[test]
fn speakers_are_those_of_the_group_and_of_the_worker_that_ranks_them() {
    let mut plane = pair();
    let group = GroupId::Parent;
    let ranked = vec![(camera(1), 9), (camera(2), 5)];
    let talkers = |ranked| Report::Talkers {
        room: ROOM,
        group,
        ranked,
    };
    let told = |plane: &mut Plane| match events(plane).pop() {
        Some(PlaneEvent::Talkers { ranked, .. }) => ranked,
        other => panic!("{other:?}"),
    };
    // The second track is routed nowhere.
    plane.handle_report(FIRST, LIFE, talkers(ranked.clone()));
    assert_eq!(told(&mut plane), [camera(1)]);
    // The second worker has heard it by relay only.
    plane.handle_report(SECOND, LIFE, talkers(ranked));
    assert_eq!(told(&mut plane), [camera(1)]);
    plane.handle_ended(Time::ZERO, FIRST, LIFE, Ending::Ended);
    let empty = PlaneEvent::Talkers {
        room: ROOM,
        group,
        ranked: Vec::new(),
    };
    assert!(events(&mut plane).contains(&empty));
}
