//! `BreakoutService`: rotations.

use sideroom_control::{Command, RotationStep, StartRotation};

use super::{breakout::selection, mutation};
use crate::{
    encode::{left_over, placed, rotation_of},
    error::ApiError,
    proto::{self, *},
};

mutation! {
    StartRotationRequest => StartRotationResponse needs Breakouts and timing {
        |this, requester| Command::StartRotation(StartRotation {
            breakouts: selection(&this.breakout_ids)?,
            rounds: this.rounds,
            round_ms: this.round_ms,
            seed: this.seed,
        }),
        |answer, outcome| StartRotationResponse {
            answer,
            rotation: rotation_of(outcome),
            placed: placed(outcome),
            left_over_ids: left_over(outcome),
        },
    }
    ChangeRotationRequest => ChangeRotationResponse needs Breakouts and timing {
        |this, requester| Command::ChangeRotation { step: step(this.step)? },
        |answer, outcome| ChangeRotationResponse {
            answer,
            rotation: rotation_of(outcome),
            placed: placed(outcome),
            left_over_ids: left_over(outcome),
        },
    }
}

fn step(wire: i32) -> Result<RotationStep, ApiError> {
    match proto::RotationStep::try_from(wire) {
        Ok(proto::RotationStep::Pause) => Ok(RotationStep::Pause),
        Ok(proto::RotationStep::Resume) => Ok(RotationStep::Resume),
        Ok(proto::RotationStep::Skip) => Ok(RotationStep::Skip),
        Ok(proto::RotationStep::End) => Ok(RotationStep::End),
        Ok(proto::RotationStep::Unspecified) | Err(_) => Err(ApiError::BadRequest(
            "Say what to do: `step` is ROTATION_STEP_PAUSE, ROTATION_STEP_RESUME, \
             ROTATION_STEP_SKIP or ROTATION_STEP_END."
                .to_owned(),
        )),
    }
}
