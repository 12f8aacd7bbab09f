//! The binary `sideroom`: reads the command line and hands over to the library.

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;

/// Costs less than the C library's for rooms that allocate on one core and free on another, and its own threads
/// give memory that nobody uses back to the system.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    sideroom::cli::run(sideroom::cli::Cli::parse())
}
