//! Prints this machine's floor: CPU time to copy, seal and send a packet.

use std::io;

use clap::Parser;
use sideroom_bench::floor::{FloorOptions, measure};

/// CPU time of this machine for copying, sealing (AES-128-GCM) and sending a packet of 1,244 bytes
/// over the loopback interface: one by one in batches, and in segmented bursts of 4, 8 and 16.
#[derive(Parser)]
#[command(name = "floor")]
struct Arguments {
    /// Sockets to send to.
    #[arg(long, default_value_t = 100)]
    receivers: usize,
    /// Readings of each variant; they take turns.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let floor = measure(FloorOptions {
        receivers: arguments.receivers,
        rounds: arguments.rounds,
    })?;
    if arguments.json {
        println!("{}", serde_json::to_string(&floor)?);
        return Ok(());
    }
    println!(
        "CPU ns a packet of {} bytes, best / median:",
        floor.packet_bytes
    );
    let seal = floor.seal_only.cpu_ns_per_packet;
    println!(
        "  copy and seal        {:7.0} {:7.0}",
        seal.best, seal.median
    );
    for burst in &floor.bursts {
        let cost = burst.cost.cpu_ns_per_packet;
        println!(
            "  and send, burst {:>4} {:7.0} {:7.0}",
            burst.burst, cost.best, cost.median
        );
    }
    Ok(())
}
