//! Plans rounds in which people change rooms so that pairs meet again as rarely as can be found.
//!
//! Most plans come from one round that is turned: people sit at numbers in circles, and every next round adds one
//! to every number. Two people then meet as often as their difference occurs in the first round, so that one round
//! is all that is searched for. Where this does not reach zero, rounds are improved one by one.

use crate::chance::Chance;

/// The people of each room of each round, as their places in the list that was given.
pub type Rounds = Vec<Vec<Vec<usize>>>;

/// A plan, and how good it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RotationPlan {
    pub rounds: Rounds,
    /// How often a pair meets that has met before, all rounds together.
    pub repeats: usize,
}

/// Pairs that are looked at for one plan, about: it bounds the time, to some tenths of a second.
const PAIRS: usize = 24_000_000;
/// Exchanges that are tried for one search, at most.
const TRIES: usize = 300_000;
/// Exchanges that are tried for each round of a plan that is not turned, at most.
const TRIES_OF_ROUND: usize = 30_000;
/// How many lengths of the circles are tried.
const LENGTHS: usize = 4;
/// For more people than this rounds are not turned: the search would end before it has found much.
const TURNED: usize = 200;

/// Plans `rounds` rounds for `people` people over rooms that hold `sizes` of them; the sizes add up to all people.
/// `met` are the pairs that have met already.
pub fn plan_rotation(
    seed: u64,
    people: usize,
    sizes: &[usize],
    rounds: usize,
    met: &[(usize, usize)],
) -> RotationPlan {
    let mut chance = Chance::new(seed);
    let mut best: Option<RotationPlan> = None;
    let mut keep = |rounds: Rounds| {
        let repeats = repeats(&rounds, people, met);
        if best.as_ref().is_none_or(|best| repeats < best.repeats) {
            best = Some(RotationPlan { rounds, repeats });
        }
        repeats == 0
    };
    let lengths = (rounds..rounds + LENGTHS).filter(|length| *length * 2 <= people);
    let small = people <= TURNED;
    for length in lengths.filter(|_| small) {
        let turned = Turned::search(&mut chance, people, sizes, length);
        if keep(turned.rounds(rounds)) {
            return best.unwrap_or_default();
        }
    }
    keep(step_by_step(&mut chance, people, sizes, rounds, met));
    best.unwrap_or_default()
}

/// How often pairs meet that have met before.
pub fn repeats(rounds: &Rounds, people: usize, met: &[(usize, usize)]) -> usize {
    let mut seen = Pairs::new(people);
    for (one, two) in met {
        seen.add(*one, *two);
    }
    let mut again = 0;
    for (one, two) in rounds.iter().flatten().flat_map(|room| pairs_of(room)) {
        again += usize::from(seen.times(one, two) > 0);
        seen.add(one, two);
    }
    again
}

fn pairs_of(room: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let each = room.iter().enumerate();
    each.flat_map(|(index, one)| room.iter().skip(index + 1).map(move |two| (*one, *two)))
}

/// How often each two people have met.
struct Pairs {
    people: usize,
    times: Vec<u16>,
}

impl Pairs {
    fn new(people: usize) -> Self {
        Self {
            people,
            times: vec![0; people * people],
        }
    }

    fn add(&mut self, one: usize, two: usize) {
        for place in [one * self.people + two, two * self.people + one] {
            if let Some(times) = self.times.get_mut(place) {
                *times = times.saturating_add(1);
            }
        }
    }

    fn times(&self, one: usize, two: usize) -> u16 {
        let place = one * self.people + two;
        self.times.get(place).copied().unwrap_or(0)
    }
}

/// Seats of one round: the people in the order of the rooms.
struct Seats {
    people: Vec<usize>,
    /// The room of each seat.
    room_of: Vec<usize>,
    /// The first seat of each room, and the one after its last.
    rooms: Vec<(usize, usize)>,
}

impl Seats {
    fn new(chance: &mut Chance, people: usize, sizes: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..people).collect();
        chance.shuffle(&mut order);
        let (mut rooms, mut room_of) = (Vec::new(), Vec::new());
        for (room, size) in sizes.iter().enumerate() {
            rooms.push((room_of.len(), room_of.len() + size));
            room_of.extend(std::iter::repeat_n(room, *size));
        }
        order.truncate(room_of.len());
        Self {
            people: order,
            room_of,
            rooms,
        }
    }

    fn at(&self, seat: usize) -> usize {
        self.people.get(seat).copied().unwrap_or_default()
    }

    /// The seats of the room that a seat is in.
    fn room(&self, seat: usize) -> std::ops::Range<usize> {
        let room = self
            .room_of
            .get(seat)
            .and_then(|room| self.rooms.get(*room));
        let (first, end) = room.copied().unwrap_or_default();
        first..end
    }

    /// Two seats in different rooms.
    fn pick(&self, chance: &mut Chance) -> Option<(usize, usize)> {
        let (one, two) = (
            chance.below(self.people.len()),
            chance.below(self.people.len()),
        );
        (self.room_of.get(one) != self.room_of.get(two)).then_some((one, two))
    }

    fn rooms(&self, name: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
        let seats = |(first, end): &(usize, usize)| (*first..*end).map(|seat| name(self.at(seat)));
        self.rooms
            .iter()
            .map(|room| seats(room).collect())
            .collect()
    }
}

/// One round that is turned.
struct Turned {
    people: usize,
    /// The numbers of each circle.
    length: usize,
    circles: usize,
    seats: Seats,
    /// How often each difference occurs.
    counts: Vec<u16>,
    /// From here on, differences of those who stay put: they would meet in every round.
    put: usize,
}

impl Turned {
    fn search(chance: &mut Chance, people: usize, sizes: &[usize], length: usize) -> Self {
        let (circles, rest) = (people / length, people % length);
        let put = (circles + circles * circles) * length + rest * circles;
        let mut turned = Self {
            people,
            length,
            circles,
            seats: Seats::new(chance, people, sizes),
            counts: vec![0; put + rest * rest],
            put,
        };
        let total = turned.count_all();
        // An exchange that is taken back looks at the pairs of two rooms four times.
        turned.anneal(chance, total, PAIRS / (8 * largest(sizes) * LENGTHS));
        turned
    }

    /// Counts all differences, and returns the cost.
    fn count_all(&mut self) -> i32 {
        if self.length.is_multiple_of(2) {
            // Two who sit opposite each other on a circle meet twice in all rounds.
            for circle in 0..self.circles {
                let opposite = circle * self.length + self.length / 2;
                if let Some(count) = self.counts.get_mut(opposite) {
                    *count = 1;
                }
            }
        }
        let mut total = 0;
        for seat in 0..self.seats.people.len() {
            for other in self.seats.room(seat).filter(|other| *other > seat) {
                total += self.change(self.seats.at(seat), self.seats.at(other), true);
            }
        }
        total
    }

    /// The number of the difference between two people.
    fn difference(&self, one: usize, two: usize) -> usize {
        let (one, two) = (one.min(two), one.max(two));
        let (length, circles) = (self.length, self.circles);
        let turning = circles * length;
        let (i, j) = (one / length, two / length);
        let apart = (two % length + length - one % length) % length;
        if two < turning {
            return match i == j {
                true => i * length + apart.min(length - apart),
                false => turning + (i * circles + j) * length + apart,
            };
        }
        match one < turning {
            true => turning * (1 + circles) + (two - turning) * circles + i,
            false => self.put + (one - turning) * (self.people - turning) + two - turning,
        }
    }

    /// Two people are in one room, or not any more; the change of the cost.
    fn change(&mut self, one: usize, two: usize, together: bool) -> i32 {
        let number = self.difference(one, two);
        let every_round = number >= self.put;
        let Some(count) = self.counts.get_mut(number) else {
            return 0;
        };
        let before = *count;
        *count = match together {
            true => before.saturating_add(1),
            false => before.saturating_sub(1),
        };
        let cost = |count: u16| match every_round {
            true => i32::from(count) * 4,
            false => i32::from(count.saturating_sub(1)),
        };
        cost(*count) - cost(before)
    }

    fn exchange(&mut self, one: usize, two: usize) -> i32 {
        let mut change = 0;
        for (seat, other) in [(one, two), (two, one)] {
            let person = self.seats.at(seat);
            for neighbour in self.seats.room(seat).filter(|it| *it != seat) {
                change += self.change(person, self.seats.at(neighbour), false);
            }
            for neighbour in self.seats.room(other).filter(|it| *it != other) {
                change += self.change(person, self.seats.at(neighbour), true);
            }
        }
        self.seats.people.swap(one, two);
        change
    }

    fn anneal(&mut self, chance: &mut Chance, mut total: i32, tries: usize) {
        // Of 65,536: how often an exchange is kept that adds so much to the cost.
        let mut warmth = 1.0_f64;
        for _ in 0..tries.min(TRIES) {
            if total <= 0 {
                return;
            }
            warmth = (warmth * 0.999_98).max(0.2);
            let Some((one, two)) = self.seats.pick(chance) else {
                continue;
            };
            let change = self.exchange(one, two);
            let odds = (-f64::from(change) / warmth).exp();
            #[expect(clippy::cast_precision_loss, reason = "16 bits")]
            let draw = (chance.bits() >> 48) as f64 / 65_536.0;
            if change <= 0 || draw < odds {
                total += change;
            } else {
                self.exchange(one, two);
            }
        }
    }

    /// The round, turned so many times.
    fn rounds(&self, count: usize) -> Rounds {
        let turning = self.circles * self.length;
        let turned = |person: usize, by: usize| {
            if person >= turning {
                return person;
            }
            let number = (person % self.length + by) % self.length;
            person - person % self.length + number
        };
        let rounds = 0..count;
        rounds
            .map(|by| self.seats.rooms(|person| turned(person, by)))
            .collect()
    }
}

/// Fills round after round, each with as few repeated pairs as exchanges find.
fn step_by_step(
    chance: &mut Chance,
    people: usize,
    sizes: &[usize],
    rounds: usize,
    met: &[(usize, usize)],
) -> Rounds {
    let mut pairs = Pairs::new(people);
    for (one, two) in met {
        pairs.add(*one, *two);
    }
    let mut all = Vec::new();
    for _ in 0..rounds {
        let mut seats = Seats::new(chance, people, sizes);
        let tries = PAIRS / (4 * largest(sizes) * rounds.max(1));
        improve(chance, &mut seats, &pairs, tries.min(TRIES_OF_ROUND));
        let rooms = seats.rooms(|person| person);
        for (one, two) in rooms.iter().flat_map(|room| pairs_of(room)) {
            pairs.add(one, two);
        }
        all.push(rooms);
    }
    all
}

/// How many the largest room holds.
fn largest(sizes: &[usize]) -> usize {
    sizes.iter().max().copied().unwrap_or(0).max(2)
}

fn improve(chance: &mut Chance, seats: &mut Seats, pairs: &Pairs, tries: usize) {
    for _ in 0..tries {
        let Some((one, two)) = seats.pick(chance) else {
            continue;
        };
        let met_at = |person: usize, seat: usize| -> u32 {
            let others = seats.room(seat).filter(|it| *it != seat);
            others
                .map(|it| u32::from(pairs.times(person, seats.at(it))))
                .sum()
        };
        let stays = met_at(seats.at(one), one) + met_at(seats.at(two), two);
        let goes = met_at(seats.at(one), two) + met_at(seats.at(two), one);
        if goes <= stays {
            seats.people.swap(one, two);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(people: usize, size: usize) -> Vec<usize> {
        let rooms = people.div_ceil(size);
        let larger = people % rooms;
        let sizes = (0..rooms).map(|room| people / rooms + usize::from(room < larger));
        sizes.collect()
    }

    /// Known to be possible without a repeated pair, and found so.
    #[test]
    fn pairs_meet_once_where_that_is_possible() {
        for (people, size, rounds) in [(24, 4, 7), (100, 5, 10), (16, 4, 5), (20, 4, 5), (23, 4, 6)]
        {
            let sizes = even(people, size);
            let plan = plan_rotation(1, people, &sizes, rounds, &[]);
            assert_eq!(
                (plan.repeats, plan.rounds.len()),
                (0, rounds),
                "{people} by {size}"
            );
        }
    }

    #[test]
    fn everybody_is_in_one_room_of_each_round_and_no_room_is_too_full() {
        for people in 2..40 {
            for size in 2..7 {
                let sizes = even(people, size);
                let met = [(0, 1)];
                for met in [&met[..], &[]] {
                    let plan = plan_rotation(2, people, &sizes, 4, met);
                    assert_eq!(plan.repeats, repeats(&plan.rounds, people, met));
                    for round in &plan.rounds {
                        let found: Vec<usize> = round.iter().map(Vec::len).collect();
                        assert_eq!(found, sizes);
                        let mut all: Vec<usize> = round.concat();
                        all.sort_unstable();
                        assert_eq!(all, (0..people).collect::<Vec<_>>());
                    }
                }
            }
        }
    }
}
