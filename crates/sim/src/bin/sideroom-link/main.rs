//! A bad network in front of a UDP server: whatever goes to the address it prints passes a seeded link
//! with a rate, a queue, delay, jitter, loss and outages, and so do the answers. All clients of one
//! process share its two bottlenecks.

mod commands;
mod proxy;
mod record;
mod state;

use std::io::{self, BufRead};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use sideroom_sim::link::Impairment;
use sideroom_sim::settings::{apply, duration};

use commands::{Answer, Command};
use proxy::Proxy;

/// Carries UDP between clients and a server over a link with impairments: rate, queue, delay, jitter, loss,
/// bursts, reordering, stalls, outages. Prints its address as JSON, then an answer to each command, one a
/// line.
///
/// Commands, from standard input or a script, one a line:
///
///   down rate=500k,delay=30ms   change what the way from the server to the clients does
///   up loss=5%                  change the way from the clients to the server
///   both down=yes               change both
///   at 10s down rate=3m         any command, so long after the start
///   in 2s both down=no          any command, so long from now
///   tcp down start              a bulk TCP flow (a model) shares the bottleneck; also stop, and up
///   report                      print what passed, was dropped and waited, as JSON
///   quit                        print the report and end
#[derive(Parser)]
#[command(name = "sideroom-link", version, verbatim_doc_comment)]
struct Options {
    /// Where clients send to. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The server's media port.
    #[arg(long)]
    to: SocketAddr,
    /// Impairments of the way from the server to the clients: rate=500k,queue=300ms,delay=30ms,jitter=5ms,
    /// loss=0.05,burst=0.01,burst-length=5,reorder=0.1,duplicate=0.01,stall=200ms,stall-every=1s,down=yes.
    #[arg(long, value_parser = settings, default_value = "")]
    down: Impairment,
    /// The same for the way from the clients to the server.
    #[arg(long, value_parser = settings, default_value = "")]
    up: Impairment,
    /// The same seed and the same packets give the same losses.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Read commands from this file first.
    #[arg(long)]
    script: Option<PathBuf>,
    /// End after this time (and not with the end of standard input).
    #[arg(long = "for", value_parser = time)]
    lasts: Option<Duration>,
}

fn settings(text: &str) -> Result<Impairment, String> {
    let mut impairment = Impairment::default();
    apply(&mut impairment, text)?;
    Ok(impairment)
}

fn time(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "expected a time, such as 500ms or 30s".to_owned())
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    let proxy = Proxy::open(options.listen, options.to).map_err(|error| error.to_string())?;
    let proxy = Arc::new(proxy.with_links(options.down, options.up, options.seed));
    println!("{{\"listening\":\"{}\"}}", proxy.address());
    if let Some(path) = &options.script {
        let named = |error: String| format!("{}: {error}", path.display());
        let script = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
        for (number, line) in script.lines().enumerate() {
            let command = Command::parse(line);
            let command =
                command.map_err(|error| named(format!("line {}: {error}", number + 1)))?;
            command.into_iter().for_each(|it| proxy.command(it));
        }
    }
    if let Some(lasts) = options.lasts {
        let end = Command::parse("quit")?.into_iter();
        end.for_each(|it| proxy.command(it.after(lasts)));
    }
    let reader = Arc::clone(&proxy);
    let ends_with_input = options.lasts.is_none();
    std::thread::spawn(move || read_commands(&reader, ends_with_input));
    proxy.run();
    Ok(())
}

/// Standard input, line by line; its end ends the link, unless it was given a time.
fn read_commands(proxy: &Proxy, ends_with_input: bool) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match Command::parse(&line) {
            Ok(command) => command.into_iter().for_each(|it| proxy.command(it)),
            Err(error) => Answer::Refused { line, error }.print(),
        }
    }
    if ends_with_input && let Ok(Some(quit)) = Command::parse("quit") {
        proxy.command(quit);
    }
}
