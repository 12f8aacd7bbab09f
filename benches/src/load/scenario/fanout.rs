//! Some publish, many receive.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;
use sideroom_route::TrackKind;

use super::{crowd_for, measure, plans, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::media::MAX_PAYLOAD;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::swarm_messages::Command;
use crate::load::targets::{Target, WorkerCounts};

/// All workers have reported their counts within this time.
const TOLD_WITHIN: Duration = Duration::from_millis(2_500);

/// The shapes that other servers publish figures for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// 10 publish audio to many.
    Audio,
    /// A meeting: all publish video and audio to all.
    Meeting,
    /// One publishes video to many.
    Livestream,
}

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct FanoutOptions {
    /// One of the known shapes; the other options change it.
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// How many publish.
    #[arg(long)]
    pub publishers: Option<u32>,
    /// How many receive (in a meeting: how many there are in all).
    #[arg(long)]
    pub subscribers: Option<u32>,
    /// Audio bits a second of each publisher; 0: none.
    #[arg(long)]
    pub audio_bps: Option<u64>,
    /// Video bits a second of each publisher; 0: none.
    #[arg(long)]
    pub video_bps: Option<u64>,
    /// Video frames a second.
    #[arg(long, default_value_t = 30)]
    pub fps: u32,
}

/// The options with all defaults filled in.
#[derive(Clone, Copy, Debug, Serialize)]
struct Shape {
    publishers: u32,
    subscribers: u32,
    audio_bps: u64,
    video_bps: u64,
    fps: u32,
    /// All clients publish and receive.
    meeting: bool,
}

impl FanoutOptions {
    /// How many receive each packet.
    pub fn audience(&self) -> u32 {
        u32::try_from(self.shape().audience()).unwrap_or(u32::MAX)
    }

    fn shape(&self) -> Shape {
        let preset = match self.preset {
            Some(Preset::Audio) => (10, 100, 32_000, 0),
            Some(Preset::Meeting) => (10, 10, 32_000, 600_000),
            Some(Preset::Livestream) => (1, 1_000, 0, 1_500_000),
            None => (1, 200, 32_000, 1_440_000),
        };
        let meeting = self.preset == Some(Preset::Meeting);
        let subscribers = self.subscribers.unwrap_or(preset.1);
        Shape {
            publishers: if meeting {
                subscribers
            } else {
                self.publishers.unwrap_or(preset.0)
            },
            subscribers,
            audio_bps: self.audio_bps.unwrap_or(preset.2),
            video_bps: self.video_bps.unwrap_or(preset.3),
            fps: self.fps,
            meeting,
        }
    }
}

impl Shape {
    fn kinds(&self) -> Vec<TrackKind> {
        let mut kinds = Vec::new();
        if self.audio_bps > 0 {
            kinds.push(TrackKind::Audio);
        }
        if self.video_bps > 0 {
            kinds.push(TrackKind::Camera);
        }
        kinds
    }

    /// Slots for all publishers, audio and video.
    fn slots(&self) -> (usize, usize) {
        let slots = |rate: u64| {
            if rate > 0 {
                self.publishers as usize
            } else {
                0
            }
        };
        (slots(self.audio_bps), slots(self.video_bps))
    }

    fn clients(&self) -> u32 {
        if self.meeting {
            self.subscribers
        } else {
            self.publishers + self.subscribers
        }
    }

    /// Packets that the server sends for one video frame.
    fn frame_packets(&self) -> u64 {
        let bytes = self.video_bps / 8 / u64::from(self.fps.max(1));
        bytes.div_ceil(MAX_PAYLOAD as u64) * self.audience()
    }

    /// How many receive each packet.
    fn audience(&self) -> u64 {
        u64::from(self.subscribers) - u64::from(self.meeting)
    }
}

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &FanoutOptions,
) -> Result<Report, LoadError> {
    const ROOM: &str = "load-fanout";
    let shape = options.shape();
    let mut crowd = crowd_for(common, shape.clients() as usize)?;
    target.open_room(ROOM, shape.clients() as usize)?;
    let kinds = shape.kinds();
    let receives = if shape.meeting { shape.slots() } else { (0, 0) };
    let publishers = plans(&crowd, 0..shape.publishers, ROOM, &kinds, receives);
    crowd.join(target, publishers)?;
    if !shape.meeting {
        let clients = shape.publishers..shape.clients();
        let subscribers = plans(&crowd, clients, ROOM, &[], shape.slots());
        crowd.join(target, subscribers)?;
    }
    begin_to_send(&crowd, target, ROOM, &shape)?;
    let warm = crowd.clock.now() + common.warm_up;
    crowd.idle_until(warm, |_| {});
    let measured = measure(&mut crowd, target, common.duration, "fanout")?;
    let workers = if common.workers > 1 {
        workers_at_rest(&mut crowd, target)
    } else {
        None
    };
    let audience = shape.audience();
    let traffic = match crowd.path {
        Some(_) => measured.traffic_over_paths(audience),
        None => measured.traffic(audience),
    };
    let mut report = report("fanout", target, &measured, traffic);
    if let Some(path) = &mut report.path {
        let left = path.lost_up.saturating_sub(path.repaired_up);
        let reached = measured.counts.sent.saturating_sub(left) * audience;
        path.withheld = Some(reached.saturating_sub(report.traffic.expected));
    }
    report.options = json!({ "shape": shape, "profile": common.profile });
    report.figures = json!({
        "join_answer": crowd.join_times.answer.percentiles(),
        "join_connect": crowd.join_times.connect.percentiles(),
        // The last subscriber of a frame waits until the packets of all others were sent.
        "frame_ms": shape.frame_packets() as f64 * report.server.cpu_ns_per_packet / 1e6,
        "workers": workers,
    });
    Ok(report)
}

/// The total counts of each worker once sending has stopped: workers report from time to time, each at
/// another moment.
fn workers_at_rest(crowd: &mut Crowd, target: &dyn Target) -> Option<Vec<WorkerCounts>> {
    target.workers()?;
    for client in &crowd.clients {
        crowd.send_command(client.number, Command::Unpublish(client.number));
    }
    crowd.idle_until(crowd.clock.now() + TOLD_WITHIN, |_| {});
    target.workers()
}

fn begin_to_send(
    crowd: &Crowd,
    target: &dyn Target,
    room: &str,
    shape: &Shape,
) -> Result<(), LoadError> {
    let kinds = shape.kinds();
    for client in crowd.clients.iter().take(shape.publishers as usize) {
        target.publish(room, &client.participant, &kinds)?;
        crowd.send(client, TrackKind::Audio, shape.audio_bps, 50);
        crowd.send(client, TrackKind::Camera, shape.video_bps, shape.fps);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_shapes_that_options_change() {
        let options = FanoutOptions {
            preset: Some(Preset::Meeting),
            publishers: Some(3),
            subscribers: Some(20),
            audio_bps: None,
            video_bps: Some(0),
            fps: 30,
        };
        let shape = options.shape();
        assert_eq!(
            (shape.clients(), shape.publishers, shape.audience()),
            (20, 20, 19)
        );
        assert_eq!(
            (shape.kinds(), shape.slots()),
            (vec![TrackKind::Audio], (20, 0))
        );
        let options = FanoutOptions {
            preset: None,
            ..options
        };
        let shape = options.shape();
        assert_eq!(
            (shape.clients(), shape.publishers, shape.audience()),
            (23, 3, 20)
        );
    }
}
