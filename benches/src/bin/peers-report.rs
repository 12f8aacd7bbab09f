//! Makes a table of Sideroom beside other servers, and fails if it is not as much cheaper as is claimed.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sideroom_bench::results::{self, peers::Comparison};

/// Reads the JSON files of `sideroom-load fanout --target PEER --against sideroom`, and writes one JSON
/// file and a page.
#[derive(Parser)]
#[command(name = "peers-report")]
struct Arguments {
    /// Folder with the results.
    results: PathBuf,
    /// The JSON file to write.
    json: PathBuf,
    /// The page to write.
    page: PathBuf,
    /// Least CPU for each packet that a peer takes at its better setting and the largest audience that it
    /// carries, as a multiple of Sideroom's.
    #[arg(long, default_value_t = 4.0)]
    min_ratio: f64,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let comparison = Comparison::of(&results::read(&arguments.results)?);
    let text = serde_json::to_string_pretty(&comparison)?;
    fs::write(&arguments.json, text + "\n")?;
    fs::write(&arguments.page, comparison.page())?;
    print!("{}", comparison.table());
    for (subscribers, ratio) in &comparison.ratio_at_better_setting {
        println!("1 × {subscribers}: {ratio} times Sideroom's CPU a packet at the better setting");
    }
    let claimed = comparison.claimed();
    if claimed.is_none_or(|(_, ratio)| ratio < arguments.min_ratio) {
        let min = arguments.min_ratio;
        eprintln!("peers-report: (subscribers, ratio) {claimed:?} is less than {min}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
