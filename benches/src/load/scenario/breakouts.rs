//! People move between the parent and breakouts, one by one and all at once, and every packet that
//! anybody receives is checked.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::stage::{MoveTimes, Stage, StagePlan};
use super::{begin, end, progress, report};
use crate::load::error::LoadError;
use crate::load::groups::PARENT;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::targets::Target;

/// How many, and how often.
#[derive(Args, Clone, Debug, Serialize)]
pub struct BreakoutsOptions {
    /// Number of participants.
    #[arg(long, default_value_t = 500)]
    pub participants: u32,
    /// Number of breakouts.
    #[arg(long, default_value_t = 10)]
    pub breakouts: u32,
    /// People in each group who talk all the time and stay.
    #[arg(long, default_value_t = 2)]
    pub anchors: u32,
    /// People who talk and move.
    #[arg(long, default_value_t = 20)]
    pub moving_talkers: u32,
    /// Moves of one person.
    #[arg(long, default_value_t = 1_000)]
    pub moves: u32,
    /// Moves a second.
    #[arg(long, default_value_t = 25.0)]
    pub moves_per_s: f64,
    /// Moves of everybody at once.
    #[arg(long, default_value_t = 20)]
    pub group_moves: u32,
    /// Video bits a second of one person in each group; 0: none.
    #[arg(long, default_value_t = 0)]
    pub video_bps: u64,
    /// Its frames a second: few large ones give pacers something to keep.
    #[arg(long, default_value_t = 30)]
    pub video_fps: u32,
}

/// Between two moves of everybody.
const BETWEEN_GROUP_MOVES: Duration = Duration::from_millis(1_500);

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &BreakoutsOptions,
) -> Result<Report, LoadError> {
    let plan = StagePlan {
        room: "load-breakouts",
        participants: options.participants,
        breakouts: options.breakouts,
        anchors: options.anchors,
        moving_talkers: options.moving_talkers,
        video_bps: options.video_bps,
        video_fps: options.video_fps,
        spare: 0,
    };
    let mut stage = Stage::set(target, common, plan)?;
    let warm = stage.crowd.clock.now() + common.warm_up;
    stage.idle_until(warm);
    stage.times = MoveTimes::default();
    let part = begin(&mut stage.crowd, target)?;
    move_one_by_one(&mut stage, options)?;
    let singles = std::mem::take(&mut stage.times);
    move_everybody(&mut stage, options)?;
    let groups = std::mem::take(&mut stage.times);
    let measured = end(&mut stage.crowd, target, part)?;
    let traffic = measured.traffic_by_sequence();
    let mut report = report("breakouts", target, &measured, traffic);
    report.options = json!({ "breakouts": options, "profile": common.profile });
    let singles_told = singles.figures();
    report.figures = json!({
        "moves": options.moves,
        "move_to_answer": singles_told.move_to_answer,
        "move_to_first_packet": singles_told.move_to_first_packet,
        "gap": singles_told.gap,
        "silent": singles_told.silent,
        "group_moves": groups.figures(),
        "histogram_move_to_first_packet_ms": singles.first.bars(),
    });
    Ok(report)
}

fn move_one_by_one(stage: &mut Stage<'_>, options: &BreakoutsOptions) -> Result<(), LoadError> {
    let pause = Duration::from_secs_f64(1.0 / options.moves_per_s.max(0.1));
    let begun = stage.crowd.clock.now();
    for number in 0..options.moves {
        let (client, to) = stage.draw_move();
        stage.move_all(&[(client, to)])?;
        progress(&format!(
            "breakouts: move {} of {}",
            number + 1,
            options.moves
        ));
        stage.idle_until(begun + pause * (number + 1));
    }
    stage.await_moves();
    Ok(())
}

/// Moves everybody to the parent, then everybody to breakouts, and so on.
fn move_everybody(stage: &mut Stage<'_>, options: &BreakoutsOptions) -> Result<(), LoadError> {
    for number in 0..options.group_moves {
        let home = number % 2 == 0;
        let breakouts = options.breakouts;
        let moves: Vec<_> = (0..options.participants)
            .map(|client| {
                let spread = (client + number) % breakouts;
                (client, if home { PARENT } else { spread as u16 + 1 })
            })
            .filter(|(client, to)| stage.crowd.groups.place(*client).at != *to)
            .collect();
        stage.move_all(&moves)?;
        progress(&format!(
            "breakouts: group move {} of {}",
            number + 1,
            options.group_moves
        ));
        let until = stage.crowd.clock.now() + BETWEEN_GROUP_MOVES;
        stage.idle_until(until);
    }
    stage.await_moves();
    Ok(())
}
