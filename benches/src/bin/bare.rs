//! Runs the bare path: receive, open, seal for every subscriber, send, and nothing else.

use std::io;
use std::net::SocketAddr;

use clap::Parser;
use sideroom_bench::bare::Bare;
use sideroom_bench::profile::Profile;
use sideroom_net::{PortOptions, UdpOptions};

/// A forwarder with static SRTP keys and nothing else: every packet goes to every other peer that receives.
/// The yardstick for the server's cost under the same load; `sideroom-load --target bare` drives it. Peers
/// register with one JSON object in a datagram: {"hello":"peer","id":2,"ssrcs":[],"receives":true},
/// {"hello":"stats"}, {"hello":"reset"}.
#[derive(Parser)]
#[command(name = "bare")]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// SRTP profile of every peer.
    #[arg(long, value_enum, default_value_t = Profile::Gcm128)]
    profile: Profile,
    /// Send every packet as a datagram of its own, never segmented.
    #[arg(long)]
    no_segment: bool,
    /// Receive every datagram alone, never coalesced.
    #[arg(long)]
    no_coalesce: bool,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let options = PortOptions {
        udp: UdpOptions {
            segment: !arguments.no_segment,
            coalesce: !arguments.no_coalesce,
            ..UdpOptions::default()
        },
        tcp: None,
    };
    let mut bare = Bare::bind(arguments.listen, &options, arguments.profile.into())?;
    // The load tool reads the port from this line.
    println!("listening on {}", bare.local_addr());
    loop {
        bare.turn(None)?;
    }
}
