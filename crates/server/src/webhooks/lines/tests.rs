//! A model of store and receiver drives the lines with chance, restarts included: every wanted event is taken, in order
//! for each room.

use sideroom_store::OutgoingEvent;

use super::*;

/// Chance that can be repeated (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

const KINDS: [&str; 3] = ["joined", "moved", "left"];

fn event(number: u64, room: u64, kind: u64, bytes: usize) -> Arc<KeptEvent> {
    Arc::new(KeptEvent {
        number,
        event: OutgoingEvent {
            room: format!("room-{room}"),
            kind: KINDS[usize::try_from(kind).unwrap()].into(),
            at_ms: 0,
            bytes: vec![0; bytes],
        },
    })
}

struct World {
    chance: Chance,
    filter: Filter,
    lines: Lines,
    store: Vec<Arc<KeptEvent>>,
    under_way: Vec<(String, Vec<Arc<KeptEvent>>)>,
    taken: BTreeMap<String, Vec<u64>>,
    /// The place to which a crash goes back.
    kept: (u64, BTreeMap<String, u64>),
    now: Millis,
    bytes: usize,
}

impl World {
    fn new(seed: u64, filter: Filter, bytes: usize) -> Self {
        Self {
            chance: Chance(seed),
            lines: Lines::new(filter.clone(), 0, BTreeMap::new()),
            filter,
            store: Vec::new(),
            under_way: Vec::new(),
            taken: BTreeMap::new(),
            kept: (0, BTreeMap::new()),
            now: 0,
            bytes,
        }
    }

    fn make(&mut self) {
        for _ in 0..self.chance.below(20) {
            let number = self.store.len() as u64 + 1;
            let (room, kind) = (self.chance.below(5), self.chance.below(3));
            self.store.push(event(number, room, kind, self.bytes));
        }
    }

    fn scan(&mut self) {
        let from = usize::try_from(self.lines.scanned()).unwrap();
        let most = usize::try_from(self.chance.below(40)).unwrap();
        let end = (from + most).min(self.store.len());
        self.lines.note(&self.store[from..end]);
    }

    fn begin(&mut self) {
        let most = 1 + usize::try_from(self.chance.below(6)).unwrap();
        match self.lines.next(self.now, most) {
            None => {}
            Some(Turn::Load { room, after }) => {
                let later = self
                    .store
                    .iter()
                    .filter(|kept| kept.number > after && kept.event.room == room);
                let events: Vec<_> = later.take(4).cloned().collect();
                self.lines.loaded(&room, &events);
            }
            Some(Turn::Send { room, events, .. }) => {
                assert!(self.under_way.iter().all(|(other, _)| *other != room));
                self.under_way.push((room, events));
            }
        }
    }

    fn end(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let which = usize::try_from(self.chance.below(self.under_way.len() as u64)).unwrap();
        let (room, events) = self.under_way.swap_remove(which);
        let fate = self.chance.below(10);
        // Taken, or failed before or after that.
        if fate < 8 {
            let taken = self.taken.entry(room.clone()).or_default();
            taken.extend(events.iter().map(|kept| kept.number));
        }
        if fate < 6 {
            let last = events.last().unwrap().number;
            self.lines.settle(&room, last);
        } else {
            let again = self.now + self.chance.below(50);
            self.lines.fail(&room, again, fate == 9);
        }
    }

    fn keep(&mut self) {
        self.kept = (self.lines.base(), self.lines.ahead().clone());
    }

    fn crash(&mut self) {
        let (base, ahead) = self.kept.clone();
        self.lines = Lines::new(self.filter.clone(), base, ahead);
        self.under_way.clear();
    }

    fn step(&mut self) {
        self.now += self.chance.below(10);
        match self.chance.below(100) {
            0 => self.crash(),
            1..10 => self.keep(),
            10..30 => self.make(),
            30..50 => self.scan(),
            50..75 => self.begin(),
            _ => self.end(),
        }
    }

    /// No event comes any more, and everything is taken in the end.
    fn finish(&mut self) {
        for _ in 0..1_000_000 {
            if self.lines.base() == self.store.len() as u64 {
                break;
            }
            self.now += 1;
            self.scan();
            self.begin();
            self.end();
        }
        assert_eq!(
            self.lines.base(),
            self.store.len() as u64,
            "it stands still"
        );
        assert_eq!((self.lines.rooms(), self.lines.held_bytes), (0, 0));
        assert!(self.lines.ahead().is_empty());
    }

    fn check(&self) {
        for room in 0..5 {
            let room = format!("room-{room}");
            let mut highest = 0;
            let mut first_time = Vec::new();
            for number in self.taken.get(&room).into_iter().flatten() {
                if *number > highest {
                    highest = *number;
                    first_time.push(*number);
                }
            }
            let wanted = self
                .store
                .iter()
                .filter(|kept| kept.event.room == room && self.filter.wants(&kept.event));
            let wanted: Vec<_> = wanted.map(|kept| kept.number).collect();
            assert_eq!(first_time, wanted, "{room}");
        }
    }
}

fn run(seed: u64, filter: Filter, bytes: usize) {
    let mut world = World::new(seed, filter, bytes);
    for _ in 0..2_000 {
        world.step();
    }
    world.finish();
    world.check();
}

#[test]
fn everything_is_taken_in_order_for_each_room() {
    for seed in 0..60 {
        run(seed, Filter::default(), 10);
    }
}

#[test]
fn a_filter_leaves_out_what_it_should_and_nothing_else() {
    for seed in 0..30 {
        let filter = Filter {
            rooms: vec!["room-1".into(), "room-3".into()],
            kinds: vec!["joined".into()],
        };
        run(seed, filter, 10);
    }
}

#[test]
fn events_that_do_not_fit_into_memory_are_read_when_it_is_their_turn() {
    for seed in 0..20 {
        run(seed, Filter::default(), 200_000);
    }
}

#[test]
fn what_is_held_is_bounded_however_long_a_receiver_is_away() {
    let mut lines = Lines::new(Filter::default(), 0, BTreeMap::new());
    let size = 1_024 * 1_024;
    for number in 1..=100 {
        lines.note(&[event(number, number % 7, 0, size)]);
    }
    assert!(lines.held_bytes <= HELD_BYTES + 2 * size as u64);
    assert_eq!(lines.rooms(), 7);
    assert_eq!(lines.base(), 0);
}

#[test]
fn a_room_that_fails_holds_up_no_other() {
    let mut lines = Lines::new(Filter::default(), 0, BTreeMap::new());
    lines.note(&[event(1, 1, 0, 1), event(2, 2, 0, 1), event(3, 1, 0, 1)]);
    let Some(Turn::Send { room, .. }) = lines.next(0, 1) else {
        panic!("nothing to send")
    };
    lines.fail(&room, 100, false);
    assert!(matches!(lines.next(0, 1), Some(Turn::Send { room, .. }) if room == "room-2"));
    lines.settle("room-2", 2);
    assert_eq!((lines.next(99, 1), lines.wakes_at()), (None, Some(100)));
    assert_eq!(lines.base(), 0);
    assert_eq!(lines.ahead().get("room-2"), Some(&2));
    let again = lines.next(100, 9);
    assert!(matches!(again, Some(Turn::Send { events, attempts: 1, .. }) if events.len() == 2));
}
