//! Who goes into which breakout: at random, evenly, never above capacity, and if it can be without
//! bringing two people together again.

use std::collections::{BTreeMap, VecDeque};

use sideroom_route::{BreakoutId, ParticipantId};

use crate::chance::Chance;

/// A breakout that takes people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) breakout: BreakoutId,
    /// How many are inside and stay there.
    pub(crate) occupied: usize,
    pub(crate) capacity: usize,
}

impl Target {
    pub(crate) fn empty(breakout: BreakoutId, capacity: u16) -> Self {
        Self {
            breakout,
            occupied: 0,
            capacity: usize::from(capacity),
        }
    }
}

/// A distribution.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Dealt {
    pub(crate) placed: Vec<(ParticipantId, BreakoutId)>,
    pub(crate) left_over: Vec<ParticipantId>,
}

/// Rooms of up to so many people are tried more than once and improved by exchanging people.
const SMALL: usize = 64;
/// How often, at most.
const TRIES: usize = 24;

/// Deals `pool` over `targets` at random and evenly.
pub(crate) fn deal(seed: u64, pool: &[ParticipantId], targets: &[Target]) -> Dealt {
    let mut pool = pool.to_vec();
    Chance::new(seed).shuffle(&mut pool);
    let sizes = even_sizes(pool.len(), targets);
    let mut people = pool.into_iter();
    let mut placed = Vec::new();
    for (target, size) in targets.iter().zip(sizes) {
        let chosen = people.by_ref().take(size);
        placed.extend(chosen.map(|one| (one, target.breakout)));
    }
    finish(placed, people.collect())
}

/// Deals `pool` over `targets` so that as few pairs as possible were together in one of `rounds`.
pub(crate) fn avoid_pairs(
    seed: u64,
    pool: &[ParticipantId],
    targets: &[Target],
    rounds: &VecDeque<BTreeMap<ParticipantId, BreakoutId>>,
) -> Dealt {
    let mut chance = Chance::new(seed);
    let sizes = even_sizes(pool.len(), targets);
    let people: Vec<Person> = pool.iter().map(|one| Person::new(*one, rounds)).collect();
    let small = people.len() <= SMALL;
    let mut best: Option<(usize, Groups, Vec<&Person>)> = None;
    for _ in 0..if small { TRIES } else { 1 } {
        let mut order: Vec<&Person> = people.iter().collect();
        chance.shuffle(&mut order);
        let seats = sizes.iter().sum::<usize>().min(order.len());
        let left_over = order.split_off(seats);
        let mut groups = fill(&order, &sizes);
        if small {
            exchange(&mut groups);
        }
        let cost = groups.iter().map(|group| repeats(group)).sum();
        if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
            best = Some((cost, groups, left_over));
        }
        if cost == 0 {
            break;
        }
    }
    let (_, groups, left_over) = best.unwrap_or_default();
    let filled = targets.iter().zip(groups);
    let placed = filled
        .flat_map(|(target, group)| group.into_iter().map(|one| (one.id, target.breakout)))
        .collect();
    finish(placed, left_over.into_iter().map(|one| one.id).collect())
}

type Groups<'a> = Vec<Vec<&'a Person>>;

/// Somebody, and where it was in each round; `None`: in no breakout.
struct Person {
    id: ParticipantId,
    origins: Vec<Option<BreakoutId>>,
}

impl Person {
    fn new(id: ParticipantId, rounds: &VecDeque<BTreeMap<ParticipantId, BreakoutId>>) -> Self {
        let origins = rounds.iter().map(|round| round.get(&id).copied()).collect();
        Self { id, origins }
    }

    /// In how many rounds the two were together.
    fn met(&self, other: &Self) -> usize {
        let rounds = self.origins.iter().zip(&other.origins);
        rounds
            .filter(|(one, two)| one.is_some() && one == two)
            .count()
    }
}

fn finish(
    mut placed: Vec<(ParticipantId, BreakoutId)>,
    mut left_over: Vec<ParticipantId>,
) -> Dealt {
    placed.sort_unstable();
    left_over.sort_unstable();
    Dealt { placed, left_over }
}

/// How many each target takes: the emptiest is always the next, so that they end up even.
fn even_sizes(people: usize, targets: &[Target]) -> Vec<usize> {
    let mut sizes = vec![0; targets.len()];
    for _ in 0..people {
        let open = targets.iter().zip(&mut sizes);
        let free = open.filter(|(target, size)| target.occupied + **size < target.capacity);
        match free.min_by_key(|(target, size)| target.occupied + **size) {
            Some((_, size)) => *size += 1,
            None => break,
        }
    }
    sizes
}

/// Where a person was in a round.
type Origin = (usize, BreakoutId);

/// Puts each person where the fewest are whom it has met, among the groups that are not full.
fn fill<'a>(order: &[&'a Person], sizes: &[usize]) -> Groups<'a> {
    // For each group, how many of its people were where in each round: whom somebody meets again is then
    // a look-up for each round and not for each person.
    let mut groups: Vec<(Vec<&Person>, BTreeMap<Origin, usize>)> = Vec::new();
    groups.resize_with(sizes.len(), Default::default);
    for person in order {
        let origins = || {
            let each = person.origins.iter().enumerate();
            each.filter_map(|(round, origin)| Some((round, (*origin)?)))
        };
        let open = groups.iter_mut().zip(sizes);
        let open = open.filter(|((group, _), size)| group.len() < **size);
        let chosen = open.min_by_key(|((group, present), _)| {
            let again: usize = origins().filter_map(|origin| present.get(&origin)).sum();
            (again, group.len())
        });
        if let Some(((group, present), _)) = chosen {
            group.push(person);
            for origin in origins() {
                *present.entry(origin).or_default() += 1;
            }
        }
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// Exchanges two people of different groups wherever that makes fewer pairs meet again.
fn exchange(groups: &mut [Vec<&Person>]) {
    for later in 1..groups.len() {
        let (before, rest) = groups.split_at_mut(later);
        let Some(other) = rest.first_mut() else {
            return;
        };
        for group in before {
            improve(group, other);
        }
    }
}

fn improve<'a>(group: &mut [&'a Person], other: &mut [&'a Person]) {
    for here in 0..group.len() {
        for there in 0..other.len() {
            let (Some(one), Some(two)) = (group.get(here).copied(), other.get(there).copied())
            else {
                return;
            };
            let stays = met_in(one, group, one) + met_in(two, other, two);
            let goes = met_in(two, group, one) + met_in(one, other, two);
            if goes < stays
                && let (Some(here), Some(there)) = (group.get_mut(here), other.get_mut(there))
            {
                std::mem::swap(here, there);
            }
        }
    }
}

/// How often `person` has met those of `group`, without `absent`.
fn met_in(person: &Person, group: &[&Person], absent: &Person) -> usize {
    let others = group.iter().filter(|other| other.id != absent.id);
    others.map(|other| person.met(other)).sum()
}

/// How many pairs of `group` were together before, counted once for each round.
fn repeats(group: &[&Person]) -> usize {
    let each = group.iter().enumerate();
    each.map(|(index, one)| {
        group
            .iter()
            .skip(index + 1)
            .map(|two| one.met(two))
            .sum::<usize>()
    })
    .sum()
}
