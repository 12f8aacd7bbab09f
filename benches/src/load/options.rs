//! The command line.

use clap::{Parser, Subcommand};

use super::run_options::Common;
use super::scenario::breakouts::BreakoutsOptions;
use super::scenario::churn::ChurnOptions;
use super::scenario::exhaust::ExhaustOptions;
use super::scenario::fanout::FanoutOptions;
use super::scenario::gates::GatesOptions;
use super::scenario::join::JoinOptions;
use super::scenario::meetings::MeetingsOptions;
use super::scenario::saturate::SaturateOptions;
use super::scenario::scaling::ScalingOptions;
use super::scenario::soak::SoakOptions;
use super::scenario::storm::StormOptions;
use super::scenario::watchers::WatchersOptions;

/// Drives a media server with thousands of real WebRTC clients (ICE, DTLS, SRTP) and checks every packet
/// that they receive.
#[derive(Parser, Debug)]
#[command(name = "sideroom-load", version)]
pub struct Options {
    /// The scenario to run.
    #[command(subcommand)]
    pub scenario: Scenario,
    /// Options of all scenarios.
    #[command(flatten)]
    pub common: Common,
}

/// The scenario to run.
#[derive(Subcommand, Clone, Debug)]
pub enum Scenario {
    /// Some publish, many receive: CPU of a forwarded packet, loss and delay.
    Fanout(FanoutOptions),
    /// One publishes more and more until packets are lost: the highest rate without loss.
    Saturate(SaturateOptions),
    /// People move between the parent and breakouts: how long a move takes, and that nothing leaks.
    Breakouts(BreakoutsOptions),
    /// All are away: cost of the parent when live, paused and muted.
    Gates(GatesOptions),
    /// People come and go: time to join, and cost of one of them.
    Join(JoinOptions),
    /// Thousands come and go: memory afterwards is as before.
    Churn(ChurnOptions),
    /// The same fan-out with one media worker and with more: cost of a packet.
    Scaling(ScalingOptions),
    /// Thousands watch rooms where commands are given while media flow: neither disturbs the other.
    Watchers(WatchersOptions),
    /// Floods the server in every cheap way while a room speaks: the room must not notice, and memory must
    /// come back.
    Exhaust(ExhaustOptions),
    /// Rooms of ten in which everybody hears all and sees three, cameras with three layers: how many people a core serves.
    Meetings(MeetingsOptions),
    /// A room speaks while hundreds join, and while one participant sends the longest offers one after another: what this
    /// adds to the delay of the room's packets.
    Storm(StormOptions),
    /// Everything at once for a long time: memory stays flat and nothing leaks.
    Soak(SoakOptions),
}
