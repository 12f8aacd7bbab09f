//! Commands to a swarm, and its events.

use std::sync::mpsc::Sender;
use std::time::Duration;

use sideroom_route::Time;

use super::counts::Counts;
use super::media::SourceSpec;
use super::member::{MemberSetup, Watch};

/// A burst that leaves this much after it was due is late.
pub const LATE: Duration = Duration::from_millis(5);

/// A command to a swarm.
pub enum Command {
    /// A client comes.
    Add(Box<MemberSetup>),
    /// A client goes, without a word to the server.
    Remove(u32),
    /// A client starts to send.
    Publish(u32, SourceSpec),
    /// A client stops to send anything.
    Unpublish(u32),
    /// All sources of this kind have another rate.
    SetRate(sideroom_route::TrackKind, u64),
    /// A new part of the run begins.
    SetRun(u16),
    /// A client's move was asked for.
    Watch(u32, u16, Time),
    /// The move was answered at this moment (or failed).
    Answered(u32, Time, bool),
    /// Signals that all earlier commands have been carried out.
    Barrier(Sender<()>),
    /// Tells the counts, and the thread's own cost.
    Snapshot(Sender<Snapshot>),
    /// The thread ends.
    Stop,
}

/// An event of a swarm.
#[derive(Debug)]
pub enum Event {
    /// The link of a client is up, this long after the client was added.
    Connected(u32, Duration),
    /// The link of a client failed, or was lost.
    Failed(u32, String),
    /// A client received the first media packet, this long after the client was added.
    FirstMedia(u32, Duration),
    /// Measurements of a move.
    Moved(u32, Watch),
}

/// Counts and own cost of one swarm.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// By part of the run.
    pub runs: Vec<Counts>,
    /// CPU time of the thread so far.
    pub cpu: Duration,
    /// Datagrams that the kernel dropped because the thread did not take them in time.
    pub kernel_drops: u32,
    /// The longest turn of its loop.
    pub longest_turn: Duration,
    /// Clients that are connected now.
    pub connected: usize,
}
