//! `sideroom cluster`: certificates for a first try, and a look at a cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use sideroom_etcd::Alarm;

use super::{ConfigArgs, Done};
use crate::cluster::certificates;
use crate::cluster::inspect::{self, ClusterView, EtcdView, InspectError, NodeState};
use crate::config::ClusterConfig;
use crate::config::cluster::is_label;

/// What to do with a cluster. All but `init` read `[cluster]` of a node's configuration.
#[derive(Subcommand, Debug)]
pub enum ClusterCommand {
    /// Make an authority, and a certificate for each node
    Init(InitArgs),
    /// Show etcd's members, the nodes, and what is wrong
    Status(ConfigArgs),
    /// Show the nodes
    Nodes(ConfigArgs),
    /// Show the rooms with their owners
    Rooms(ConfigArgs),
    /// Tell a node to give all its rooms away, and to end
    Drain(DrainArgs),
    /// Give a room to another node
    HandOver(HandOverArgs),
}

/// Which nodes, and where to.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Names of nodes, as in `node.name`
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
    /// Where the files go. An authority that is there signs the new certificates
    #[arg(long, value_name = "DIR", default_value = "cluster-certificates")]
    directory: PathBuf,
}

/// Which node.
#[derive(Args, Debug)]
pub struct DrainArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The node's name
    node: String,
    /// How long it may take; without it what the node's configuration says
    #[arg(long, value_name = "SECONDS")]
    deadline_s: Option<u64>,
}

/// Which room, and where to.
#[derive(Args, Debug)]
pub struct HandOverArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The room's name
    room: String,
    /// The next owner; without it the node with the fewest rooms
    #[arg(long, value_name = "NODE")]
    to: Option<String>,
}

pub(super) fn run(command: ClusterCommand) -> Done {
    match command {
        ClusterCommand::Init(args) => init(&args),
        ClusterCommand::Status(args) => {
            let cluster = read(&args)?;
            let etcd = wait(inspect::etcd(&cluster))?;
            print!("{}", etcd_text(&etcd));
            let view = wait(inspect::cluster(&cluster))?;
            print!("{}", status_text(&view));
            Ok(())
        }
        ClusterCommand::Nodes(args) => {
            print!("{}", nodes_text(&wait(inspect::cluster(&read(&args)?))?));
            Ok(())
        }
        ClusterCommand::Rooms(args) => {
            print!("{}", rooms_text(&wait(inspect::cluster(&read(&args)?))?));
            Ok(())
        }
        ClusterCommand::Drain(args) => {
            let deadline = args.deadline_s.map(Duration::from_secs);
            wait(inspect::drain(&read(&args.config)?, &args.node, deadline))?;
            println!("{} gives its rooms away and ends", args.node);
            Ok(())
        }
        ClusterCommand::HandOver(args) => {
            let to = args.to.as_deref();
            wait(inspect::hand_over(&read(&args.config)?, &args.room, to))?;
            println!("{} is handed over", args.room);
            Ok(())
        }
    }
}

fn init(args: &InitArgs) -> Done {
    if let Some(wrong) = args.nodes.iter().find(|name| !is_label(name)) {
        return Err(format!(
            "`{wrong}` is no name for a node: 1 to 63 small letters, digits and hyphens, such as media-1"
        )
        .into());
    }
    let written = certificates::init(&args.directory, &args.nodes)?;
    for file in &written {
        println!("{}", file.display());
    }
    if written.is_empty() {
        println!("all files are there already");
    }
    println!(
        "\nEach node gets authority.pem, NAME.pem and NAME-key.pem: cluster.authority_file, \
         cluster.certificate_file, cluster.key_file.\nKeep authority-key.pem away from the nodes; it signs more."
    );
    Ok(())
}

fn read(args: &ConfigArgs) -> Result<ClusterConfig, Box<dyn std::error::Error>> {
    let config = args.load()?;
    if !config.cluster.is_on() {
        return Err(
            "cluster.etcd is not set, so there is no cluster; give --config FILE of one of its nodes".into(),
        );
    }
    Ok(config.cluster)
}

/// Runs a few calls to their end.
fn wait<T>(
    calls: impl Future<Output = Result<T, InspectError>>,
) -> Result<T, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(calls)?)
}

fn etcd_text(etcd: &EtcdView) -> String {
    let mut text = String::from("etcd\n");
    for (url, state) in &etcd.members {
        text += &match state {
            Err(error) => format!("  {url}  does not answer: {error}\n"),
            Ok(state) => format!(
                "  {url}  {}, {} MiB in use of {} MiB{}\n",
                state.version,
                state.db_bytes_in_use >> 20,
                state.db_bytes >> 20,
                if state.has_leader {
                    ""
                } else {
                    ", has no leader"
                },
            ),
        };
    }
    for alarm in &etcd.alarms {
        text += match alarm {
            Alarm::NoSpace => {
                "  ALARM: the space quota is used up; see \"When etcd is full\" in docs/cluster.md\n"
            }
            Alarm::Corrupt => "  ALARM: the data of its members differ; restore the member\n",
        };
    }
    text
}

fn status_text(view: &ClusterView) -> String {
    let unowned = view
        .rooms
        .iter()
        .filter(|room| room.owner.is_none())
        .count();
    format!(
        "\n{}\n{} rooms, {unowned} without an owner\n",
        nodes_text(view),
        view.rooms.len()
    )
}

fn nodes_text(view: &ClusterView) -> String {
    let mut rows = vec![["NODE", "ID", "STATE", "ROOMS", "VERSION", "ADDRESS"].map(String::from)];
    for node in &view.nodes {
        let it = &node.registration;
        rows.push([
            it.name.clone(),
            node.node.0.to_string(),
            state_text(node.state).into(),
            node.rooms.to_string(),
            it.version.clone(),
            it.address.clone(),
        ]);
    }
    table(&rows)
}

const fn state_text(state: NodeState) -> &'static str {
    match state {
        NodeState::Lives => "lives",
        NodeState::Drains => "drains",
        NodeState::Silent => "silent",
        NodeState::Deposed => "dead",
        NodeState::Absent => "absent",
    }
}

fn rooms_text(view: &ClusterView) -> String {
    let mut rows = vec![["ROOM", "ID", "OWNER", "TERM"].map(String::from)];
    for room in &view.rooms {
        let (owner, term) = match &room.owner {
            Some((owner, term)) => (owner.clone(), term.0.to_string()),
            None => ("-".into(), "-".into()),
        };
        rows.push([room.name.clone(), room.room.0.to_string(), owner, term]);
    }
    table(&rows)
}

/// Columns as wide as their widest cell.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [["A", "LONG"], ["länger", "b"]].map(|row| row.map(String::from));
        assert_eq!(table(&rows), "A       LONG\nlänger  b\n");
    }
}
