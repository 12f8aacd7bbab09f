//! The commands of the link, and how they are answered.

use std::fmt::Write as _;
use std::time::Duration;

use sideroom_route::Time;
use sideroom_sim::link::Impairment;
use sideroom_sim::settings::{apply, duration};

/// The direction of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// From the server to the clients.
    Down,
    /// From the clients to the server.
    Up,
}

/// Something that is done at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Change the impairments of a way, or of both.
    Set { ways: Vec<Way>, text: String },
    /// A bulk flow begins or ends.
    Tcp { way: Way, on: bool },
    /// Print the report.
    Report,
    /// Print it and end.
    Quit,
}

/// When an action is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// Run a command at this time after the start.
    At(Time),
    /// So long from now.
    In(Duration),
}

/// A line that was understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Command {
    pub(crate) when: When,
    pub(crate) action: Action,
    pub(crate) line: String,
}

impl Command {
    /// Parses a line: `None` for empty lines and those that begin with `#`.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, String> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let (when, rest) = match line.split_once(' ') {
            Some(("at", rest)) => {
                let (time, rest) = timed(rest)?;
                (When::At(Time::ZERO + time), rest)
            }
            Some(("in", rest)) => {
                let (time, rest) = timed(rest)?;
                (When::In(time), rest)
            }
            _ => (When::In(Duration::ZERO), line),
        };
        Ok(Some(Self {
            when,
            action: action(rest)?,
            line: line.to_owned(),
        }))
    }

    /// Delays the command by `time`.
    pub(crate) fn after(mut self, time: Duration) -> Self {
        self.when = When::In(time);
        self
    }
}

fn timed(rest: &str) -> Result<(Duration, &str), String> {
    let (time, rest) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
    let time = duration(time).ok_or_else(|| format!("\"{time}\" is no time, such as 10s"))?;
    Ok((time, rest.trim()))
}

fn action(text: &str) -> Result<Action, String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let ways = match word {
        "report" => return Ok(Action::Report),
        "quit" => return Ok(Action::Quit),
        "tcp" => return tcp(rest),
        "down" => vec![Way::Down],
        "up" => vec![Way::Up],
        "both" => vec![Way::Down, Way::Up],
        _ => {
            return Err(format!(
                "\"{word}\" is no command: down, up, both, at, in, tcp, report, quit"
            ));
        }
    };
    // Refused now, not when it is due.
    apply(&mut Impairment::default(), rest)?;
    let text = rest.to_owned();
    Ok(Action::Set { ways, text })
}

fn tcp(text: &str) -> Result<Action, String> {
    let mut words = text.split_whitespace();
    let way = match words.next() {
        Some("down") => Way::Down,
        Some("up") => Way::Up,
        _ => return Err("expected: tcp down|up start|stop".to_owned()),
    };
    let on = match words.next() {
        Some("start") => true,
        Some("stop") => false,
        _ => return Err("expected: tcp down|up start|stop".to_owned()),
    };
    Ok(Action::Tcp { way, on })
}

/// A line of the output.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A command was carried out.
    Done { line: String, at: Time },
    /// A line was not understood.
    Refused { line: String, error: String },
    /// JSON as it is.
    Report(String),
}

impl Answer {
    pub(crate) fn print(&self) {
        match self {
            Self::Done { line, at } => {
                println!("{{\"done\":{},\"at_ms\":{}}}", quoted(line), at.as_millis());
            }
            Self::Refused { line, error } => {
                println!(
                    "{{\"refused\":{},\"error\":{}}}",
                    quoted(line),
                    quoted(error)
                );
            }
            Self::Report(json) => println!("{json}"),
        }
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            it if it < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(it));
            }
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_and_what() {
        let parsed = |line| Command::parse(line).unwrap().map(|it| (it.when, it.action));
        let now = When::In(Duration::ZERO);
        let set = |ways: &[Way], text: &str| Action::Set {
            ways: ways.to_vec(),
            text: text.to_owned(),
        };
        let later = When::At(Time::from_millis(10_000));
        let soon = When::In(Duration::from_millis(1_500));
        for (line, wanted) in [
            ("", None),
            ("# a remark", None),
            (
                "down rate=500k",
                Some((now, set(&[Way::Down], "rate=500k"))),
            ),
            (
                "at 10s up loss=5%",
                Some((later, set(&[Way::Up], "loss=5%"))),
            ),
            (
                "in 1.5s both down=yes",
                Some((soon, set(&[Way::Down, Way::Up], "down=yes"))),
            ),
            (
                "tcp down start",
                Some((
                    now,
                    Action::Tcp {
                        way: Way::Down,
                        on: true,
                    },
                )),
            ),
            ("quit", Some((now, Action::Quit))),
        ] {
            assert_eq!(parsed(line), wanted, "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_at_once() {
        for (line, explained) in [
            ("faster", "is no command"),
            ("at noon report", "is no time"),
            ("at 5s", "is no command"),
            ("at 5s down speed=3", "cannot be set"),
            ("tcp start", "expected: tcp"),
        ] {
            let error = Command::parse(line).unwrap_err();
            assert!(error.contains(explained), "{line}: {error}");
        }
    }

    #[test]
    fn a_string_is_json_whatever_is_in_it() {
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
