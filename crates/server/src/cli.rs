//! The command line. It parses and dispatches; each command has its own module.

mod cluster;
mod journal;
mod token;
mod top;
mod webhooks;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Announced, ApiKey, Config, ConfigError};

/// An SFU media server whose subject is breakout rooms.
#[derive(Parser, Debug)]
#[command(name = "sideroom", version, arg_required_else_help = true)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the binary.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Check the configuration, or print the effective one
    CheckConfig(CheckArgs),
    /// Sign a token: for somebody who joins a room, or (--api) for a signaling server
    Token(token::TokenArgs),
    /// Read the journal of a store that no server has open
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Look after the receivers of events of a running server
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Look at a cluster of nodes, and move its rooms
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Watch a running server: rooms, breakouts, their people, packets, drops
    Top(top::TopArgs),
}

/// Where the configuration comes from.
#[derive(Args, Debug, Default)]
pub struct ConfigArgs {
    /// The TOML file. Without it: the defaults, changed by SIDEROOM_* variables
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), std::env::vars())
    }

    /// For commands that call a server: without a configured key they use the one that scripts use,
    /// `SIDEROOM_KEY` with `SIDEROOM_SECRET`.
    fn load_with_client_key(&self) -> Result<Config, ConfigError> {
        let mut config = self.load()?;
        if config.auth.keys.is_empty()
            && let Ok(secret) = std::env::var("SIDEROOM_SECRET")
        {
            config.auth.keys.push(ApiKey {
                id: std::env::var("SIDEROOM_KEY").unwrap_or_else(|_| "dev".into()),
                secret,
                ..ApiKey::default()
            });
        }
        Ok(config)
    }
}

/// How to check.
#[derive(Args, Debug, Default)]
pub struct CheckArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print nothing but warnings and errors
    #[arg(long, short)]
    pub quiet: bool,
}

/// How to serve.
#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// A development server: loopback only, a key of its own, rooms in memory, tokens for everybody
    #[arg(long)]
    pub dev: bool,
    /// Where rooms are kept
    #[arg(long, value_name = "memory|PATH")]
    pub store: Option<String>,
    /// Number of media workers, 0 for one a core
    #[arg(long, value_name = "N")]
    pub workers: Option<u16>,
    /// TCP port of the pages, JSON, WebSocket, WHIP and WHEP; 0 for any
    #[arg(long, value_name = "PORT")]
    pub http_port: Option<u16>,
    /// TCP port of gRPC; 0 for any
    #[arg(long, value_name = "PORT")]
    pub grpc_port: Option<u16>,
    /// TCP port of health and metrics; 0 for any
    #[arg(long, value_name = "PORT")]
    pub admin_port: Option<u16>,
    /// UDP and TCP port of the first media worker, the others follow; 0 for any
    #[arg(long, value_name = "PORT")]
    pub media_port: Option<u16>,
    /// Addresses that clients are told to send media to, such as the public one behind NAT
    /// (`203.0.113.7`, or `203.0.113.7:40000` where the public ports are others)
    #[arg(long, value_name = "IP,…", value_delimiter = ',')]
    pub announce: Vec<Announced>,
}

impl ServeArgs {
    fn load(&self) -> Result<Config, ConfigError> {
        let mut config = self.config.load()?;
        if let Some(path) = &self.store {
            config.store.path.clone_from(path);
        }
        if let Some(workers) = self.workers {
            config.node.workers = workers;
        }
        for (listen, port) in [
            (&mut config.http.listen, self.http_port),
            (&mut config.grpc.listen, self.grpc_port),
            (&mut config.admin.listen, self.admin_port),
        ] {
            if let Some(port) = port {
                listen.set_port(port);
            }
        }
        if let Some(port) = self.media_port {
            config.media.first_port = port;
        }
        if !self.announce.is_empty() {
            config.media.announce.clone_from(&self.announce);
        }
        Ok(config)
    }
}

/// Error of commands that sign tokens and have no key.
const NO_KEY: &str = "there is no API key to sign with; give --config FILE, set \
     SIDEROOM_AUTH_KEYS=id:secret as `sideroom serve --dev` prints it, or set SIDEROOM_KEY and \
     SIDEROOM_SECRET";

/// The result of a command.
type Done = Result<(), Box<dyn Error>>;

/// Runs the command.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(args) => serve(args),
        Command::CheckConfig(args) => check_config(&args),
        Command::Token(args) => token::run(&args),
        Command::Journal(command) => journal::run(command),
        Command::Webhooks(command) => webhooks::run(&command),
        Command::Cluster(command) => cluster::run(command),
        Command::Top(args) => top::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sideroom: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: ServeArgs) -> Done {
    let (config, dev) = (args.load()?, args.dev);
    Ok(crate::serve::run(
        config,
        dev,
        Box::new(move || args.load()),
    )?)
}

fn check_config(args: &CheckArgs) -> Done {
    let config = args.config.load()?;
    config.validate()?;
    config.keyring()?;
    crate::logging::filter(&config.log)?;
    crate::tls::Tls::read(&config.tls)?;
    crate::webhooks::Settings::read(&config.webhooks)?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    if !args.quiet {
        print!("{}", config.to_toml());
    }
    Ok(())
}
