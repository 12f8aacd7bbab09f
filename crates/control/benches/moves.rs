//! Cost of a move in a room of 1,000 participants with 10 breakouts: the command whole (checks, plan,
//! difference, events, journal record), and the full plan for comparison.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use sideroom_control::*;
use sideroom_route::*;

const NOW: UnixMillis = UnixMillis(1_000);

struct Bench {
    room: Room,
    people: Vec<ParticipantId>,
    breakouts: Vec<BreakoutId>,
    requests: u64,
}

impl Bench {
    /// 1,000 participants with audio and camera in the parent, and 10 open breakouts for 125 each.
    fn new(muted: bool) -> Self {
        let mut settings = RoomSettings {
            max_active_talkers: 200,
            ..RoomSettings::default()
        };
        settings.breakouts.parent_while_away = ParentWhileAway::Live;
        let room = Room::new(RoomConfig {
            id: RoomId(1),
            name: "bench".to_owned(),
            settings,
            seed: 1,
            created_at: NOW,
        });
        let mut bench = Self {
            room: room.unwrap(),
            people: Vec::new(),
            breakouts: Vec::new(),
            requests: 0,
        };
        let create = CreateBreakouts {
            participants: Some(125),
            count: 10,
            media: KindSet::ALL,
            ..CreateBreakouts::default()
        };
        let created = bench.run(Command::CreateBreakouts(create));
        if let Outcome::Distributed { breakouts, .. } = created.outcome {
            let ids = breakouts.iter().map(|one| one.summary.breakout);
            bench.breakouts = ids.collect();
        }
        for number in 0..1_000 {
            bench.join(number, muted && number >= 20);
        }
        bench
    }

    fn join(&mut self, number: u32, muted: bool) {
        let joined = self.run(Command::Join(Join {
            identity: format!("participant-{number}"),
            display_name: format!("Participant {number}"),
            role: Role::Participant,
            grants: Grants::default(),
            slots: SlotPool { audio: 9, video: 9 },
            offers: vec![TrackKind::Audio, TrackKind::Camera],
        }));
        let Outcome::Joined { participant, .. } = joined.outcome else {
            unreachable!("a join joins");
        };
        self.people.push(participant);
        for kind in [TrackKind::Audio, TrackKind::Camera] {
            self.run(Command::Publish { participant, kind });
        }
        if muted {
            let kinds = KindSet::ALL;
            self.run(Command::Mute { participant, kinds });
        }
    }

    fn run(&mut self, command: Command) -> Applied {
        self.requests += 1;
        let id = RequestId::new(&format!("request-{}", self.requests)).unwrap();
        let applied = self.room.apply(NOW, Actor::Operator, &id, command);
        applied.expect("the bench asks for what is possible")
    }

    fn move_all(&mut self, groups: impl Fn(usize) -> GroupId) -> Applied {
        let people = self.people.iter().enumerate();
        let moves = people.map(|(index, one)| MoveTo {
            participant: *one,
            to: groups(index),
            stream: None,
        });
        let moves = moves.collect();
        self.run(Command::Move { moves })
    }

    fn breakout(&self, index: usize) -> GroupId {
        let breakout = self.breakouts.get(index % 10);
        GroupId::Breakout(*breakout.expect("ten breakouts"))
    }

    fn move_one(&mut self, index: usize, to: GroupId) -> Applied {
        let participant = *self.people.get(index).expect("a thousand people");
        let moves = vec![MoveTo {
            participant,
            to,
            stream: None,
        }];
        self.run(Command::Move { moves })
    }
}

/// There and back again, `iters` moves: the CPU time of the moves alone, since other work on the machine
/// must not count.
fn timed(iters: u64, mut one_move: impl FnMut(u64)) -> Duration {
    let start = cpu_time();
    for turn in 0..iters {
        one_move(turn);
    }
    cpu_time() - start
}

fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn one_person(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one of 1,000 moves");
    for (name, muted, who) in [
        (
            "between breakouts, 100 inside each, first of its list",
            false,
            0,
        ),
        (
            "between breakouts, 100 inside each, last of its list",
            false,
            990,
        ),
        ("between breakouts, most are muted", true, 990),
    ] {
        let mut bench = Bench::new(muted);
        let targets: Vec<GroupId> = (0..1_000).map(|index| bench.breakout(index)).collect();
        bench.move_all(|index| targets.get(index).copied().unwrap_or(GroupId::Parent));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iters| {
                timed(iters, |turn| {
                    let to = bench.breakout(if turn % 2 == 0 { 5 } else { who });
                    black_box(bench.move_one(who, to));
                })
            });
        });
        bench.move_one(who, bench.breakout(who));
    }
    for (name, muted, who) in [
        ("from the full parent, first of its list", false, 0),
        ("from the full parent, last of its list", false, 990),
        ("from the full parent, most are muted", true, 990),
    ] {
        let mut bench = Bench::new(muted);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iters| {
                timed(iters, |turn| {
                    let there = turn % 2 == 0;
                    let to = if there {
                        bench.breakout(3)
                    } else {
                        GroupId::Parent
                    };
                    black_box(bench.move_one(who, to));
                })
            });
        });
        bench.move_one(who, GroupId::Parent);
    }
    group.finish();
}

fn everybody(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("all 1,000 move");
    group.sample_size(20);
    let mut bench = Bench::new(false);
    let targets: Vec<GroupId> = (0..1_000).map(|index| bench.breakout(index)).collect();
    let target = |index: usize| targets.get(index).copied().unwrap_or(GroupId::Parent);
    group.bench_function("out into 10 breakouts and back", |bencher| {
        bencher.iter_custom(|iters| {
            timed(iters, |turn| {
                let there = turn % 2 == 0;
                black_box(bench.move_all(|index| {
                    if there {
                        target(index)
                    } else {
                        GroupId::Parent
                    }
                }));
            })
        });
    });
    bench.move_all(target);
    group.bench_function("each into the next breakout", |bencher| {
        bencher.iter_custom(|iters| {
            timed(iters, |turn| {
                let turn = turn as usize + 1;
                black_box(bench.move_all(|index| target((index + turn) % 1_000)));
            })
        });
    });
    group.bench_function("shuffled", |bencher| {
        bencher.iter_custom(|iters| {
            timed(iters, |_| {
                let breakouts = Selection::All;
                black_box(bench.run(Command::Shuffle {
                    breakouts,
                    seed: None,
                }));
            })
        });
    });
    group.finish();
}

fn other(criterion: &mut Criterion) {
    let mut bench = Bench::new(false);
    let first: Vec<TrackId> = bench.room.table().tracks.keys().copied().collect();
    let mut talkers: Vec<TrackId> = first.into_iter().step_by(2).take(9).collect();
    criterion.bench_function("the talkers of 1,000 change places", |bencher| {
        bencher.iter_custom(|iters| {
            timed(iters, |_| {
                talkers.rotate_left(1);
                black_box(bench.room.handle_talkers(GroupId::Parent, &talkers));
            })
        });
    });
    criterion.bench_function("an idle room is asked for its deadline", |bencher| {
        bencher.iter(|| black_box(bench.room.next_deadline()));
    });
}

/// The move journal of a room that has moved a lot: 20,000 stays, a page at a time, against a copy of all.
fn reading(criterion: &mut Criterion) {
    let mut bench = Bench::new(false);
    for turn in 0..20 {
        bench.move_all(|_| GroupId::Parent);
        let targets: Vec<GroupId> = (0..1_000)
            .map(|index| bench.breakout(index + turn))
            .collect();
        bench.move_all(|index| targets.get(index).copied().unwrap_or(GroupId::Parent));
    }
    let log = bench.room.move_log();
    assert_eq!(log.stays().count(), bounds::STAYS, "the log is full");
    let mut group = criterion.benchmark_group("reading 20,000 stays");
    for limit in [1_000, 5_000, usize::MAX] {
        let name = match limit {
            usize::MAX => "all at once".to_owned(),
            some => format!("a page of {some}"),
        };
        let query = MovesQuery {
            limit,
            ..MovesQuery::default()
        };
        group.bench_function(name, |bencher| bencher.iter(|| black_box(log.page(&query))));
    }
    group.finish();
}

criterion_group!(benches, one_person, everybody, other, reading);
criterion_main!(benches);
