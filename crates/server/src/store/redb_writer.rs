//! The thread that owns the store's file.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redb::Database;
use sideroom_route::RoomId;
use sideroom_store::Tail;
use tokio::sync::oneshot;

use super::StoreError;
use super::redb_error::explain;
use super::redb_tables::{self as tables, Applying, Open, Refusal, Write};
use crate::clock;
use crate::metrics::catalogue as names;

/// Requests in one transaction. Bounds how long the first of them waits.
const BATCH: usize = 1_024;
/// After a commit of so many requests, others gather before the next one: under load a commit costs the same for
/// many as for few, and callers who wait for it cost no CPU.
const GATHER_FROM: usize = 8;
/// Requests gather for this part of the time that the commit before took, and no longer than [`GATHER_MOST`].
const GATHER_PART: u32 = 2;
const GATHER_MOST: Duration = Duration::from_millis(3);
/// Interval between tests of a store that failed, while there are no requests.
const PROBE_EVERY: Duration = Duration::from_millis(500);
/// A commit that takes longer is logged as trouble.
const SLOW: Duration = Duration::from_secs(2);

/// Where the verdict about one request goes.
pub(super) type Answer = oneshot::Sender<Result<(), StoreError>>;
/// A read of the file; it gets an error if there is no file.
pub(super) type Read = Box<dyn FnOnce(Result<&Database, StoreError>) + Send>;

pub(super) enum Job {
    Write(Write, Answer),
    Read(Read),
}

/// The state of the thread, for others.
#[derive(Debug, Default)]
pub(super) struct WriterState {
    failed: Option<StoreError>,
    committing: Option<Instant>,
}

impl WriterState {
    pub(super) fn trouble(&self, now: Instant) -> Option<String> {
        if let Some(error) = &self.failed {
            return Some(error.to_string());
        }
        let took = now.saturating_duration_since(self.committing?);
        (took > SLOW).then(|| format!("a commit takes {} s", took.as_secs()))
    }
}

/// See the module.
pub(super) struct Writer {
    /// `None` after a failure, until the next request opens the file again.
    db: Option<Database>,
    open: Open,
    /// The last row of each room that was written since the file was opened.
    last: BTreeMap<RoomId, u64>,
    state: Arc<Mutex<WriterState>>,
    /// Gets the events that go out once they are durable.
    tail: Arc<Tail>,
    failing: bool,
}

impl Writer {
    pub(super) fn new(
        db: Database,
        open: Open,
        state: Arc<Mutex<WriterState>>,
        tail: Arc<Tail>,
    ) -> Self {
        Self {
            db: Some(db),
            open,
            last: BTreeMap::new(),
            state,
            tail,
            failing: false,
        }
    }

    /// Until every sender is gone and the queue is empty.
    pub(super) fn run(&mut self, jobs: &Receiver<Job>) {
        let mut batch = Vec::new();
        let mut gather = Duration::ZERO;
        loop {
            wait(gather);
            let mut next = match self.next_job(jobs) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => {
                    self.probe();
                    gather = Duration::ZERO;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Some(job) = next.take() {
                match job {
                    Job::Write(write, answer) => batch.push((write, answer)),
                    Job::Read(read) => {
                        // Reads come after everything that was asked before them.
                        self.commit(&mut batch);
                        read(self.database());
                    }
                }
                if batch.len() < BATCH {
                    next = jobs.try_recv().ok();
                }
            }
            gather = self.commit_timed(&mut batch);
        }
    }

    /// Commits; the time that requests gather before the next commit.
    fn commit_timed(&mut self, batch: &mut Vec<(Write, Answer)>) -> Duration {
        let (begun, size) = (clock::now(), batch.len());
        self.commit(batch);
        match size >= GATHER_FROM {
            true => (begun.elapsed() / GATHER_PART).min(GATHER_MOST),
            false => Duration::ZERO,
        }
    }

    fn next_job(&self, jobs: &Receiver<Job>) -> Result<Job, RecvTimeoutError> {
        match self.failing {
            true => jobs.recv_timeout(PROBE_EVERY),
            false => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Tests whether a store that failed works again, so that rooms and readiness need not wait for a
    /// request.
    fn probe(&mut self) {
        let probed = self.guarded(|writer| {
            let transaction = writer.database()?.begin_write();
            let transaction = transaction.map_err(|error| explain(error.into()))?;
            tables::probe(&transaction).map_err(explain)?;
            transaction.commit().map_err(|error| explain(error.into()))
        });
        self.note(probed.as_ref().err());
    }

    /// Notes the success or failure of a write.
    fn note(&mut self, error: Option<&StoreError>) {
        if error.is_some() {
            // Opening the file anew discards the writes of a failed transaction.
            self.db = None;
            self.last.clear();
            self.tail.clear();
        }
        if error.is_none() {
            if !self.failing {
                return;
            }
            tracing::info!("the store works again");
        }
        self.failing = error.is_some();
        self.state().failed = error.cloned();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fault in the store's own code is a failure as any other: the thread goes on.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.state().committing = Some(clock::now());
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        self.state().committing = None;
        done.unwrap_or_else(|_| Err(StoreError::Failed("it made a mistake".into())))
    }

    fn database(&mut self) -> Result<&Database, StoreError> {
        let db = match self.db.take() {
            Some(db) => db,
            None => {
                let db = tables::prepare(&mut self.open)?;
                self.last.clear();
                db
            }
        };
        Ok(self.db.insert(db))
    }

    fn commit(&mut self, batch: &mut Vec<(Write, Answer)>) {
        if batch.is_empty() {
            return;
        }
        let committed = self.guarded(|writer| writer.try_commit(batch));
        self.note(committed.as_ref().err());
        let verdicts = match committed {
            Ok(verdicts) => verdicts,
            Err(error) => {
                tracing::warn!(%error, requests = batch.len(), "the store keeps nothing");
                metrics::counter!(names::STORE_FAILED).increment(batch.len() as u64);
                vec![Err(error); batch.len()]
            }
        };
        for ((_, answer), verdict) in batch.drain(..).zip(verdicts) {
            drop(answer.send(verdict));
        }
    }

    /// One transaction for all. Each request succeeds or fails for itself, unless the file fails.
    fn try_commit(
        &mut self,
        batch: &[(Write, Answer)],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.database()?;
        let Self {
            db: Some(db),
            last,
            tail,
            ..
        } = self
        else {
            return Err(StoreError::Closed);
        };
        let transaction = db.begin_write().map_err(|error| explain(error.into()))?;
        let mut verdicts = Vec::with_capacity(batch.len());
        let mut applying = Applying::new(&transaction);
        for (write, _) in batch {
            verdicts.push(match applying.apply(last, write) {
                Ok(()) => Ok(()),
                Err(Refusal::Gap) => Err(StoreError::Gap),
                Err(Refusal::Failed(error)) => return Err(explain(error)),
            });
        }
        let kept = applying.finish().map_err(explain)?;
        let begun = clock::now();
        transaction
            .commit()
            .map_err(|error| explain(error.into()))?;
        tail.push(kept);
        metrics::histogram!(names::STORE_COMMIT_SECONDS).record(begun.elapsed().as_secs_f64());
        metrics::histogram!(names::STORE_BATCH).record(batch.len() as f64);
        metrics::counter!(names::STORE_APPENDED_BYTES).increment(appended_bytes(batch, &verdicts));
        Ok(verdicts)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the store's own thread: to wake for each request that comes would cost what gathering saves"
)]
fn wait(gather: Duration) {
    std::thread::sleep(gather);
}

fn appended_bytes(batch: &[(Write, Answer)], verdicts: &[Result<(), StoreError>]) -> u64 {
    let kept = batch
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| verdict.is_ok());
    let bytes = kept.map(|((write, _), _)| match write {
        Write::Change(_, change) => {
            let rows = change.rows.iter();
            rows.map(|row| row.bytes.len() as u64).sum()
        }
        Write::ForgetEndedBefore(_) | Write::ForgetEventsBefore(_) | Write::Notes(_) => 0,
    });
    bytes.sum()
}
