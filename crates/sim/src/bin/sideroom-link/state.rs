//! State shared by the threads of the proxy: the two links, planned commands, and the record. It is passed
//! the time and touches no socket.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_sim::link::{Impairment, Link};
use sideroom_sim::reno::{ACK_BYTES, PACKET_BYTES, Reno};
use sideroom_sim::settings::apply;

use crate::commands::{Action, Answer, Command, Way, When};
use crate::record::{EVERY, Passed, Record};

/// IPv4 and UDP headers: a bottleneck carries them too.
const OVERHEAD: usize = 28;

/// A packet on a link.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    /// A datagram to or from a client.
    Datagram { client: usize, bytes: Vec<u8> },
    /// A packet of the bulk flow.
    Bulk { number: u64 },
    /// The answer to one.
    Ack { number: u64 },
}

/// A datagram that has come through.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) way: Way,
    pub(crate) client: usize,
    pub(crate) bytes: Vec<u8>,
}

/// Work to be done outside of the lock.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) arrived: Vec<Arrived>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) ended: bool,
}

/// The state of one way.
#[derive(Debug)]
struct Lane {
    link: Link<Load>,
    /// The flow whose packets go this way; its answers go the other.
    bulk: Option<Reno>,
    passed: Passed,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct State {
    down: Lane,
    up: Lane,
    planned: Vec<(Time, Command)>,
    next_sample: Time,
    record: Record,
    clients: Vec<[u64; 2]>,
}

impl State {
    pub(crate) fn new(down: Impairment, up: Impairment, seed: u64) -> Self {
        let lane = |impairment, seed| Lane {
            link: Link::new(impairment, seed),
            bulk: None,
            passed: Passed::default(),
        };
        Self {
            down: lane(down, seed.wrapping_mul(2)),
            up: lane(up, seed.wrapping_mul(2).wrapping_add(1)),
            planned: Vec::new(),
            next_sample: Time::ZERO + EVERY,
            record: Record::default(),
            clients: Vec::new(),
        }
    }

    fn lane(&mut self, way: Way) -> &mut Lane {
        match way {
            Way::Down => &mut self.down,
            Way::Up => &mut self.up,
        }
    }

    /// A command is due, now or later.
    pub(crate) fn plan(&mut self, now: Time, command: Command) {
        let at = match command.when {
            When::At(at) => at,
            When::In(time) => now + time,
        };
        let place = self.planned.partition_point(|(other, _)| *other <= at);
        self.planned.insert(place, (at, command));
    }

    /// A datagram enters.
    pub(crate) fn send(&mut self, now: Time, way: Way, client: usize, bytes: Vec<u8>) {
        let size = bytes.len() + OVERHEAD;
        self.lane(way)
            .send(now, size, Load::Datagram { client, bytes });
    }

    /// When something is due.
    pub(crate) fn poll_timeout(&self) -> Time {
        let lanes = [&self.down, &self.up];
        let bulk = lanes.iter().filter_map(|lane| lane.bulk.as_ref());
        let times = lanes.iter().map(|lane| lane.link.poll_timeout());
        let planned = self.planned.first().map(|(at, _)| *at);
        times
            .chain(bulk.map(Reno::poll_timeout))
            .chain(planned)
            .chain([self.next_sample])
            .min()
            .unwrap_or(Time::NEVER)
    }

    /// Everything that is due at `now`.
    pub(crate) fn handle_timeout(&mut self, now: Time) -> Due {
        let mut due = Due::default();
        while self.planned.first().is_some_and(|(at, _)| *at <= now) {
            let (_, command) = self.planned.remove(0);
            self.act(now, command, &mut due);
        }
        for way in [Way::Down, Way::Up] {
            while let Some(load) = self.lane(way).link.poll(now) {
                self.arrive(now, way, load, &mut due);
            }
        }
        for way in [Way::Down, Way::Up] {
            self.lane(way).push_bulk(now);
        }
        if now >= self.next_sample {
            let ways = [&mut self.down, &mut self.up].map(|lane| std::mem::take(&mut lane.passed));
            self.record.add(now, ways);
            self.next_sample = (self.next_sample + EVERY).max(now + EVERY / 2);
        }
        due
    }

    fn arrive(&mut self, now: Time, way: Way, load: Load, due: &mut Due) {
        match load {
            Load::Datagram { client, bytes } => {
                let len = (bytes.len() + OVERHEAD) as u64;
                self.lane(way).passed.media_bytes += len;
                if self.clients.len() <= client {
                    self.clients.resize(client + 1, [0; 2]);
                }
                let counted = self.clients.get_mut(client);
                if let Some([down, up]) = counted {
                    *(if way == Way::Down { down } else { up }) += len;
                }
                due.arrived.push(Arrived { way, client, bytes });
            }
            Load::Bulk { number } => {
                self.lane(way).passed.tcp_bytes += PACKET_BYTES as u64;
                let back = way.other();
                self.lane(back).send(now, ACK_BYTES, Load::Ack { number });
            }
            Load::Ack { number } => {
                if let Some(bulk) = &mut self.lane(way.other()).bulk {
                    bulk.handle_ack(now, number);
                }
            }
        }
    }

    fn act(&mut self, now: Time, command: Command, due: &mut Due) {
        match command.action {
            Action::Set { ways, text } => {
                for way in ways {
                    let link = &mut self.lane(way).link;
                    let mut impairment = *link.impairment();
                    // It was parsed once when it came.
                    if apply(&mut impairment, &text).is_ok() {
                        link.set_impairment(impairment);
                    }
                }
            }
            Action::Tcp { way, on } => self.lane(way).bulk = on.then(Reno::default),
            Action::Report => due.answers.push(self.report(now)),
            Action::Quit => {
                due.answers.push(self.report(now));
                due.ended = true;
            }
        }
        let line = command.line;
        due.answers.push(Answer::Done { line, at: now });
    }

    fn report(&self, now: Time) -> Answer {
        let counts = [self.down.link.counts(), self.up.link.counts()];
        Answer::Report(self.record.json(now, counts, &self.clients))
    }
}

impl Way {
    fn other(self) -> Self {
        match self {
            Self::Down => Self::Up,
            Self::Up => Self::Down,
        }
    }
}

impl Lane {
    fn send(&mut self, now: Time, size: usize, load: Load) {
        self.link.send(now, size, load);
        self.passed.queue = self.passed.queue.max(self.link.queueing(now));
    }

    fn push_bulk(&mut self, now: Time) {
        let Some(mut bulk) = self.bulk.take() else {
            return;
        };
        bulk.handle_timeout(now);
        while let Some(number) = bulk.poll_send(now) {
            self.send(now, PACKET_BYTES, Load::Bulk { number });
        }
        self.bulk = Some(bulk);
    }
}

/// The longest that the proxy sleeps without looking.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Command {
        Command::parse(line).unwrap().unwrap()
    }

    #[test]
    fn a_datagram_takes_the_time_that_its_way_takes() {
        let mut state = State::new(Impairment::default(), Impairment::default(), 1);
        let ms = Time::from_millis;
        state.plan(ms(0), command("down delay=30ms"));
        state.plan(ms(0), command("at 1s down down=yes"));
        assert_eq!(state.handle_timeout(ms(0)).answers.len(), 1);
        state.send(ms(1), Way::Down, 0, vec![1]);
        state.send(ms(1), Way::Up, 0, vec![2]);
        let came = |due: &Due| {
            due.arrived
                .iter()
                .map(|it| it.bytes.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(came(&state.handle_timeout(ms(1))), [vec![2]]);
        assert_eq!(state.poll_timeout(), ms(31));
        assert_eq!(came(&state.handle_timeout(ms(31))), [vec![1]]);
        state.handle_timeout(ms(1_000));
        state.send(ms(1_001), Way::Down, 0, vec![3]);
        let due = state.handle_timeout(ms(5_000));
        assert!(due.arrived.is_empty());
        state.plan(ms(5_000), command("quit"));
        let due = state.handle_timeout(ms(5_000));
        assert!(due.ended);
        let Some(Answer::Report(json)) = due.answers.first() else {
            panic!("{due:?}");
        };
        assert!(
            json.contains("\"down\":{\"offered\":2,\"lost\":1,"),
            "{json}"
        );
        assert!(json.contains("\"clients\":[{\"down_bytes\":29,\"up_bytes\":29}]"));
    }

    #[test]
    fn a_bulk_flow_fills_what_is_left_of_the_rate() {
        let mut state = State::new(Impairment::default(), Impairment::default(), 1);
        state.plan(Time::ZERO, command("both rate=1m,queue=100ms,delay=20ms"));
        state.plan(Time::ZERO, command("tcp down start"));
        let mut now = Time::ZERO;
        while now < Time::from_millis(10_000) {
            state.handle_timeout(now);
            now = now + Duration::from_millis(1);
        }
        let bulk = state.down.bulk.as_ref().unwrap();
        assert!(bulk.delivered_bytes() * 8 > 7_000_000, "{bulk:?}");
    }
}
