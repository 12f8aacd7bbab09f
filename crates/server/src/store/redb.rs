//! The store in one file, with group commit: one thread owns the file, takes everything that waits into
//! one transaction, syncs once and answers all. So a command waits for one or two syncs, however many
//! others come at the same time.
//!
//! After a failed write the file is closed and opened again before the next one, which goes back to the
//! last synced state: nothing that was refused is ever found later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use redb::{Database, ReadableDatabase, StorageBackend};
use sideroom_route::RoomId;
use tokio::sync::oneshot;

use super::redb_error::explain;
use super::redb_tables::{self as tables, Open, Refusal, Write};
use super::{Change, Committed, Row, Store, StoreError, Stored, StoredRoom};
use crate::metrics::catalogue as names;

/// Requests that wait for the writer before new ones are refused.
const QUEUE: usize = 8_192;
/// Requests in one transaction. Bounds how long the first of them waits.
const BATCH: usize = 1_024;

/// Keeps everything in one file.
pub struct RedbStore {
    queue: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// Where the verdict about one request goes.
type Answer = oneshot::Sender<Result<(), StoreError>>;
/// What to do with the file, or with the reason why there is none.
type Read = Box<dyn FnOnce(Result<&Database, StoreError>) + Send>;

enum Job {
    Write(Write, Answer),
    Read(Read),
}

impl RedbStore {
    /// Opens the file, or makes it and the directories above it.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent().filter(|at| !at.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(|error| explain(redb::Error::Io(error)))?;
        }
        let path: PathBuf = path.to_owned();
        Self::start(Box::new(move || {
            Database::builder()
                .set_cache_size(cache_bytes)
                .create(&path)
        }))
    }

    /// Works on any storage, opened again by the same closure after a failure.
    pub fn on_backend<B: StorageBackend>(
        mut backend: impl FnMut() -> B + Send + 'static,
    ) -> Result<Self, StoreError> {
        Self::start(Box::new(move || {
            Database::builder().create_with_backend(backend())
        }))
    }

    fn start(mut open: Open) -> Result<Self, StoreError> {
        let db = tables::prepare(&mut open)?;
        let (queue, jobs) = sync_channel(QUEUE);
        let mut writer = Writer {
            db: Some(db),
            open,
            last: BTreeMap::new(),
        };
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(&jobs))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            queue: Some(queue),
            writer: Some(writer),
        })
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Overloaded),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Closed),
        }
    }

    fn write(&self, write: Write) -> Committed {
        let (answer, answered) = oneshot::channel();
        let submitted = self.submit(Job::Write(write, answer));
        Box::pin(async move {
            submitted?;
            answered.await.unwrap_or(Err(StoreError::Closed))
        })
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    ) -> Committed<T> {
        let (answer, answered) = oneshot::channel();
        let submitted = self.submit(Job::Read(Box::new(move |db| {
            let found = db.and_then(|db| read(db).map_err(explain));
            // Whoever asked may have gone; then nobody wants the answer.
            drop(answer.send(found));
        })));
        Box::pin(async move {
            submitted?;
            answered.await.unwrap_or(Err(StoreError::Closed))
        })
    }
}

impl Drop for RedbStore {
    /// Waits until everything that was asked is durable and the file is closed properly.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

impl Store for RedbStore {
    fn commit(&self, room: RoomId, change: Change) -> Committed {
        self.write(Write::Change(room, change))
    }

    fn forget_ended_before(&self, at_ms: u64) -> Committed {
        self.write(Write::ForgetEndedBefore(at_ms))
    }

    fn load(&self) -> Committed<Stored> {
        self.read(tables::load)
    }

    fn load_room(&self, room: RoomId) -> Committed<StoredRoom> {
        self.read(move |db| tables::load_room(&db.begin_read()?, room))
    }

    fn snapshots(&self, room: RoomId) -> Committed<Vec<Row>> {
        self.read(move |db| tables::snapshots(&db.begin_read()?, room))
    }

    fn journal(&self, room: RoomId, from: u64, limit: usize) -> Committed<Vec<Row>> {
        self.read(move |db| tables::rows_from(&db.begin_read()?, room, from, limit))
    }

    fn rooms(&self) -> Committed<Vec<RoomId>> {
        self.read(tables::rooms)
    }
}

/// The thread that owns the file.
struct Writer {
    /// `None` after a failure, until the next request opens the file again.
    db: Option<Database>,
    open: Open,
    /// The last row of each room that was written since the file was opened.
    last: BTreeMap<RoomId, u64>,
}

impl Writer {
    /// Until every sender is gone and the queue is empty.
    fn run(&mut self, jobs: &Receiver<Job>) {
        let mut batch = Vec::new();
        while let Ok(first) = jobs.recv() {
            let mut next = Some(first);
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
            self.commit(&mut batch);
        }
    }

    fn database(&mut self) -> Result<&Database, StoreError> {
        let db = match self.db.take() {
            Some(db) => db,
            None => {
                let db = tables::prepare(&mut self.open)?;
                tracing::info!("the store works again");
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
        let verdicts = match self.try_commit(batch) {
            Ok(verdicts) => verdicts,
            Err(error) => {
                tracing::warn!(%error, requests = batch.len(), "the store keeps nothing");
                metrics::counter!(names::STORE_FAILED).increment(batch.len() as u64);
                // What the failed transaction wrote is forgotten by opening the file anew.
                self.db = None;
                self.last.clear();
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
            db: Some(db), last, ..
        } = self
        else {
            return Err(StoreError::Closed);
        };
        let transaction = db.begin_write().map_err(|error| explain(error.into()))?;
        let mut verdicts = Vec::with_capacity(batch.len());
        for (write, _) in batch {
            verdicts.push(match tables::apply(&transaction, last, write) {
                Ok(()) => Ok(()),
                Err(Refusal::Gap) => Err(StoreError::Gap),
                Err(Refusal::Failed(error)) => return Err(explain(error)),
            });
        }
        let begun = crate::clock::now();
        transaction
            .commit()
            .map_err(|error| explain(error.into()))?;
        metrics::histogram!(names::STORE_COMMIT_SECONDS).record(begun.elapsed().as_secs_f64());
        metrics::histogram!(names::STORE_BATCH).record(batch.len() as f64);
        metrics::counter!(names::STORE_APPENDED_BYTES).increment(appended_bytes(batch, &verdicts));
        Ok(verdicts)
    }
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
        Write::ForgetEndedBefore(_) => 0,
    });
    bytes.sum()
}
