//! Makes a page with pictures of a set of measurements, and says what got worse.

use std::io;
use std::path::PathBuf;

use clap::Parser;
use sideroom_bench::results;

/// Reads the JSON files that the floor and the load tool wrote, and writes latest.json, latest.md and
/// pictures; figures that are worse than those of baseline.json there are told.
#[derive(Parser)]
#[command(name = "bench-report")]
struct Arguments {
    /// Folder with the results.
    results: PathBuf,
    /// Folder for the page.
    page: PathBuf,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let results = results::read(&arguments.results)?;
    let worse = results::write(&results, &arguments.page)?;
    println!("{} results in {}", results.len(), arguments.page.display());
    match worse {
        None => println!("no baseline.json there to compare with"),
        Some(worse) => worse.iter().for_each(|line| println!("worse: {line}")),
    }
    Ok(())
}
