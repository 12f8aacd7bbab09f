//! Which writes share a transaction: as many as etcd's limits allow, of different rooms.

use crate::txn::{MOST_BYTES, MOST_OPERATIONS};

use super::plan::RoomPlan;

/// Operations of a write beside its rows and snapshots: the room's record.
const OWN: usize = 1;
/// Conditions of each write.
const CONDITIONS: usize = 2;
/// Bytes of the record and of what surrounds each key.
const OVERHEAD: usize = 256;

/// Takes up some part of a transaction.
#[derive(Clone, Copy, Default)]
struct Size {
    operations: usize,
    conditions: usize,
    bytes: usize,
}

impl Size {
    fn of(plan: &RoomPlan) -> Self {
        let puts = plan.puts.iter().map(put_bytes);
        Self {
            operations: plan.puts.len() + plan.deletes.len() + OWN,
            conditions: CONDITIONS,
            bytes: puts.sum::<usize>() + OVERHEAD * (plan.deletes.len() + 2),
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            conditions: self.conditions + other.conditions,
            bytes: self.bytes + other.bytes,
        }
    }

    const fn fits(self) -> bool {
        self.operations <= MOST_OPERATIONS
            && self.conditions <= MOST_OPERATIONS
            && self.bytes <= MOST_BYTES
    }
}

fn put_bytes((key, value): &(Vec<u8>, Vec<u8>)) -> usize {
    key.len() + value.len() + OVERHEAD / 4
}

/// Groups of writes that fit into a transaction each. One that does not fit is alone.
pub(super) fn pack(plans: Vec<RoomPlan>) -> Vec<Vec<RoomPlan>> {
    let mut packs: Vec<Vec<RoomPlan>> = Vec::new();
    let mut size = Size::default();
    for plan in plans {
        let own = Size::of(&plan);
        match packs.last_mut().filter(|_| size.and(own).fits()) {
            Some(pack) => {
                size = size.and(own);
                pack.push(plan);
            }
            None => {
                size = own;
                packs.push(vec![plan]);
            }
        }
    }
    packs
}

/// Takes from a write that is too large what has to be written before it, in parts that fit. Nothing of it counts
/// until the record is written.
pub(super) fn take_excess(plan: &mut RoomPlan) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut parts = Vec::new();
    while !Size::of(plan).fits() && !plan.puts.is_empty() {
        let mut bytes = 0;
        let fits = |put: &&(Vec<u8>, Vec<u8>)| {
            bytes += put_bytes(put);
            bytes <= MOST_BYTES
        };
        let most = plan
            .puts
            .iter()
            .take(MOST_OPERATIONS)
            .take_while(fits)
            .count();
        let rest = plan.puts.split_off(most.clamp(1, plan.puts.len()));
        parts.push(std::mem::replace(&mut plan.puts, rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use sideroom_cluster::Term;
    use sideroom_route::RoomId;

    use super::*;

    fn plan_of(room: u32, values: &[usize]) -> RoomPlan {
        let puts = values.iter().enumerate();
        RoomPlan {
            room: RoomId(room),
            term: Term(1),
            expected: None,
            record: Default::default(),
            puts: puts
                .map(|(at, len)| (at.to_string().into_bytes(), vec![0; *len]))
                .collect(),
            deletes: Vec::new(),
            answers: Vec::new(),
            row_bytes: 0,
        }
    }

    #[test]
    fn packs_stay_within_both_limits() {
        let many = pack((0..200).map(|room| plan_of(room, &[10])).collect());
        assert_eq!(
            many.iter().map(Vec::len).collect::<Vec<_>>(),
            [64, 64, 64, 8]
        );
        let large = pack((0..4).map(|room| plan_of(room, &[600_000])).collect());
        assert_eq!(large.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn what_does_not_fit_goes_before() {
        for values in [
            vec![10; 1_000],
            vec![384_000; 30],
            vec![10; 127],
            vec![10; 128],
        ] {
            let mut plan = plan_of(1, &values);
            let all = plan.puts.clone();
            let mut parts = take_excess(&mut plan);
            assert!(Size::of(&plan).fits());
            for part in &parts {
                let bytes: usize = part.iter().map(put_bytes).sum();
                assert!(!part.is_empty() && part.len() <= MOST_OPERATIONS && bytes <= MOST_BYTES);
            }
            parts.push(plan.puts);
            assert_eq!(parts.concat(), all, "nothing is lost or reordered");
        }
        assert!(take_excess(&mut plan_of(1, &[10; 127])).is_empty());
    }
}
