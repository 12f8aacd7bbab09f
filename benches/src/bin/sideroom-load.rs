//! The load tool: see `sideroom-load --help`.

use std::process::ExitCode;

use clap::Parser;
use sideroom_bench::load::options::Options;
use sideroom_bench::load::run::run;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match run(&options) {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("sideroom-load: {error}");
            return ExitCode::from(2);
        }
    };
    if options.common.json {
        println!("{}", serde_json::to_string(&outcome).unwrap_or_default());
    } else if let Some(ratio) = outcome.ratio {
        println!("\nratio of the medians: {ratio}");
        if let Some(added) = outcome.added_delay {
            let (p50, p99) = (added.p50_ms, added.p99_ms);
            println!("added delay: p50 {p50} ms, p99 {p99} ms");
        }
    }
    if !options.common.json {
        outcome
            .scaling
            .iter()
            .for_each(|scaled| println!("{scaled}"));
    }
    for broken in &outcome.broken {
        eprintln!("sideroom-load: {broken}");
    }
    ExitCode::from(u8::from(!outcome.broken.is_empty()))
}
