//! Carries out writes, and finds out what became of each: by its conditions, and by the name in the room's record.

use sideroom_store::StoreError;

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::records;
use crate::txn::Txn;

use super::pack;
use super::plan::RoomPlan;

/// A write and what became of it: the revision at which it is kept, or why it is not.
pub(super) type Done = (RoomPlan, Result<u64, StoreError>);

/// Carries out writes of different rooms that fit into one transaction, or a single one that does not. A write whose
/// conditions do not hold fails alone; the others are sent again without it.
pub(super) async fn transact(etcd: &Etcd, mut plans: Vec<RoomPlan>) -> Vec<Done> {
    let mut done = Vec::new();
    if let [plan] = plans.as_mut_slice()
        && let Err(error) = write_excess(etcd, plan).await
    {
        done.extend(plans.into_iter().map(|plan| (plan, Err(error.clone()))));
        return done;
    }
    // Each round settles one of them at least: see below.
    while !plans.is_empty() {
        let round = send(etcd, &plans).await;
        let verdicts = match round {
            Ok(verdicts) => verdicts,
            Err(error) => vec![Some(Err(error.into())); plans.len()],
        };
        if verdicts.iter().all(Option::is_none) {
            // The conditions failed, yet hold for each: a node gave a room back in between. The rooms read again.
            let failed = || Err(StoreError::Failed("etcd's answer makes no sense".into()));
            done.extend(plans.into_iter().map(|plan| (plan, failed())));
            return done;
        }
        let mut left = Vec::new();
        for (plan, verdict) in plans.into_iter().zip(verdicts) {
            match verdict {
                Some(verdict) => done.push((plan, verdict)),
                None => left.push(plan),
            }
        }
        plans = left;
    }
    done
}

type Verdict = Option<Result<u64, StoreError>>;

/// Sends them in one transaction. `None`: the conditions of this one hold, but those of another did not.
async fn send(etcd: &Etcd, plans: &[RoomPlan]) -> Result<Vec<Verdict>, EtcdError> {
    let keys = etcd.keys();
    let mut txn = Txn::default();
    for plan in plans {
        let (owner, room) = (keys.owner(plan.room), keys.room(plan.room));
        txn = conditions(etcd, txn, plan);
        for (key, value) in &plan.puts {
            txn = txn.put(key.clone(), value.clone());
        }
        for range in &plan.deletes {
            txn = txn.delete_range(range.clone());
        }
        txn = txn.put(room.clone(), plan.record.encode());
        txn = txn.else_get(owner).else_get(room);
    }
    // It compares the record that it replaces: the second of two of them finds the name of the first.
    let answer = etcd.txn(txn, etcd.patience()).await?;
    let revision = answer.revision();
    if answer.succeeded {
        return Ok(vec![Some(Ok(revision)); plans.len()]);
    }
    let mut found = answer.found();
    let mut verdicts = Vec::new();
    for plan in plans {
        let (owner, room) = (found.next().flatten(), found.next().flatten());
        let record = room.as_ref().map(records::room).transpose()?;
        let is_mine = record.is_some_and(|record| record.write == plan.record.write);
        let is_owner = owner.is_some_and(|kv| kv.at() == plan.term.0);
        let at = room.map(|kv| kv.at());
        verdicts.push(match at {
            // An earlier attempt was done, and its answer got lost.
            Some(at) if is_mine => Some(Ok(at)),
            _ if !is_owner => Some(Err(StoreError::NotOwner)),
            at if at != plan.expected => Some(Err(StoreError::Gap)),
            _ => None,
        });
    }
    Ok(verdicts)
}

fn conditions(etcd: &Etcd, txn: Txn, plan: &RoomPlan) -> Txn {
    let keys = etcd.keys();
    txn.if_at(keys.owner(plan.room), Some(plan.term.0))
        .if_at(keys.room(plan.room), plan.expected)
}

/// Writes what is too much for one transaction. It is not part of the journal before the record says so.
async fn write_excess(etcd: &Etcd, plan: &mut RoomPlan) -> Result<(), StoreError> {
    for part in pack::take_excess(plan) {
        let mut txn = conditions(etcd, Txn::default(), plan);
        for (key, value) in part {
            txn = txn.put(key, value);
        }
        let keys = etcd.keys();
        let txn = txn.else_get(keys.owner(plan.room));
        let answer = etcd.txn(txn, etcd.patience()).await?;
        if !answer.succeeded {
            let owner = answer.found().next().flatten();
            return Err(match owner.is_some_and(|kv| kv.at() == plan.term.0) {
                true => StoreError::Gap,
                false => StoreError::NotOwner,
            });
        }
    }
    Ok(())
}
