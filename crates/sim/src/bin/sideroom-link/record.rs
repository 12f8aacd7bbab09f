//! A record of the traffic over time: one sample every tenth of a second, printed as JSON.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use sideroom_route::Time;
use sideroom_sim::link::LinkCounts;

/// How often a sample is taken.
pub(crate) const EVERY: Duration = Duration::from_millis(100);
/// An hour of samples; older ones go.
const MAX_SAMPLES: usize = 36_000;

/// One way, since the sample before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    /// Bytes on the wire that reached the clients or the server.
    pub(crate) media_bytes: u64,
    /// Bytes that reached bulk flows.
    pub(crate) tcp_bytes: u64,
    /// The longest that a packet waited before the bottleneck.
    pub(crate) queue: Duration,
}

/// A sample of a tenth of a second.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Time,
    ways: [Passed; 2],
}

#[derive(Debug, Default)]
pub(crate) struct Record {
    samples: VecDeque<Sample>,
}

impl Record {
    pub(crate) fn add(&mut self, at: Time, ways: [Passed; 2]) {
        if self.samples.len() == MAX_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { at, ways });
    }

    /// The report: counters of both ways, bytes of each client, and the samples.
    pub(crate) fn json(&self, now: Time, counts: [LinkCounts; 2], clients: &[[u64; 2]]) -> String {
        let mut out = format!("{{\"report\":{{\"at_ms\":{}", now.as_millis());
        for (way, counts) in ["down", "up"].iter().zip(counts) {
            let LinkCounts {
                offered,
                lost,
                overflowed,
                delivered,
            } = counts;
            let _ = write!(
                out,
                ",\"{way}\":{{\"offered\":{offered},\"lost\":{lost},\"overflowed\":{overflowed},\
                 \"delivered\":{delivered}}}"
            );
        }
        list(&mut out, "clients", clients, |[down, up]| {
            format!("{{\"down_bytes\":{down},\"up_bytes\":{up}}}")
        });
        let samples: Vec<Sample> = self.samples.iter().copied().collect();
        list(&mut out, "samples", &samples, |sample| {
            let mut one = format!("{{\"at_ms\":{}", sample.at.as_millis());
            for (way, passed) in ["down", "up"].iter().zip(sample.ways) {
                let per_second = 8_000 / EVERY.as_millis() as u64;
                let _ = write!(
                    one,
                    ",\"{way}_bps\":{},\"{way}_tcp_bps\":{},\"{way}_queue_ms\":{:.1}",
                    passed.media_bytes * per_second,
                    passed.tcp_bytes * per_second,
                    passed.queue.as_secs_f64() * 1e3
                );
            }
            one.push('}');
            one
        });
        out.push_str("}}");
        out
    }
}

fn list<T>(out: &mut String, name: &str, items: &[T], write: impl Fn(&T) -> String) {
    let items: Vec<String> = items.iter().map(write).collect();
    let _ = write!(out, ",\"{name}\":[{}]", items.join(","));
}
