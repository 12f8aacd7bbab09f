//! Whole worlds: many seeds, briefly; the same seed twice; and the stories in which an oracle once spoke.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sideroom_control::{Actor, Command, Grants, Join, Role, SlotPool};
use sideroom_route::{ParticipantId, RoomId, TrackKind};
use sideroom_sim::coverage::Coverage;
use sideroom_sim::step::{Act, Step};
use sideroom_sim::story::Setting;
use sideroom_sim::world::World;

const SEEDS: u64 = 1_000;
const STEPS: u64 = 300;
const THREADS: u64 = 2;

/// All commands. A command that a run of many seeds never accepts is not tested.
const COMMANDS: [&str; 65] = [
    "AddressAllText",
    "AnswerHelp",
    "AnswerKnock",
    "ApplyArrangement",
    "AskForHelp",
    "Assign",
    "BreakoutEnd",
    "CancelSchedule",
    "ChangeRotation",
    "ChangeSchedule",
    "Chat",
    "Clear",
    "Close",
    "Countdown",
    "CreateAndInvite",
    "CreateBreakouts",
    "CreateSideRoom",
    "Destroy",
    "Drain",
    "Drop",
    "End",
    "Expire",
    "Intercom",
    "Invite",
    "Join",
    "JoinBreakout",
    "Knock",
    "Leave",
    "LeaveBreakout",
    "ListenIn",
    "Move",
    "Mute",
    "MuteParent",
    "Open",
    "PauseParent",
    "Publish",
    "Reconnect",
    "Reject",
    "Remove",
    "RemoveArrangement",
    "ResumeParent",
    "Rotation",
    "SaveArrangement",
    "Schedule",
    "SetGrants",
    "SetMode",
    "SetRole",
    "SetStream",
    "Shuffle",
    "StartAddressAll",
    "StartIntercom",
    "StartReply",
    "StartRotation",
    "StopAddressAll",
    "StopIntercom",
    "StopKnocking",
    "StopListening",
    "StopReply",
    "TimeUp",
    "Unmute",
    "UnmuteParent",
    "Unpublish",
    "UpdateBreakout",
    "UpdateBreakoutSettings",
    "UpdateRoom",
];

#[test]
fn no_oracle_speaks_in_a_thousand_worlds() {
    let next = AtomicU64::new(1);
    let all = Mutex::new(Coverage::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > SEEDS {
                        return;
                    }
                    match Setting::of(seed).tell(STEPS) {
                        Ok(told) => all.lock().unwrap().add(&told.coverage),
                        Err(failure) => panic!("{}", failure.shortened()),
                    }
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    for command in COMMANDS {
        let count = all.commands.get(command).copied().unwrap_or_default();
        assert!(
            count.accepted > 20,
            "{command} was accepted {} times",
            count.accepted
        );
    }
    assert!(all.total() > SEEDS * STEPS * 9 / 10);
    assert!(all.delivered > 500_000 && all.resent > 5_000, "{all}");
    assert!(all.quiet > 3_000 && all.restored >= 1_000, "{all}");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [3, 77, 1_234_567] {
        let tell = || {
            Setting::of(seed)
                .tell(400)
                .map_err(|failure| failure.violation)
        };
        assert_eq!(tell().unwrap(), tell().unwrap());
    }
}

fn ask(request: u64, actor: Actor, command: Command) -> Step {
    Step {
        wait_ms: 5,
        media_seed: request,
        act: Act::Ask {
            actor,
            request,
            command,
        },
    }
}

/// With one voice more than the widest pool has slots, a subscriber who speaks as well went on hearing a
/// voice that is not among the talkers.
#[test]
fn one_voice_more_than_the_widest_pool_has_slots_limits_everybody_to_the_talkers() {
    let setting = Setting {
        seed: 1,
        size: 10,
        settings: World::settings(5, true),
        plane: Setting::of(1).plane,
    };
    let mut steps = Vec::new();
    for number in 1..=10 {
        let join = Join {
            identity: format!("u{number}"),
            display_name: "somebody".into(),
            role: Role::Participant,
            grants: Grants::default(),
            slots: SlotPool { audio: 8, video: 0 },
            offers: vec![TrackKind::Audio],
        };
        steps.push(ask(u64::from(number), Actor::Operator, Command::Join(join)));
        let participant = ParticipantId::new(RoomId(1), number);
        let kind = TrackKind::Audio;
        let publish = Command::Publish { participant, kind };
        steps.push(ask(
            100 + u64::from(number),
            Actor::Participant(participant),
            publish,
        ));
        steps.push(Step {
            wait_ms: 5,
            media_seed: 0,
            act: Act::Quiet,
        });
    }
    assert_eq!(setting.retell(&steps), Ok(()));
}
