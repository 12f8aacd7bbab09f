//! The server under test: started by the tool, or found by its process id.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::error::LoadError;
use super::process::Process;

/// A process that is measured; one that was started here ends with this value.
pub struct Server {
    process: Process,
    child: Option<Child>,
    /// The line that the server announced itself with.
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
        let pin = cpus.map(|cpus| vec!["taskset".to_owned(), "-c".to_owned(), cpus.to_owned()]);
        let words = [pin.unwrap_or_default(), command.to_vec()].concat();
        let failed = |why: String| LoadError::Server(format!("{}: {why}", words.join(" ")));
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| LoadError::Server("no command".to_owned()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let stdout = child.stdout.take().map(BufReader::new);
        let mut announced = None;
        let mut lines = stdout
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(Result::ok);
        for line in lines.by_ref() {
            if line.contains(ready) {
                announced = Some(line);
                break;
            }
        }
        let Some(announced) = announced else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed("it ended without a word".to_owned()));
        };
        // What it prints later is read and forgotten, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let process = Process::new(child.id()).ok_or_else(|| failed("it ended".to_owned()))?;
        Ok(Self {
            process,
            child: Some(child),
            announced,
        })
    }

    /// What to read its cost from.
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
