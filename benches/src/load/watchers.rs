//! Thousands of signaling servers' watches, read by one thread, which counts their events.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::LoadError;

/// Interval between two looks at all connections. Until then the kernel buffers events.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Read at once of one connection.
const PIECE: usize = 64 * 1_024;

/// Connections that read a watch, each as lines.
pub struct Watchers {
    reader: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

struct Shared {
    /// Number of events on each connection.
    events: Vec<AtomicU64>,
    /// How many connections have ended.
    ended: AtomicU64,
    stop: AtomicBool,
}

impl Watchers {
    /// Reads from these connections from now on.
    pub fn read(streams: Vec<TcpStream>) -> Result<Self, LoadError> {
        for stream in &streams {
            stream.set_nonblocking(true)?;
        }
        let shared = Arc::new(Shared {
            events: streams.iter().map(|_| AtomicU64::new(0)).collect(),
            ended: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let held = Arc::clone(&shared);
        let reader = std::thread::Builder::new()
            .name("watchers".to_owned())
            .spawn(move || look(streams, &held))?;
        Ok(Self {
            reader: Some(reader),
            shared,
        })
    }

    /// The number of events so far, in the order of the connections.
    pub fn event_counts(&self) -> Vec<u64> {
        let events = self.shared.events.iter();
        events.map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// How many connections the server has ended.
    pub fn ended(&self) -> u64 {
        self.shared.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

fn look(streams: Vec<TcpStream>, shared: &Shared) {
    let mut piece = vec![0; PIECE];
    let mut streams: Vec<_> = streams
        .into_iter()
        .map(|it| Some((it, Lines::default())))
        .collect();
    while !shared.stop.load(Ordering::Relaxed) {
        for (held, told) in streams.iter_mut().zip(&shared.events) {
            let Some((stream, lines)) = held else {
                continue;
            };
            match drain(stream, lines, &mut piece) {
                Some(events) => drop(told.fetch_add(events, Ordering::Relaxed)),
                None => {
                    *held = None;
                    shared.ended.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        pause(LOOK_EVERY);
    }
}

/// Lets time pass, for states that signal no event here.
#[expect(
    clippy::disallowed_methods,
    reason = "a thread of the load tool that has nothing else to do"
)]
pub(super) fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// Reads the available bytes; `None` at the end.
fn drain(stream: &mut TcpStream, lines: &mut Lines, piece: &mut [u8]) -> Option<u64> {
    let mut events = 0;
    loop {
        match stream.read(piece) {
            Ok(0) => return None,
            Ok(length) => events += lines.count(piece.get(..length)?),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(events),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Tells events from everything else by how their lines begin.
#[derive(Default)]
struct Lines {
    /// The first bytes of the line that is being read.
    begun: Vec<u8>,
}

impl Lines {
    const EVENT: &[u8] = br#"{"event":"#;

    /// How many events end in these bytes.
    fn count(&mut self, bytes: &[u8]) -> u64 {
        let mut events = 0;
        for byte in bytes {
            if *byte == b'\n' {
                events += u64::from(self.begun == Self::EVENT);
                self.begun.clear();
            } else if self.begun.len() < Self::EVENT.len() {
                self.begun.push(*byte);
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_whatever_the_pieces() {
        let text =
            b"HTTP/1.0 200 OK\r\n\r\n{\"snapshot\":{}}\n{\"event\":{}}\n\n{\"event\":{}}\n{\"ev";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let events: u64 = text.chunks(size).map(|piece| lines.count(piece)).sum();
            assert_eq!(events, 2, "in pieces of {size}");
        }
    }
}
