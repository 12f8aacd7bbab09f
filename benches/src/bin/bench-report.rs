//! Makes a page with charts of a set of measurements, and lists regressions.

use std::io;
use std::path::PathBuf;

use clap::Parser;
use sideroom_bench::results;

/// Reads the JSON files of the floor and the load tool, and writes latest.json, latest.md and charts; it
/// lists figures that are worse than those of baseline.json there.
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
