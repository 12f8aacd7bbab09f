//! The store in one file, with group commit: one thread owns the file, takes everything that waits into
//! one transaction, syncs once and answers all. So a command waits for one or two syncs, however many
//! others come at the same time.
//!
//! After a failed write the file is closed and opened again before the next one, which goes back to the
//! last synced state: nothing that was refused is ever found later.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use redb::{Database, ReadableDatabase, StorageBackend};
use sideroom_route::RoomId;
use sideroom_store::Tail;
use tokio::sync::oneshot;

use super::redb_error::explain;
use super::redb_outbox as outbox;
use super::redb_tables::{self as tables, Open, Write};
use super::redb_writer::{Job, Writer, WriterState};
use super::{
    Change, Committed, KeptEvent, Note, OutboxRange, Row, Store, StoreError, Stored, StoredRoom,
};

/// Requests that wait for the writer before new ones are refused.
const QUEUE: usize = 8_192;

/// Keeps everything in one file.
pub struct RedbStore {
    queue: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    state: Arc<Mutex<WriterState>>,
    tail: Arc<Tail>,
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
        let state = Arc::new(Mutex::new(WriterState::default()));
        let tail = Arc::new(Tail::default());
        let mut writer = Writer::new(db, open, Arc::clone(&state), Arc::clone(&tail));
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(&jobs))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            queue: Some(queue),
            writer: Some(writer),
            state,
            tail,
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
            // The caller may have gone; then the answer is dropped.
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

    fn outbox(&self) -> Committed<OutboxRange> {
        self.read(outbox::range)
    }

    fn events_after(
        &self,
        room: Option<&str>,
        number: u64,
        limit: usize,
    ) -> Committed<Vec<Arc<KeptEvent>>> {
        if room.is_none()
            && let Some(latest) = self.tail.after(number, limit)
        {
            return Box::pin(std::future::ready(Ok(latest)));
        }
        let room = room.map(str::to_owned);
        self.read(move |db| outbox::after(db, room.as_deref(), number, limit))
    }

    fn forget_events_before(&self, number: u64) -> Committed {
        self.write(Write::ForgetEventsBefore(number))
    }

    fn write_notes(&self, notes: Vec<Note>) -> Committed {
        self.write(Write::Notes(notes))
    }

    fn notes(&self, prefix: &str, after: &str, limit: usize) -> Committed<Vec<(String, Vec<u8>)>> {
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        self.read(move |db| outbox::notes(db, &prefix, &after, limit))
    }

    fn trouble(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.trouble(crate::clock::now())
    }
}
