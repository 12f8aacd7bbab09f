//! Runs worlds from the command line: one seed, or many on several threads.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use sideroom_sim::coverage::Coverage;
use sideroom_sim::story::{Failure, Setting};

mod cluster_run;
mod faults_run;
mod seeds;

/// Runs seeded worlds in which Sideroom's real control and forwarding code is driven by model clients over
/// bad networks, and oracles watch every command and every packet. The same seed always tells the same
/// story; a failing one is printed with the shortest story found.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    kind: Option<Worlds>,
    #[command(flatten)]
    range: Range,
}

/// Other kinds of worlds.
#[derive(Subcommand)]
enum Worlds {
    Faults(faults_run::FaultOptions),
    Cluster(cluster_run::ClusterRunOptions),
    Plane(PlaneOptions),
}

/// Runs worlds whose workers stall, panic, lose count of their tables and come back; the shipped plane supervises
/// them. Oracles also watch what crosses between workers: speakers, wanted layers, sender reports and wishes
/// for keyframes.
#[derive(Args)]
struct PlaneOptions {
    /// Number of workers, 1 to 8; drawn for each seed if not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=8))]
    workers: Option<u16>,
    #[command(flatten)]
    range: Range,
}

/// The worlds that are run.
#[derive(Args, Clone)]
struct Range {
    /// Run this seed only.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Number of seeds to run, from --first on.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Steps of each world.
    #[arg(long, default_value_t = 1_000)]
    steps: u64,
    /// Worlds at one time.
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Print the failing story as it is.
    #[arg(long)]
    as_it_is: bool,
}

/// State shared by all threads.
struct Run {
    range: Range,
    setting: Box<dyn Fn(u64) -> Setting + Sync>,
    next: AtomicU64,
    /// One after the last seed.
    end: u64,
    coverage: Mutex<Coverage>,
    done: AtomicU64,
    failure: Mutex<Option<Failure>>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match options.kind {
        Some(Worlds::Faults(options)) => {
            std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
            options.run()
        }
        Some(Worlds::Cluster(options)) => {
            std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
            options.run()
        }
        Some(Worlds::Plane(options)) => {
            let workers = options.workers;
            let setting = move |seed| Setting::of_plane(seed, workers);
            run(options.range, Box::new(setting))
        }
        None => run(options.range, Box::new(Setting::of)),
    }
}

/// Runs the worlds of a range of seeds.
fn run(range: Range, setting: Box<dyn Fn(u64) -> Setting + Sync>) -> ExitCode {
    let first = range.seed.unwrap_or(range.first);
    let count = range.seed.map_or(range.seeds, |_| 1);
    let run = Run {
        next: AtomicU64::new(first),
        end: first + count,
        coverage: Mutex::default(),
        done: AtomicU64::new(0),
        failure: Mutex::new(None),
        range,
        setting,
    };
    // Panics of the code under test are caught and reported with their story.
    std::panic::set_hook(Box::new(|_| {}));
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it takes is shown to a person"
    )]
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..run.range.threads.clamp(1, count) {
            scope.spawn(|| run.work());
        }
        run.report(began, count);
    });
    run.finish(began)
}

impl Run {
    fn work(&self) {
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.end {
                return;
            }
            match (self.setting)(seed).tell(self.range.steps) {
                Ok(told) => {
                    if let Ok(mut coverage) = self.coverage.lock() {
                        coverage.add(&told.coverage);
                    }
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
                Err(failure) => {
                    self.next.store(self.end, Ordering::Relaxed);
                    if let Ok(mut first) = self.failure.lock() {
                        first.get_or_insert(*failure);
                    }
                    return;
                }
            }
        }
    }

    fn is_over(&self, count: u64) -> bool {
        self.done.load(Ordering::Relaxed) >= count
            || self.failure.lock().is_ok_and(|it| it.is_some())
    }

    /// A line now and then, until all is done.
    fn report(&self, began: Instant, count: u64) {
        let mut shown = began;
        while !self.is_over(count) {
            std::thread::park_timeout(Duration::from_millis(100));
            if shown.elapsed() < Duration::from_secs(10) {
                continue;
            }
            #[expect(clippy::disallowed_methods, reason = "progress is shown to a person")]
            let now = Instant::now();
            shown = now;
            let done = self.done.load(Ordering::Relaxed);
            let commands = self.coverage.lock().map_or(0, |it| it.total());
            eprintln!(
                "{done} of {count} worlds, {commands} commands, {:.0} commands/s",
                commands as f64 / began.elapsed().as_secs_f64()
            );
        }
    }

    fn finish(&self, began: Instant) -> ExitCode {
        let failure = self.failure.lock().ok().and_then(|mut it| it.take());
        if let Some(failure) = failure {
            let length = failure.steps.len();
            let shown = if self.range.as_it_is {
                failure
            } else {
                eprintln!(
                    "looking for a shorter story of seed {}",
                    failure.setting.seed
                );
                failure.shortened()
            };
            println!("FAILED after {length} steps; the shortest story found:\n{shown}");
            return ExitCode::FAILURE;
        }
        let seconds = began.elapsed().as_secs_f64();
        if let Ok(coverage) = self.coverage.lock() {
            let commands = coverage.total();
            println!("{coverage}");
            println!(
                "{} worlds, {commands} commands in {seconds:.1} s: {:.0} commands/s, no oracle spoke",
                self.done.load(Ordering::Relaxed),
                commands as f64 / seconds
            );
        }
        ExitCode::SUCCESS
    }
}
