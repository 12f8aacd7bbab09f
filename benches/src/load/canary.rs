//! A signaling server that goes on with its work while others push: commands on a connection that it keeps, and
//! on new ones, and the health check.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use super::histogram::{Histogram, Percentiles};
use super::targets::sideroom::api::Api;
use super::watchers::pause;

/// How a canary fared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Canary {
    /// Commands on a connection that is kept, from when each was due.
    pub command: Percentiles,
    /// Commands on connections of their own, with the time to connect.
    pub command_on_a_new_connection: Percentiles,
    /// Health checks on connections of their own.
    pub health: Percentiles,
    /// Number of these requests that failed.
    pub failed: u64,
    /// The first failure.
    pub why: Option<String>,
}

/// Sends commands to a breakout of `room` at a rate until `stop`.
pub fn sing(api: &Api, room: &str, per_s: f64, stop: &AtomicBool) -> Canary {
    let mut times: [Histogram; 3] = Default::default();
    let mut canary = Canary::default();
    let begun = now();
    let mut number = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        let due = begun + Duration::from_secs_f64(f64::from(number) / per_s);
        pause(due.saturating_duration_since(now()));
        let body =
            json!({ "room": room, "breakoutId": "b1", "displayName": format!("name {number}") });
        let rename = |api: &Api| {
            api.call("BreakoutService/UpdateBreakout", body.clone())
                .map(drop)
        };
        let (kind, result) = match number % 4 {
            0 => (1, rename(&api.reconnected())),
            1 => (2, api.reconnected().check_health()),
            _ => (0, rename(api)),
        };
        match (result, times.get_mut(kind)) {
            (Ok(()), Some(times)) => times.record(now().saturating_duration_since(due)),
            (Ok(()), None) => {}
            (Err(error), _) => {
                canary.failed += 1;
                canary.why.get_or_insert(error.to_string());
            }
        }
        number += 1;
    }
    let [kept, new, health] = times.map(|times| times.percentiles());
    Canary {
        command: kept,
        command_on_a_new_connection: new,
        health,
        ..canary
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "commands are due at times of a real clock"
)]
fn now() -> Instant {
    Instant::now()
}
