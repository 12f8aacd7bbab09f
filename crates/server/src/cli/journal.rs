//! `sideroom journal`: reads, verifies and asks the journal of a store that no server has open.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sideroom_control::{Actor, Entry, EventKind, MovesQuery, Room, Viewer};
use sideroom_route::{Epoch, GroupId, RoomId};

use super::{ConfigArgs, Done};
use crate::config::StoreConfig;
use crate::store::{self, Journal};

/// The commands on the journal.
#[derive(Subcommand, Debug)]
pub enum JournalCommand {
    /// Print every record as one JSON object a line
    Export(JournalArgs),
    /// Replay every room from its beginning and check the chain of hashes
    Verify(JournalArgs),
    /// Print everybody's stays in groups, with times and reasons
    WhoWasWhere(JournalArgs),
    /// Print everybody's stays with the times that they were connected, as CSV
    Attendance(JournalArgs),
}

/// The journal to read.
#[derive(Args, Debug)]
pub struct JournalArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The store's file, instead of the configured one
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
    /// Only the room of this name; of several that had it, all
    #[arg(long, value_name = "NAME")]
    room: Option<String>,
}

/// Runs the command.
pub(super) fn run(command: JournalCommand) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        match command {
            JournalCommand::Export(args) => export(&args).await,
            JournalCommand::Verify(args) => verify(&args).await,
            JournalCommand::WhoWasWhere(args) => who_was_where(&args).await,
            JournalCommand::Attendance(args) => attendance(&args).await,
        }
    })
}

impl JournalArgs {
    fn open(&self) -> Result<Journal, Box<dyn Error>> {
        let mut config: StoreConfig = self.config.load()?.store;
        if let Some(path) = &self.store {
            config.path = path.display().to_string();
        }
        // Opening makes a file that is missing; a journal that is asked for must be there.
        if !std::path::Path::new(&config.path).is_file() {
            return Err(format!("there is no store at {}", config.path).into());
        }
        let store = store::open(&config).map_err(|error| format!("{}: {error}", config.path))?;
        Ok(Journal::new(store))
    }

    /// The rooms that were asked for.
    async fn rooms(&self, journal: &Journal) -> Result<Vec<RoomId>, Box<dyn Error>> {
        let mut chosen = Vec::new();
        for room in journal.rooms().await? {
            let Ok(kept) = journal.from_the_beginning(room).await else {
                continue;
            };
            let name = Room::restore(kept.snapshot)?.name().to_owned();
            if self.room.as_ref().is_none_or(|wanted| *wanted == name) {
                chosen.push(room);
            }
        }
        match (&self.room, chosen.is_empty()) {
            (Some(name), true) => Err(format!("the store has no room {name:?}").into()),
            _ => Ok(chosen),
        }
    }
}

async fn export(args: &JournalArgs) -> Done {
    let journal = args.open()?;
    let mut out = std::io::stdout().lock();
    for room in args.rooms(&journal).await? {
        for record in journal.from_the_beginning(room).await?.records {
            serde_json::to_writer(&mut out, &record)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

async fn verify(args: &JournalArgs) -> Done {
    let journal = args.open()?;
    let mut failed = 0;
    for room in args.rooms(&journal).await? {
        match verify_room(&journal, room).await {
            Ok(verdict) => println!("{verdict}"),
            Err(error) => {
                failed += 1;
                println!("room {room}: {error}");
            }
        }
    }
    match failed {
        0 => Ok(()),
        count => Err(format!("{count} rooms do not verify").into()),
    }
}

/// Replays the whole journal, and checks that it leads to the same room as the newest snapshot with the
/// records after it.
async fn verify_room(journal: &Journal, room: RoomId) -> Result<String, Box<dyn Error>> {
    let kept = journal.from_the_beginning(room).await?;
    let records = kept.records.len();
    let mut replayed = Room::restore(kept.snapshot)?;
    replayed.replay_all(&kept.records)?;
    let latest = journal.load_room(room).await?.revive()?;
    if !agree(&latest, &replayed, &kept.records) {
        return Err("its newest snapshot is not what its records lead to".into());
    }
    let (name, hash) = (replayed.name(), replayed.state_hash());
    Ok(format!(
        "room {room} {name:?}: {records} records, state {hash:?}, verified"
    ))
}

/// Leaves out versions, epochs, numbers of events and pending invitations: an older format counts them otherwise.
fn agree(latest: &Room, replayed: &Room, records: &[Entry]) -> bool {
    let has_old = records.iter().any(|entry| matches!(entry, Entry::Old(_)));
    let seen = |room: &Room| {
        let mut view = room.view(Viewer::Operator)?;
        (view.version, view.epoch, view.seq) = (0, Epoch(0), 0);
        let breakouts = view.breakouts.iter_mut();
        breakouts.for_each(|breakout| breakout.invited.clear());
        Some(view)
    };
    match has_old {
        true => seen(latest) == seen(replayed),
        false => latest.state_hash() == replayed.state_hash(),
    }
}

async fn who_was_where(args: &JournalArgs) -> Done {
    let journal = args.open()?;
    let mut out = std::io::stdout().lock();
    for room in args.rooms(&journal).await? {
        let kept = journal.from_the_beginning(room).await?;
        let mut replayed = Room::restore(kept.snapshot)?;
        writeln!(out, "room {room} {:?}", replayed.name())?;
        let mut lines = Vec::new();
        let read = replayed.replay_telling(&kept.records, |events| {
            let told = events.iter();
            lines.extend(told.filter_map(|event| Some((event.at, placed(&event.kind)?))));
        });
        for (at, line) in lines {
            writeln!(out, "{}  {line}", at.0)?;
        }
        read?;
    }
    Ok(())
}

/// Times are milliseconds since 1970. A stay that lasts is counted until the room's last record.
async fn attendance(args: &JournalArgs) -> Done {
    let journal = args.open()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "room,identity,participant,group,from_ms,until_ms,connected_ms,reason,by,end_reason"
    )?;
    for id in args.rooms(&journal).await? {
        let kept = journal.from_the_beginning(id).await?;
        let mut room = Room::restore(kept.snapshot)?;
        room.replay_all(&kept.records)?;
        let every = MovesQuery {
            limit: usize::MAX,
            ..MovesQuery::default()
        };
        for row in room.move_log().attendance(&every, room.last_seen()).rows {
            let stay = &row.stay;
            let end = stay.end.as_ref();
            let until = end.map_or(String::new(), |end| end.at.0.to_string());
            let ended = end.map_or(String::new(), |end| format!("{:?}", end.cause));
            writeln!(
                out,
                "{},{},{},{},{},{until},{},{:?},{},{ended}",
                quoted(room.name()),
                quoted(&stay.identity),
                stay.participant,
                stay.group,
                stay.from.0,
                row.connected_ms,
                stay.cause,
                quoted(&actor(stay.by)),
            )?;
        }
    }
    Ok(())
}

/// A field of CSV (RFC 4180, section 2). One that a spreadsheet would take for a formula is marked as text.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", field.replace('"', "\"\""))
}

fn placed(event: &EventKind) -> Option<String> {
    match event {
        EventKind::ParticipantJoined { participant: who } => Some(format!(
            "{} is {:?} ({}), in {}",
            who.participant,
            who.identity,
            who.display_name,
            group(who.group),
        )),
        EventKind::Placed {
            participant,
            from,
            to,
            cause,
            by,
            ..
        } => Some(format!(
            "{participant} from {} to {}: {cause:?}, by {}",
            group(*from),
            group(*to),
            actor(*by),
        )),
        EventKind::ParticipantLeft {
            participant,
            reason,
        } => Some(format!("{participant} left the room: {reason:?}")),
        _ => None,
    }
}

fn group(group: GroupId) -> String {
    group.to_string()
}

fn actor(actor: Actor) -> String {
    match actor {
        Actor::Participant(id) => id.to_string(),
        Actor::Operator => "the operator".into(),
        Actor::Key(key) => format!("the operator ({key})"),
        Actor::System => "the server".into(),
    }
}
