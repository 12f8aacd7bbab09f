//! Counters of the clients' networks, and of the repairs by clients and server.

use serde::Serialize;

use crate::load::histogram::{Histogram, Percentiles};
use crate::load::targets::server_counts::Pacing;

/// Counters of one part of a run. A received packet counts for the part in which it was sent.
#[derive(Clone, Debug, Default)]
pub struct PathCounts {
    /// Media packets that left the server and never came through, repeated ones not counted.
    pub lost: u64,
    /// Audio packets among them.
    pub lost_audio: u64,
    /// Packets that left the server again.
    pub resent: u64,
    /// Retransmissions that the path lost too.
    pub resent_lost: u64,
    /// Packets that had been missing and came again.
    pub repaired: u64,
    /// Packets asked for, each time counted.
    pub nacked: u64,
    /// Packets that were no longer asked for.
    pub given_up: u64,
    pub keyframes_asked: u64,
    /// Media packets that never reached the server on the first way.
    pub lost_up: u64,
    /// Packets that clients sent again.
    pub resent_up: u64,
    /// Packets lost on the way up that came through later.
    pub repaired_up: u64,
    /// From leaving the server to the client.
    pub delay: Histogram,
}

impl PathCounts {
    /// Adds another thread's counts.
    pub fn merge(&mut self, other: &Self) {
        self.lost += other.lost;
        self.lost_audio += other.lost_audio;
        self.resent += other.resent;
        self.resent_lost += other.resent_lost;
        self.repaired += other.repaired;
        self.nacked += other.nacked;
        self.given_up += other.given_up;
        self.keyframes_asked += other.keyframes_asked;
        self.lost_up += other.lost_up;
        self.resent_up += other.resent_up;
        self.repaired_up += other.repaired_up;
        self.delay.merge(&other.delay);
    }

    /// Packets that the way up lost for good.
    pub fn missing_up(&self) -> u64 {
        self.lost_up.saturating_sub(self.repaired_up)
    }
}

/// The counts of a path in a report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PathFigures {
    /// Media packets that left the server and that the path lost, repeated ones not counted.
    pub lost_by_the_path: u64,
    /// Audio packets among them; clients don't ask for them again.
    pub lost_audio: u64,
    /// The share of the packets that the path lost.
    pub share_lost: f64,
    /// Packets that clients asked for, each time counted.
    pub nacked: u64,
    /// Packets that left the server again.
    pub resent: u64,
    /// Retransmissions that the path lost too.
    pub resent_lost: u64,
    /// Packets that had been missing and came again.
    pub repaired: u64,
    /// Packets that clients asked for in vain and gave up.
    pub given_up: u64,
    /// Keyframes that clients asked for.
    pub keyframes_asked: u64,
    /// Packets that everybody should have got without a path and that the server held back, because the path
    /// has no room for them (only where that is known).
    pub withheld: Option<u64>,
    /// Media packets that the way up lost.
    pub lost_up: u64,
    /// Packets that clients sent again because the server asked.
    pub resent_up: u64,
    /// Packets lost on the way up that came through later.
    pub repaired_up: u64,
    /// From leaving the server to the client.
    pub delay: Percentiles,
    /// The server's repairs and pacing, by its own metrics.
    pub server: Option<Pacing>,
    /// Packets that its pacers delayed, as a share of all that left it.
    pub share_paced: f64,
}

impl PathFigures {
    /// The figures in lines for a terminal.
    pub fn print(&self) {
        println!(
            "  path        lost {} ({:.4} %, {} of them audio), {} asked for, {} came again, {} given up, {} \
             keyframes asked for; p50 {:.1} ms, p99 {:.1} ms",
            self.lost_by_the_path,
            self.share_lost * 100.0,
            self.lost_audio,
            self.nacked,
            self.repaired,
            self.given_up,
            self.keyframes_asked,
            self.delay.p50_ms,
            self.delay.p99_ms
        );
        if self.lost_up + self.resent_up > 0 {
            println!(
                "  path up     lost {}, {} sent again, {} of what was lost came through",
                self.lost_up, self.resent_up, self.repaired_up
            );
        }
        if let Some(withheld) = self.withheld {
            println!("  withheld    {withheld}");
        }
        if let Some(server) = &self.server {
            println!(
                "  pacers      kept {} for a while ({:.2} %), refused to repeat {}; {} keyframes asked of \
                 publishers",
                server.paced,
                self.share_paced * 100.0,
                server.refused,
                server.keyframe_requests
            );
        }
    }

    /// Computes the figures, given the media packets that left the server.
    pub fn of(counts: &PathCounts, received: u64, server: Option<Pacing>) -> Self {
        let share = |part: u64| (part as f64 / received.max(1) as f64 * 1e5).round() / 1e5;
        Self {
            lost_by_the_path: counts.lost,
            lost_audio: counts.lost_audio,
            share_lost: share(counts.lost),
            nacked: counts.nacked,
            resent: counts.resent,
            resent_lost: counts.resent_lost,
            repaired: counts.repaired,
            given_up: counts.given_up,
            keyframes_asked: counts.keyframes_asked,
            withheld: None,
            lost_up: counts.lost_up,
            resent_up: counts.resent_up,
            repaired_up: counts.repaired_up,
            delay: counts.delay.percentiles(),
            server,
            share_paced: share(server.map_or(0, |server| server.paced)),
        }
    }
}
