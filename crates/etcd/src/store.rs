//! The journals of all rooms in etcd. Every change compares the owner's term and the room's record, so that one node
//! at a time can write, and so that the same transaction can be sent twice.
//!
//! One task takes everything that waits into as few transactions as etcd's limits allow, as the file's writer does.

mod forget;
mod observer;
mod pack;
mod parts;
mod plan;
mod read;
mod transact;
mod writer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sideroom_cluster::Term;
use sideroom_route::RoomId;
use sideroom_store::{Change, Committed, Row, Store, StoreError, Stored, StoredRoom};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::client::Etcd;
pub use observer::CommitObserver;
use writer::{Job, Writer, WriterState};

/// Requests that wait for the writer before new ones are refused.
const QUEUE: usize = 8_192;

/// Keeps rooms in etcd. Clones share the writer.
#[derive(Clone)]
pub struct EtcdStore {
    etcd: Etcd,
    jobs: mpsc::Sender<Job>,
    state: Arc<Mutex<WriterState>>,
    terms: Arc<Mutex<Terms>>,
}

/// The rooms that this node owns, with the names that are freed when they end.
type Terms = BTreeMap<RoomId, (Term, Option<Arc<str>>)>;

impl EtcdStore {
    /// Starts the writer, which ends with the last clone. Has to be called within a tokio runtime.
    pub fn start(etcd: Etcd, observer: Option<Arc<dyn CommitObserver>>) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let state = Arc::new(Mutex::new(WriterState::default()));
        let writer = Writer::new(etcd.clone(), Arc::clone(&state), observer);
        tokio::spawn(writer.run(waiting));
        Self {
            etcd,
            jobs,
            state,
            terms: Arc::default(),
        }
    }

    /// The store as the owner of one room sees it: it writes that room under this term, and no other.
    #[must_use]
    pub fn under(&self, room: RoomId, term: Term) -> Self {
        Self {
            terms: Arc::new(Mutex::new([(room, (term, None))].into())),
            ..self.clone()
        }
    }

    /// This node owns the room from now on.
    pub fn own(&self, room: RoomId, term: Term) {
        self.terms().insert(room, (term, None));
    }

    /// The same for a room whose name is free once it ends.
    pub fn own_named(&self, room: RoomId, term: Term, name: &str) {
        self.terms().insert(room, (term, Some(name.into())));
    }

    /// This node does not own the room under that term any more.
    pub fn disown(&self, room: RoomId, term: Term) {
        let mut terms = self.terms();
        if terms.get(&room).is_some_and(|(held, _)| *held == term) {
            terms.remove(&room);
        }
    }

    fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn term(&self, room: RoomId) -> Option<Term> {
        self.terms().get(&room).map(|(term, _)| *term)
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Closed(_) => StoreError::Closed,
        })
    }

    /// Gives the writer a job, and waits for its answer.
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Committed<T> {
        let (answer, answered) = oneshot::channel();
        let submitted = self.submit(job(answer));
        Box::pin(async move {
            submitted?;
            answered.await.unwrap_or(Err(StoreError::Closed))
        })
    }

    /// Reads once everything is done that was asked before.
    fn read<T, F>(&self, read: impl FnOnce(Etcd) -> F + Send + 'static) -> Committed<T>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let before = self.ask(Job::Wait);
        let etcd = self.etcd.clone();
        Box::pin(async move {
            before.await?;
            read(etcd).await
        })
    }
}

impl Store for EtcdStore {
    fn commit(&self, room: RoomId, change: Change) -> Committed {
        if !change.events.is_empty() {
            return Box::pin(std::future::ready(Err(StoreError::NoOutbox)));
        }
        let held = self.terms().get(&room).cloned();
        match held {
            Some((term, name)) => self.ask(|answer| Job::Change {
                room,
                term,
                name,
                change,
                answer,
            }),
            None => Box::pin(std::future::ready(Err(StoreError::NotOwner))),
        }
    }

    fn load(&self) -> Committed<Stored> {
        self.read(|etcd| async move { read::load(&etcd).await })
    }

    /// For its owner, a room is read as of a moment at which it still owned it, and nothing that it wrote before can be
    /// written any more.
    fn load_room(&self, room: RoomId) -> Committed<StoredRoom> {
        let Some(term) = self.term(room) else {
            return self.read(move |etcd| async move { read::load_room(&etcd, room, None).await });
        };
        let settled = self.ask(|answer| Job::Settle { room, term, answer });
        let etcd = self.etcd.clone();
        Box::pin(async move {
            let at = settled.await?;
            read::load_room(&etcd, room, Some(at)).await
        })
    }

    fn snapshots(&self, room: RoomId) -> Committed<Vec<Row>> {
        self.read(move |etcd| async move { read::snapshots(&etcd, room).await })
    }

    fn journal(&self, room: RoomId, from: u64, limit: usize) -> Committed<Vec<Row>> {
        self.read(move |etcd| async move { read::journal(&etcd, room, from, limit).await })
    }

    fn rooms(&self) -> Committed<Vec<RoomId>> {
        self.read(|etcd| async move { read::rooms(&etcd).await })
    }

    fn forget_ended_before(&self, at_ms: u64) -> Committed {
        self.read(move |etcd| async move { forget::forget_ended_before(&etcd, at_ms).await })
    }

    fn trouble(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.trouble()
    }
}
