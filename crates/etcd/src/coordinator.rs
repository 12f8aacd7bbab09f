//! Carries out what `sideroom-cluster` asks of etcd: conditional writes, and reads of single keys.

use std::future::Future;
use std::pin::Pin;

use sideroom_cluster::{
    Change, Incarnation, NodeId, NodeRecord, Outcome, OwnerRecord, Revision, Term,
};
use sideroom_route::RoomId;
use tokio::sync::mpsc;

use crate::client::{Etcd, Patience};
use crate::error::EtcdError;
use crate::names;
use crate::proto::KeyValue;
use crate::records;
use crate::txn::Txn;
use crate::watch::{self, Seen};

/// A result that comes later.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The owner of a room, and etcd's revision when it was read.
pub type OwnerAt = (Option<(OwnerRecord, Term)>, Revision);

/// Tries of an allotment against other nodes' before it is given up.
const ALLOT_TRIES: usize = 32;
/// Agreement between nodes: who lives, and who owns which room.
pub trait Coordinator: Send + Sync + 'static {
    /// Carries out a conditional write of this node, once.
    fn write(&self, change: Change) -> Pending<Outcome>;

    /// A node's record and its revision.
    fn read_node(&self, node: NodeId)
    -> Pending<Result<Option<(NodeRecord, Revision)>, EtcdError>>;

    /// The owner of a room.
    fn read_owner(&self, room: RoomId) -> Pending<Result<OwnerAt, EtcdError>>;

    /// Claims a name for a room; gives the room that has it now, which may be another.
    fn claim_name(&self, name: &str, room: RoomId) -> Pending<Result<RoomId, EtcdError>>;

    /// The room of a name.
    fn read_name(&self, name: &str) -> Pending<Result<Option<RoomId>, EtcdError>>;

    /// Frees the name of a room that was claimed and never made, and gives the room up. False: it is not this node's.
    fn release(&self, room: RoomId, term: Term, name: &str) -> Pending<Result<bool, EtcdError>>;

    /// Everything that nodes and owners are, then each change of it, for as long as the receiver is held.
    fn watch(&self) -> mpsc::Receiver<Seen>;

    /// The first of `count` room ids that no node has used or will use.
    fn allot_rooms(&self, count: u32) -> Pending<Result<RoomId, EtcdError>>;
}

/// etcd as the coordinator of one node.
#[derive(Clone)]
pub struct EtcdCoordinator {
    etcd: Etcd,
    me: NodeId,
}

impl EtcdCoordinator {
    /// Writes as this node.
    pub const fn new(etcd: Etcd, me: NodeId) -> Self {
        Self { etcd, me }
    }
}

impl Coordinator for EtcdCoordinator {
    fn write(&self, change: Change) -> Pending<Outcome> {
        let it = self.clone();
        Box::pin(async move {
            match it.carry_out(change).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::debug!(%error, "a write of this node has no answer");
                    match error.may_have_written() {
                        true => Outcome::Unknown,
                        false => Outcome::Refused,
                    }
                }
            }
        })
    }

    fn read_node(
        &self,
        node: NodeId,
    ) -> Pending<Result<Option<(NodeRecord, Revision)>, EtcdError>> {
        let etcd = self.etcd.clone();
        Box::pin(async move {
            let (found, _) = etcd.get(etcd.keys().node(node)).await?;
            let read = |kv| Ok((records::node(&kv)?, Revision(kv.at())));
            found.map(read).transpose()
        })
    }

    fn read_owner(&self, room: RoomId) -> Pending<Result<OwnerAt, EtcdError>> {
        let etcd = self.etcd.clone();
        Box::pin(async move {
            let (found, revision) = etcd.get(etcd.keys().owner(room)).await?;
            let read = |kv: KeyValue| Ok::<_, EtcdError>((records::owner(&kv)?, Term(kv.at())));
            let owner = found.map(read).transpose()?;
            Ok((owner, Revision(revision)))
        })
    }

    fn claim_name(&self, name: &str, room: RoomId) -> Pending<Result<RoomId, EtcdError>> {
        let (etcd, name) = (self.etcd.clone(), name.to_owned());
        Box::pin(async move { names::claim(&etcd, &name, room).await })
    }

    fn read_name(&self, name: &str) -> Pending<Result<Option<RoomId>, EtcdError>> {
        let (etcd, name) = (self.etcd.clone(), name.to_owned());
        Box::pin(async move { names::read(&etcd, &name).await })
    }

    fn release(&self, room: RoomId, term: Term, name: &str) -> Pending<Result<bool, EtcdError>> {
        let (etcd, name) = (self.etcd.clone(), name.to_owned());
        Box::pin(async move { names::release(&etcd, (room, term), &name).await })
    }

    fn watch(&self) -> mpsc::Receiver<Seen> {
        watch::start(self.etcd.clone())
    }

    fn allot_rooms(&self, count: u32) -> Pending<Result<RoomId, EtcdError>> {
        let etcd = self.etcd.clone();
        Box::pin(async move { allot(&etcd, count).await })
    }
}

impl EtcdCoordinator {
    async fn carry_out(&self, change: Change) -> Result<Outcome, EtcdError> {
        let txn = match change {
            Change::Renew { record, expected } => self.renew(&record, expected.map(|at| at.0)),
            Change::Depose {
                node,
                expected,
                by,
                helper,
            } => match self.depose(node, expected, by, helper).await? {
                Some(txn) => txn,
                None => return Ok(Outcome::Refused),
            },
            Change::Take { room, expected, by } => {
                let record = OwnerRecord {
                    node: self.me,
                    incarnation: by,
                };
                self.own(room, expected, record)
            }
            Change::HandOver { room, expected, to } => self.own(room, Some(expected), to),
        };
        let attempt = self.etcd.options().write_attempt;
        let patience = Patience {
            attempt,
            all: attempt,
        };
        let answer = self.etcd.txn(txn, patience).await?;
        Ok(match answer.succeeded {
            true => Outcome::Written(Revision(answer.revision())),
            false => Outcome::Refused,
        })
    }

    fn renew(&self, record: &NodeRecord, expected: Option<u64>) -> Txn {
        let keys = self.etcd.keys();
        let life = records::encode_life(record.incarnation);
        Txn::default()
            .if_at(keys.node(self.me), expected)
            .put(keys.node(self.me), records::encode_node(record))
            .put(keys.life(self.me), life)
    }

    /// `None`: the record is another one by now.
    async fn depose(
        &self,
        node: NodeId,
        expected: Revision,
        by: Incarnation,
        helper: Option<(NodeId, Incarnation)>,
    ) -> Result<Option<Txn>, EtcdError> {
        let keys = self.etcd.keys();
        let Some((record, revision)) = self.read_node(node).await? else {
            return Ok(None);
        };
        if revision != expected {
            return Ok(None);
        }
        let deposed = NodeRecord {
            deposed: true,
            ..record
        };
        let txn = Txn::default()
            .if_at(keys.node(node), Some(expected.0))
            .put(keys.node(node), records::encode_node(&deposed))
            .delete(keys.life(node));
        let txn = self.if_lives(txn, self.me, by);
        Ok(Some(match helper {
            Some((helper, life)) => self.if_lives(txn, helper, life),
            None => txn,
        }))
    }

    fn own(&self, room: RoomId, expected: Option<Term>, to: OwnerRecord) -> Txn {
        let keys = self.etcd.keys();
        let txn = Txn::default()
            .if_at(keys.owner(room), expected.map(|term| term.0))
            .put(keys.owner(room), records::encode_owner(&to));
        self.if_lives(txn, to.node, to.incarnation)
    }

    fn if_lives(&self, txn: Txn, node: NodeId, life: Incarnation) -> Txn {
        txn.if_value(self.etcd.keys().life(node), records::encode_life(life))
    }
}

/// Takes numbers from the cluster's counter. An answer that gets lost wastes some of them.
async fn allot(etcd: &Etcd, count: u32) -> Result<RoomId, EtcdError> {
    let key = etcd.keys().meta("next-room");
    for _ in 0..ALLOT_TRIES {
        let (found, _) = etcd.get(key.clone()).await?;
        let next = found.as_ref().map(records::number).transpose()?;
        let next = next.unwrap_or(1);
        let first = u32::try_from(next).ok();
        let first = first.filter(|first| first.checked_add(count).is_some());
        let Some(first) = first else {
            return Err(EtcdError::Refused("all room ids are used".into()));
        };
        let after = next + u64::from(count);
        let txn = Txn::default()
            .if_at(key.clone(), found.map(|kv| kv.at()))
            .put(key.clone(), after.to_string().into_bytes());
        if etcd.txn(txn, etcd.patience()).await?.succeeded {
            return Ok(RoomId(first));
        }
    }
    Err(EtcdError::Overloaded(
        "other nodes take room ids all the time".into(),
    ))
}
