//! Cost of a process, read from /proc.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

/// A process to measure.
#[derive(Clone, Debug)]
pub struct Process {
    pid: u32,
}

/// CPU and memory at one moment.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Usage {
    /// CPU time of all its threads since they began.
    pub cpu: Duration,
    /// Resident memory in bytes.
    pub resident: u64,
    pub threads: usize,
}

impl Process {
    /// The process of this id, if there is one.
    pub fn new(pid: u32) -> Option<Self> {
        let process = Self { pid };
        process.usage().map(|_| process)
    }

    /// This process itself.
    pub fn own() -> Self {
        Self {
            pid: std::process::id(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// The cost so far; `None` if the process is gone. Times are read from the scheduler in nanoseconds;
    /// a thread that ended between two readings takes its time with it.
    pub fn usage(&self) -> Option<Usage> {
        let mut usage = Usage::default();
        for task in fs::read_dir(self.path("task")).ok()?.flatten() {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let on_cpu = text
                .split_whitespace()
                .next()
                .and_then(|ns| ns.parse().ok());
            usage.cpu += Duration::from_nanos(on_cpu.unwrap_or(0));
            usage.threads += 1;
        }
        usage.resident = resident(&fs::read_to_string(self.path("status")).ok()?)?;
        Some(usage)
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_costs_something() {
        let before = Process::own().usage().expect("it runs");
        let mut sum = 0u64;
        while Process::own().usage().expect("it runs").cpu == before.cpu {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(before.resident > 100_000 && before.threads >= 1);
        assert!(Process::new(u32::MAX).is_none());
    }
}
