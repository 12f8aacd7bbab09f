//! Warnings that somebody outside can cause at will, by sending odd packets, are logged once a minute with
//! their number and counted in a metric: a flood must not fill the log.
//!
//! These are the warnings of libraries. Our own are for operators and are rare by themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};

use crate::clock;
use crate::metrics::catalogue as names;

/// One line for each kind of warning in this time.
const ONE_LINE_EVERY: Duration = Duration::from_secs(60);
/// The most libraries that are counted apart. There are fewer than that.
const MAX_LIBRARIES: usize = 64;

/// How often each library has warned.
#[derive(Clone, Default)]
pub(super) struct Repeated(Arc<Mutex<HashMap<String, Warnings>>>);

#[derive(Default)]
struct Warnings {
    /// When a line was written last.
    written: Option<Instant>,
    /// Warnings since then.
    held_back: u64,
}

impl Repeated {
    /// Counts a warning of `library`; true if it is to be written.
    fn note(&self, library: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_LIBRARIES && !all.contains_key(library) {
            return false;
        }
        let warnings = all.entry(library.to_owned()).or_default();
        let due = |at: Instant| now.saturating_duration_since(at) >= ONE_LINE_EVERY;
        if warnings.written.is_none_or(due) {
            warnings.written = Some(now);
            return true;
        }
        warnings.held_back += 1;
        false
    }

    /// Removes and returns the suppressed warnings of every library whose minute has passed.
    fn take_due(&self, now: Instant) -> Vec<(String, u64)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = all.iter_mut().filter(|(_, warnings)| {
            warnings.held_back > 0
                && warnings
                    .written
                    .is_none_or(|at| now.saturating_duration_since(at) >= ONE_LINE_EVERY)
        });
        due.map(|(library, warnings)| {
            warnings.written = Some(now);
            (library.clone(), std::mem::take(&mut warnings.held_back))
        })
        .collect()
    }

    /// Writes, once a minute, how many warnings were held back.
    pub(super) fn report(&self) {
        for (library, held_back) in self.take_due(clock::now()) {
            tracing::warn!(
                library,
                held_back,
                "more warnings like the last one of this library"
            );
        }
    }
}

/// The library that an event is of, if it is a warning of one.
fn library(metadata: &Metadata<'_>, target: &str) -> Option<String> {
    let ours =
        target == "sideroom" || target.starts_with("sideroom_") || target.starts_with("sideroom::");
    let loud = *metadata.level() <= Level::WARN;
    let name = target.split("::").next().unwrap_or(target);
    (loud && !ours && !name.is_empty()).then(|| name.to_owned())
}

impl<S: Subscriber> Filter<S> for Repeated {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    /// Without a hint every library would be asked to say everything.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        // Events from the `log` crate have their target in a field.
        let metadata = event.metadata();
        let target = log_target(event).unwrap_or_else(|| metadata.target().to_owned());
        let Some(library) = library(metadata, &target) else {
            return true;
        };
        metrics::counter!(names::LIBRARY_WARNINGS).increment(1);
        self.note(&library, clock::now())
    }
}

/// The target of an event that came from the `log` crate.
fn log_target(event: &Event<'_>) -> Option<String> {
    struct Target(Option<String>);
    impl tracing::field::Visit for Target {
        fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
            if field.name() == "log.target" {
                self.0 = Some(value.to_owned());
            }
        }
        fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
    }
    if event.metadata().target() != "log" {
        return None;
    }
    let mut target = Target(None);
    event.record(&mut target);
    target.0
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tracing_subscriber::Layer as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn a_library_that_warns_all_the_time_gets_a_line_a_minute() {
        let repeated = Repeated::default();
        let start = clock::now();
        let written = (0..8_500).filter(|_| repeated.note("dimpl", start)).count();
        assert_eq!(written, 1);
        assert!(repeated.note("other", start));
        assert!(repeated.take_due(start).is_empty());
        let later = start + ONE_LINE_EVERY;
        assert_eq!(repeated.take_due(later), [("dimpl".to_owned(), 8_499)]);
        assert!(repeated.take_due(later).is_empty());
        assert!(
            !repeated.note("dimpl", later),
            "the number was this minute's line"
        );
        assert!(repeated.note("dimpl", later + ONE_LINE_EVERY));
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn our_own_warnings_and_whatever_is_no_warning_pass() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_filter(Repeated::default());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for number in 0..50 {
                tracing::warn!(target: "dimpl::dtls13", number, "odd");
                tracing::warn!(target: "sideroom::media", number, "ours");
                tracing::info!(target: "dimpl::dtls13", number, "fine");
            }
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
        assert_eq!((count("odd"), count("ours"), count("fine")), (1, 50, 50));
    }
}
