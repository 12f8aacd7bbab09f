//! Distributes people over breakouts (rule 12): at random, evenly, never above capacity, and if possible
//! without bringing two people together again.

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

/// The result of a distribution.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Dealt {
    pub(crate) placed: Vec<(ParticipantId, BreakoutId)>,
    pub(crate) left_over: Vec<ParticipantId>,
}

/// For up to this many people, distributions are tried more than once and improved by exchanging people.
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

/// A person, and their breakout in each round; `None`: in no breakout.
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
pub(crate) fn even_sizes(people: usize, targets: &[Target]) -> Vec<usize> {
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

/// Puts each person where they have met the fewest people, among the groups that are not full.
fn fill<'a>(order: &[&'a Person], sizes: &[usize]) -> Groups<'a> {
    // For each group, the number of its people by their place in each round: counting a person's
    // acquaintances is then a look-up for each round and not for each person.
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

#[cfg(test)]
mod tests {
    use super::*;
    use sideroom_route::RoomId;

    fn people(count: u32) -> Vec<ParticipantId> {
        let serials = 0..count;
        serials
            .map(|serial| ParticipantId::new(RoomId(1), serial))
            .collect()
    }

    fn targets(occupied: &[usize], capacity: usize) -> Vec<Target> {
        let numbered = occupied.iter().zip(1..);
        numbered
            .map(|(occupied, id)| Target {
                breakout: BreakoutId(id),
                occupied: *occupied,
                capacity,
            })
            .collect()
    }

    fn sizes(dealt: &Dealt, targets: &[Target]) -> Vec<usize> {
        let of = |target: &Target| {
            let inside = dealt.placed.iter().filter(|(_, to)| *to == target.breakout);
            target.occupied + inside.count()
        };
        targets.iter().map(of).collect()
    }

    #[test]
    fn everybody_is_dealt_once_evenly_and_never_above_capacity() {
        for count in 0..40 {
            for occupied in [[0, 0, 0], [0, 3, 1], [5, 5, 5]] {
                let targets = targets(&occupied, 6);
                let dealt = deal(u64::from(count), &people(count), &targets);
                let sizes = sizes(&dealt, &targets);
                assert!(sizes.iter().all(|size| *size <= 6));
                let reached = sizes
                    .iter()
                    .zip(&occupied)
                    .filter(|(size, held)| size > held);
                let filled: Vec<usize> = reached.map(|(size, _)| *size).collect();
                let spread = filled.iter().max().zip(filled.iter().min());
                assert!(
                    spread.is_none_or(|(most, least)| most - least <= 1),
                    "{sizes:?}"
                );
                let mut all: Vec<_> = dealt.placed.iter().map(|(one, _)| *one).collect();
                all.extend(&dealt.left_over);
                all.sort_unstable();
                assert_eq!(all, people(count));
                assert!(dealt.left_over.is_empty() || sizes == [6, 6, 6]);
            }
        }
    }

    #[test]
    fn pairs_do_not_meet_again_where_that_is_possible() {
        // 16 people in 4 groups of 4 can meet in 5 rounds without a repetition; 3 are always found.
        for seed in 0..20 {
            let (pool, targets) = (people(16), targets(&[0; 4], 4));
            let mut rounds = VecDeque::new();
            let mut met = std::collections::BTreeSet::new();
            for round in 0..3 {
                let dealt = avoid_pairs(seed + round, &pool, &targets, &rounds);
                let here: BTreeMap<_, _> = dealt.placed.into_iter().collect();
                for one in &pool {
                    for two in pool
                        .iter()
                        .filter(|two| *two > one && here[*two] == here[one])
                    {
                        assert!(met.insert((*one, *two)), "seed {seed}, round {round}");
                    }
                }
                rounds.push_back(here);
            }
        }
    }

    #[test]
    fn where_it_is_impossible_somebody_meets_again_and_nobody_is_lost() {
        let (pool, targets) = (people(6), targets(&[0, 0], 3));
        let mut rounds = VecDeque::new();
        for seed in 0..8 {
            let dealt = avoid_pairs(seed, &pool, &targets, &rounds);
            assert_eq!(
                (dealt.placed.len(), sizes(&dealt, &targets)),
                (6, vec![3, 3])
            );
            rounds.push_back(dealt.placed.into_iter().collect());
        }
    }

    #[test]
    fn a_thousand_are_dealt_as_well() {
        let (pool, targets) = (people(1_000), targets(&[0; 10], 125));
        let first = avoid_pairs(1, &pool, &targets, &VecDeque::new());
        let rounds = VecDeque::from([first.placed.iter().copied().collect()]);
        let second = avoid_pairs(2, &pool, &targets, &rounds);
        assert_eq!(sizes(&second, &targets), vec![100; 10]);
        let origins: BTreeMap<ParticipantId, BreakoutId> = first.placed.into_iter().collect();
        let mut mixed: BTreeMap<(BreakoutId, BreakoutId), usize> = BTreeMap::new();
        for (one, to) in &second.placed {
            *mixed.entry((origins[one], *to)).or_default() += 1;
        }
        let most = mixed.values().max().copied().unwrap_or(0);
        assert!(
            most <= 12,
            "every group is spread over all: {most} of 100 stay together"
        );
    }
}
