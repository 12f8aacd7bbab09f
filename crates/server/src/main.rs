//! The binary `sideroom`: reads the command line and hands over to the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    sideroom::cli::run(sideroom::cli::Cli::parse())
}
