//! The command line: what can be asked of the binary. It parses and dispatches, nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config};

/// The Sideroom media server.
#[derive(Parser, Debug)]
#[command(name = "sideroom", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary does.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server.
    Serve(ServeArgs),
    /// Read the configuration, say what is wrong with it or print what it amounts to.
    CheckConfig(ConfigArgs),
}

/// Where the configuration comes from.
#[derive(Args, Debug, Default)]
pub struct ConfigArgs {
    /// The TOML file. Without it: the defaults, changed by SIDEROOM_* variables.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How to serve.
#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// A development server: loopback only, a key of its own, rooms in memory.
    #[arg(long)]
    pub dev: bool,
    /// Where rooms are kept: "memory" or the path of the store.
    #[arg(long, value_name = "memory|PATH")]
    pub store: Option<String>,
    /// Number of media workers, 0 for one a core.
    #[arg(long, value_name = "N")]
    pub workers: Option<u16>,
}

/// Does what the command line asks.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(args) => load(&args.config).map(|_| ()),
        Command::CheckConfig(args) => load(&args).map(|config| print!("{}", config.to_toml())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sideroom: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load(args: &ConfigArgs) -> Result<Config, config::ConfigError> {
    Config::load(args.config.as_deref(), std::env::vars())
}
