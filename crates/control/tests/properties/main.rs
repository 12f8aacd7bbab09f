//! Random commands in random order: a refusal changes nothing, the table follows the full plan, the plan
//! follows the five lines, people are heard only where they are, and the journal replays to the same room.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod checks;
mod commands;
mod layout;
mod random;
#[path = "../story/mod.rs"]
mod story;

use commands::role;
use proptest::prelude::*;
use random::{Random, Step, steps};
use sideroom_control::*;
use sideroom_route::*;
use story::fold::Accounts;
use story::{START, Story, config};

fn run(steps: &[Step], live: bool, accounts: Option<Accounts>) -> Story {
    let mut config = config();
    if live {
        config.settings.breakouts.parent_while_away = ParentWhileAway::Live;
    }
    config.settings.max_active_talkers = 5;
    let mut random = Random {
        story: Story::with(config),
        accounts,
    };
    for pick in 0..4 {
        random.story.join_with(
            &format!("i{pick}"),
            role(pick == 0),
            SlotPool { audio: 3, video: 3 },
        );
    }
    // So that something is at stake from the beginning: two are away.
    let breakouts = story::breakouts_of(&random.story.ok_as(
        Actor::Operator,
        Command::CreateBreakouts(story::create(2, 3)),
    ));
    let away: Vec<_> = random.story.room.participants().skip(2).collect();
    random.story.put(&away, GroupId::Breakout(breakouts[0]));
    assert!(random.story.now == START);
    for step in steps {
        random.take(step);
    }
    random.story.check_replay();
    random.story
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_room_stays_right(steps in steps(), live in any::<bool>()) {
        run(&steps, live, None);
    }

    /// A viewer's account, kept by the events that they receive, equals a fresh view.
    #[test]
    fn what_each_is_told_adds_up_to_a_fresh_view(steps in steps(), live in any::<bool>()) {
        run(&steps, live, Some(Accounts::default()));
    }
}

/// `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(96)
}
