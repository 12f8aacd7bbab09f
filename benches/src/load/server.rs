//! The server under test: started by the tool, or found by its process id.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::error::LoadError;
use super::process::Process;

/// A silent server is asked this often whether it is ready.
const START_TRIES: usize = 400;
const START_RETRY: Duration = Duration::from_millis(50);

/// A process that is measured; one that was started here ends with this value.
pub struct Server {
    process: Process,
    child: Option<Child>,
    /// Output of the server until it was ready.
    pub announced: String,
}

impl Server {
    /// Measures a process that runs already.
    pub fn attach(pid: u32) -> Result<Self, LoadError> {
        let process = Process::new(pid)
            .ok_or_else(|| LoadError::Server(format!("there is no process {pid}")))?;
        Ok(Self {
            process,
            child: None,
            announced: String::new(),
        })
    }

    /// Starts `command`, on the processors of `cpus` (as for `taskset -c`) if given, and waits for the
    /// first line of its output that contains `ready`.
    pub fn start(
        command: &[String],
        cpus: Option<&str>,
        environment: &[(&str, String)],
        ready: &str,
    ) -> Result<Self, LoadError> {
        let words = pinned(command, cpus);
        let mut child = spawn(&words, environment, Stdio::piped())?;
        let stdout = child.stdout.take().map(BufReader::new);
        let mut announced = String::new();
        let mut is_ready = false;
        let mut lines = stdout
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(Result::ok);
        for line in lines.by_ref() {
            announced += &line;
            announced.push('\n');
            is_ready = line.contains(ready);
            if is_ready {
                break;
            }
        }
        if !is_ready {
            return Err(give_up(child, &words, "it ended without a word"));
        }
        // Later output is read and dropped, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self::of(child, &words, announced)
    }

    /// Starts `command` in the same way, drops its output, and waits until `ready`.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server that says nothing is asked until it answers"
    )]
    pub fn start_silent(
        command: &[String],
        cpus: Option<&str>,
        mut ready: impl FnMut() -> bool,
    ) -> Result<Self, LoadError> {
        let words = pinned(command, cpus);
        let mut child = spawn(&words, &[], Stdio::null())?;
        for _ in 0..START_TRIES {
            if ready() {
                return Self::of(child, &words, String::new());
            }
            if child.try_wait()?.is_some() {
                return Err(give_up(child, &words, "it ended"));
            }
            std::thread::sleep(START_RETRY);
        }
        Err(give_up(child, &words, "it did not get ready"))
    }

    fn of(child: Child, words: &[String], announced: String) -> Result<Self, LoadError> {
        match Process::new(child.id()) {
            Some(process) => Ok(Self {
                process,
                child: Some(child),
                announced,
            }),
            None => Err(give_up(child, words, "it ended")),
        }
    }

    /// The word behind `name` on a line that begins with it.
    pub fn announced_as(&self, name: &str) -> Option<&str> {
        self.announced.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(name)).then(|| words.next()).flatten()
        })
    }

    /// The process to measure.
    pub fn process(&self) -> &Process {
        &self.process
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn pinned(command: &[String], cpus: Option<&str>) -> Vec<String> {
    let pin = cpus.map(|cpus| vec!["taskset".to_owned(), "-c".to_owned(), cpus.to_owned()]);
    [pin.unwrap_or_default(), command.to_vec()].concat()
}

fn spawn(
    words: &[String],
    environment: &[(&str, String)],
    stdout: Stdio,
) -> Result<Child, LoadError> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| LoadError::Server("no command".to_owned()))?;
    Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(stdout)
        .spawn()
        .map_err(|error| failed(words, &error.to_string()))
}

fn give_up(mut child: Child, words: &[String], why: &str) -> LoadError {
    let _ = child.kill();
    let _ = child.wait();
    failed(words, why)
}

fn failed(words: &[String], why: &str) -> LoadError {
    LoadError::Server(format!("{}: {why}", words.join(" ")))
}

/// A program that was built beside this one.
pub fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().unwrap_or(Path::new("."));
    // Tests lie one folder deeper than the programs.
    let folder = match folder.parent() {
        Some(parent) if folder.ends_with("deps") => parent,
        _ => folder,
    };
    folder.join(name)
}
