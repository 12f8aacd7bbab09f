//! The task that writes: it takes everything that waits, knows the records of the rooms that it wrote, and tests a
//! store that failed until it works again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use sideroom_cluster::Term;
use sideroom_route::RoomId;
use sideroom_store::{Change, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::records;
use crate::txn::Txn;

use super::observer::CommitObserver;
use super::plan::{self, Answer, Known, Planning};
use super::{pack, transact};

/// Changes that are taken together at most, and their bytes. Bounds how long the first of them waits.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 8 << 20;
/// Transactions on their way at once.
const AT_ONCE: usize = 4;
/// Records in one read: each is an operation.
const READ_AT_ONCE: usize = 100;
/// Records that are remembered.
const KNOWN: usize = 100_000;
/// Interval between tests of an etcd that failed.
const PROBE_EVERY: Duration = Duration::from_millis(500);
/// A write that takes longer is logged as trouble.
const SLOW: Duration = Duration::from_secs(2);
/// Attempts to settle a room against its own late writes.
const SETTLE_TRIES: usize = 8;

/// Work for the writer.
pub(super) enum Job {
    Change {
        room: RoomId,
        term: Term,
        /// The name to free if the room ends.
        name: Option<Arc<str>>,
        change: Change,
        answer: Answer,
    },
    /// Makes sure that no earlier write of the room can still be done; gives the revision to read it at.
    Settle {
        room: RoomId,
        term: Term,
        answer: oneshot::Sender<Result<u64, StoreError>>,
    },
    /// Answers once everything before it is done.
    Wait(Answer),
}

/// The state of the task, for others.
#[derive(Debug, Default)]
pub(super) struct WriterState {
    failed: Option<StoreError>,
    writing: Option<Instant>,
}

impl WriterState {
    pub(super) fn trouble(&self) -> Option<String> {
        if let Some(error) = &self.failed {
            return Some(error.to_string());
        }
        let took = self.writing?.elapsed();
        (took > SLOW).then(|| format!("a write to etcd takes {} s", took.as_secs()))
    }
}

/// The changes of each room that are written together.
type Batch = BTreeMap<RoomId, Waiting>;

/// The changes of one room that wait.
struct Waiting {
    term: Term,
    name: Option<Arc<str>>,
    changes: Vec<(Change, Answer)>,
}

/// See the module.
pub(super) struct Writer {
    etcd: Etcd,
    state: Arc<Mutex<WriterState>>,
    observer: Option<Arc<dyn CommitObserver>>,
    /// The records of rooms, as this task wrote or read them under a term.
    known: BTreeMap<RoomId, (Term, Known)>,
    writes: u64,
    /// Why etcd takes no writes at present.
    failed: Option<StoreError>,
}

impl Writer {
    pub(super) fn new(
        etcd: Etcd,
        state: Arc<Mutex<WriterState>>,
        observer: Option<Arc<dyn CommitObserver>>,
    ) -> Self {
        let writes = etcd.options().nonce;
        Self {
            etcd,
            state,
            observer,
            known: BTreeMap::new(),
            writes,
            failed: None,
        }
    }

    /// Until every sender is gone and the queue is empty.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::new();
        let mut probe_at = Instant::now();
        loop {
            if self.failed.is_some() {
                let received =
                    tokio::time::timeout_at(probe_at, jobs.recv_many(&mut waiting, BATCH));
                match received.await {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(_) => {
                        self.probe().await;
                        probe_at = Instant::now() + PROBE_EVERY;
                        continue;
                    }
                }
            } else if jobs.recv_many(&mut waiting, BATCH).await == 0 {
                return;
            }
            let was_well = self.failed.is_none();
            self.do_all(&mut waiting).await;
            if was_well {
                probe_at = Instant::now() + PROBE_EVERY;
            }
        }
    }

    /// Does what waits, in order as far as one room is concerned.
    async fn do_all(&mut self, waiting: &mut Vec<Job>) {
        let mut batch = Batch::new();
        let mut bytes = 0;
        for job in waiting.drain(..) {
            match job {
                Job::Change {
                    room,
                    term,
                    name,
                    change,
                    answer,
                } => {
                    let other = batch.get(&room).is_some_and(|known| known.term != term);
                    if other || bytes > BATCH_BYTES {
                        self.commit(std::mem::take(&mut batch)).await;
                        bytes = 0;
                    }
                    bytes += change
                        .rows
                        .iter()
                        .chain(&change.snapshot)
                        .map(|row| row.bytes.len())
                        .sum::<usize>();
                    let waiting = batch.entry(room).or_insert_with(|| Waiting {
                        term,
                        name,
                        changes: Vec::new(),
                    });
                    waiting.changes.push((change, answer));
                }
                // Reads come after everything that was asked before them.
                Job::Settle { room, term, answer } => {
                    self.commit(std::mem::take(&mut batch)).await;
                    let settled = self.settle(room, term).await;
                    drop(answer.send(settled));
                }
                Job::Wait(answer) => {
                    self.commit(std::mem::take(&mut batch)).await;
                    drop(answer.send(Ok(())));
                }
            }
        }
        self.commit(batch).await;
    }

    async fn commit(&mut self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        if let Some(error) = self.failed.clone() {
            self.refuse(batch, &error);
            return;
        }
        self.state().writing = Some(Instant::now());
        match self.know(&batch).await {
            Ok(()) => self.write(batch).await,
            Err(error) => {
                self.note(Some(&error));
                self.refuse(batch, &error);
            }
        }
        self.state().writing = None;
    }

    fn refuse(&self, batch: Batch, error: &StoreError) {
        let answers = batch.into_values().flat_map(|waiting| waiting.changes);
        let mut count = 0;
        for (_, answer) in answers {
            count += 1;
            drop(answer.send(Err(error.clone())));
        }
        self.tell_failure(count);
    }

    fn tell_failure(&self, changes: usize) {
        if let Some(observer) = &self.observer {
            observer.handle_failure(changes);
        }
    }

    /// Reads the records of rooms that are not known under their term.
    async fn know(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.known.len() > KNOWN {
            self.known.clear();
        }
        let is_new =
            |room: &RoomId, term: Term| self.known.get(room).is_none_or(|(it, _)| *it != term);
        let new = batch.iter().map(|(room, waiting)| (*room, waiting.term));
        let new: Vec<_> = new.filter(|(room, term)| is_new(room, *term)).collect();
        for some in new.chunks(READ_AT_ONCE) {
            let mut txn = Txn::default();
            for (room, _) in some {
                txn = txn.get(self.etcd.keys().room(*room));
            }
            let answer = self.etcd.txn(txn, self.etcd.patience()).await?;
            for ((room, term), found) in some.iter().zip(answer.found()) {
                let known = match found {
                    Some(kv) => Known {
                        at: Some(kv.at()),
                        record: records::room(&kv)?,
                    },
                    None => Known::default(),
                };
                self.known.insert(*room, (*term, known));
            }
        }
        Ok(())
    }

    /// Writes a batch, several transactions at a time.
    async fn write(&mut self, batch: Batch) {
        let mut plans = Vec::new();
        for (room, waiting) in batch {
            let Waiting {
                term,
                name,
                changes,
            } = waiting;
            let write = self.name_write();
            let Some((_, known)) = self.known.get(&room) else {
                continue;
            };
            let planning = Planning {
                keys: self.etcd.keys(),
                journal_rows: self.etcd.options().journal_rows,
                name: name.as_deref(),
                write,
            };
            plans.extend(plan::plan(planning, (room, term), known, changes));
        }
        let etcd = self.etcd.clone();
        let packs = stream::iter(pack::pack(plans)).map(|plans| {
            let begun = Instant::now();
            let etcd = &etcd;
            async move { (transact::transact(etcd, plans).await, begun.elapsed()) }
        });
        let mut done = packs.buffer_unordered(AT_ONCE);
        let mut failed = None;
        while let Some((writes, took)) = done.next().await {
            for each in &writes {
                failed = failed.or(each
                    .1
                    .as_ref()
                    .err()
                    .filter(|error| is_trouble(error))
                    .cloned());
            }
            self.finish(writes, took);
        }
        self.note(failed.as_ref());
    }

    fn finish(&mut self, writes: Vec<transact::Done>, took: Duration) {
        let (mut kept, mut row_bytes) = (0, 0);
        for (plan, verdict) in writes {
            match &verdict {
                Ok(at) => {
                    kept += plan.answers.len();
                    row_bytes += plan.row_bytes;
                    let known = Known {
                        at: Some(*at),
                        record: plan.record,
                    };
                    self.known.insert(plan.room, (plan.term, known));
                }
                Err(error) => {
                    tracing::warn!(room = %plan.room, %error, "etcd does not keep a change");
                    self.known.remove(&plan.room);
                    self.tell_failure(plan.answers.len());
                }
            }
            let verdict = verdict.map(|_| ());
            for answer in plan.answers {
                // The caller may have gone; then the answer is dropped.
                drop(answer.send(verdict.clone()));
            }
        }
        if let Some(observer) = self.observer.as_ref().filter(|_| kept > 0) {
            observer.handle_commit(took, kept, row_bytes);
        }
    }

    /// Writes the room's record once more, so that what compares the one before cannot be written any later. Under the
    /// owner's term, so that nobody else has written what is read then.
    async fn settle(&mut self, room: RoomId, term: Term) -> Result<u64, StoreError> {
        self.known.remove(&room);
        let settled = self.try_settle(room, term).await;
        self.note(settled.as_ref().err().filter(|error| is_trouble(error)));
        settled
    }

    async fn try_settle(&mut self, room: RoomId, term: Term) -> Result<u64, StoreError> {
        let keys = self.etcd.keys().clone();
        for _ in 0..SETTLE_TRIES {
            let (found, _) = self.etcd.get(keys.room(room)).await?;
            let mut record = found
                .as_ref()
                .map(records::room)
                .transpose()?
                .unwrap_or_default();
            record.write = self.name_write();
            let txn = Txn::default()
                .if_at(keys.owner(room), Some(term.0))
                .if_at(keys.room(room), found.as_ref().map(|kv| kv.at()))
                .put(keys.room(room), record.encode())
                .else_get(keys.owner(room))
                .else_get(keys.room(room));
            let answer = self.etcd.txn(txn, self.etcd.patience()).await?;
            let mut at = Some(answer.revision());
            if !answer.succeeded {
                let mut found = answer.found();
                let owner = found.next().flatten();
                if owner.is_none_or(|kv| kv.at() != term.0) {
                    return Err(StoreError::NotOwner);
                }
                // An earlier attempt of this very write counts; a late one of a write before does not.
                let now = found.next().flatten();
                let mine =
                    now.filter(|kv| records::room(kv).is_ok_and(|it| it.write == record.write));
                at = mine.map(|kv| kv.at());
            }
            if let Some(at) = at {
                let known = Known {
                    at: Some(at),
                    record,
                };
                self.known.insert(room, (term, known));
                return Ok(at);
            }
        }
        Err(StoreError::Overloaded)
    }

    const fn name_write(&mut self) -> u64 {
        self.writes = self.writes.wrapping_add(1);
        self.writes
    }

    /// Writes something that changes nothing, so that rooms and readiness need not wait for a request.
    async fn probe(&mut self) {
        let txn = Txn::default().put(self.etcd.keys().meta("probe"), b"1".to_vec());
        let probed = self.etcd.txn(txn, self.etcd.once()).await;
        let error = probed.err().map(|error: EtcdError| error.into());
        self.note(error.as_ref());
    }

    /// Notes the success or failure of a write.
    fn note(&mut self, error: Option<&StoreError>) {
        match (error, &self.failed) {
            (Some(error), None) => tracing::warn!(%error, "etcd keeps nothing"),
            (None, Some(_)) => tracing::info!("etcd works again"),
            _ => {}
        }
        self.failed = error.cloned();
        self.state().failed = error.cloned();
    }

    fn state(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True if it concerns etcd, and not one room.
const fn is_trouble(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Quota | StoreError::Failed(_) | StoreError::Unusable(_)
    )
}
