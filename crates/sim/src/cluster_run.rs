//! `sideroom-sim cluster`: worlds of many nodes.

use std::process::ExitCode;

use clap::Args;
use sideroom_sim::cluster::{ClusterPlant, ClusterSetting, ClusterTotals};

use crate::seeds::Seeds;

/// Runs worlds in which the real ownership code of several nodes meets crashes, freezes, partitions in one direction
/// and in both, an etcd that is gone, lost answers, hand-overs and drifting clocks. Exits with 0 when every oracle
/// holds.
#[derive(Args)]
pub(crate) struct ClusterRunOptions {
    #[command(flatten)]
    seeds: Seeds,
    /// Nodes, 1 to 7; without it, 1 to 7 in turn.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=7))]
    nodes: Option<u16>,
    /// Events of each world.
    #[arg(long, default_value_t = 20_000)]
    steps: u64,
    /// Plant this bug, so that an oracle fails.
    #[arg(long, value_parser = plant)]
    plant: Option<ClusterPlant>,
}

fn plant(name: &str) -> Result<ClusterPlant, String> {
    let found = ClusterPlant::ALL
        .into_iter()
        .find(|it| format!("{it:?}") == name);
    found.ok_or_else(|| {
        let all = ClusterPlant::ALL.map(|plant| format!("{plant:?}"));
        format!(
            "there is no such bug to plant; there are {}",
            all.join(", ")
        )
    })
}

impl ClusterRunOptions {
    /// Runs the worlds, on several threads.
    pub(crate) fn run(&self) -> ExitCode {
        let setting = |seed| ClusterSetting {
            seed,
            nodes: self.nodes.unwrap_or_else(|| ClusterSetting::nodes_of(seed)),
            steps: self.steps,
            plant: self.plant,
        };
        match self
            .seeds
            .run(|seed| setting(seed).run(), ClusterTotals::add)
        {
            Ok(totals) => {
                println!("{} seeds, every oracle holds\n{totals}", self.seeds.count());
                ExitCode::SUCCESS
            }
            Err((_, failure)) => {
                println!("FAILED: {failure}");
                ExitCode::FAILURE
            }
        }
    }
}
