//! Counts the events of a world: how often each command was accepted, refused and repeated.

use std::collections::BTreeMap;
use std::fmt;

use sideroom_control::Command;

/// Counts of one command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub accepted: u64,
    pub refused: u64,
    /// Repeated requests that were answered again.
    pub repeated: u64,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By the name of the command.
    pub commands: BTreeMap<String, Count>,
    /// By the name of the error.
    pub errors: BTreeMap<&'static str, u64>,
    /// Packets that reached a subscriber, each of them looked at.
    pub delivered: u64,
    /// How many of them were retransmissions.
    pub resent: u64,
    /// Steps of the routing table.
    pub updates: u64,
    pub quiet: u64,
    /// Snapshots that were restored.
    pub restored: u64,
    /// Workers that stalled for a while.
    pub stalls: u64,
    /// Workers that ended and were restarted.
    pub workers_lost: u64,
    /// Tables that did not fit an update.
    pub diverged: u64,
    /// Packets that fences kept back.
    pub fenced: u64,
    /// Rankings of talkers that the plane told.
    pub talkers: u64,
    /// Scheduled commands that were carried out.
    pub schedules_done: u64,
    /// Those that were refused when their time came.
    pub schedules_failed: u64,
}

impl Coverage {
    /// A command was accepted (or repeated), or refused with the error of that name.
    pub(crate) fn count(&mut self, command: &Command, result: Result<bool, &'static str>) {
        let name = name_of(command);
        let count = match self.commands.get_mut(&name) {
            Some(count) => count,
            None => self.commands.entry(name).or_default(),
        };
        match result {
            Ok(false) => count.accepted += 1,
            Ok(true) => count.repeated += 1,
            Err(error) => {
                count.refused += 1;
                *self.errors.entry(error).or_default() += 1;
            }
        }
    }

    /// All commands together.
    pub fn total(&self) -> u64 {
        let counts = self.commands.values();
        counts
            .map(|it| it.accepted + it.refused + it.repeated)
            .sum()
    }

    /// Adds another world's counts.
    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.commands {
            let held = self.commands.entry(name.clone()).or_default();
            held.accepted += count.accepted;
            held.refused += count.refused;
            held.repeated += count.repeated;
        }
        for (name, count) in &other.errors {
            *self.errors.entry(name).or_default() += count;
        }
        self.delivered += other.delivered;
        self.resent += other.resent;
        self.updates += other.updates;
        self.quiet += other.quiet;
        self.restored += other.restored;
        self.stalls += other.stalls;
        self.workers_lost += other.workers_lost;
        self.diverged += other.diverged;
        self.fenced += other.fenced;
        self.talkers += other.talkers;
        self.schedules_done += other.schedules_done;
        self.schedules_failed += other.schedules_failed;
    }
}

/// The first word of a command's debug text; each timer has its own.
fn name_of(command: &Command) -> String {
    struct FirstWord(String);
    impl fmt::Write for FirstWord {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for letter in text.chars() {
                if letter.is_alphanumeric() {
                    self.0.push(letter);
                } else {
                    return Err(fmt::Error);
                }
            }
            Ok(())
        }
    }
    let mut word = FirstWord(String::new());
    // Writing stops with an error at the end of the word.
    let _ = match command {
        Command::Timer(timer) => fmt::write(&mut word, format_args!("{timer:?}")),
        other => fmt::write(&mut word, format_args!("{other:?}")),
    };
    word.0
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = |count: u64| {
            if count == 0 {
                "never".into()
            } else {
                count.to_string()
            }
        };
        writeln!(
            f,
            "{:<24}{:>12}{:>12}{:>12}",
            "command", "accepted", "refused", "repeated"
        )?;
        for (name, count) in &self.commands {
            writeln!(
                f,
                "{name:<24}{:>12}{:>12}{:>12}",
                mark(count.accepted),
                count.refused,
                count.repeated
            )?;
        }
        writeln!(f, "\n{:<36}{:>12}", "error", "times")?;
        for (name, times) in &self.errors {
            writeln!(f, "{name:<36}{times:>12}")?;
        }
        writeln!(
            f,
            "\n{} commands, {} table updates, {} packets delivered ({} resent), {} quiet moments, {} \
             restored snapshots; {} stalls and {} ends of workers, {} tables replaced, {} packets \
             fenced, {} rankings of talkers, {} scheduled commands done and {} failed",
            self.total(),
            self.updates,
            self.delivered,
            self.resent,
            self.quiet,
            self.restored,
            self.stalls,
            self.workers_lost,
            self.diverged,
            self.fenced,
            self.talkers,
            self.schedules_done,
            self.schedules_failed
        )
    }
}
