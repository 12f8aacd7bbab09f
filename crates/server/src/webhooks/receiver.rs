//! The task of one receiver: takes events from the store, sends them, and keeps its place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use sideroom_store::{KeptEvent, Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::filter::Filter;
use super::letter;
use super::lines::{Lines, Millis, Turn};
use super::place::{NoteKeys, Place, all_notes};
use super::post::{Failure, Poster};
use super::replay::{Again, Replay};
use super::signature::Secret;
use super::status::Status;
use crate::clock;
use crate::metrics;

/// Events taken from the store at once.
const SCAN: usize = 1_024;
/// How often the place is kept. What was sent since may be sent again after a crash.
const KEEP_EVERY: Duration = Duration::from_millis(200);
/// Looks for events by itself, if nobody tells.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Waits before the store is asked again.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Time for requests that are under way at the end.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How a receiver is sent to.
#[derive(Debug)]
pub(super) struct Ways {
    pub(super) id: String,
    /// Without what may be secret.
    pub(super) shown_url: String,
    pub(super) filter: Filter,
    pub(super) secret: Secret,
    pub(super) batch: usize,
    pub(super) parallel: usize,
    pub(super) first_wait: Duration,
    pub(super) longest_wait: Duration,
    pub(super) retry_for: Duration,
}

/// A wish of an operator.
#[derive(Debug)]
pub(super) enum Command {
    /// Send again. It is kept when this is answered.
    Replay(Replay, oneshot::Sender<Result<(), String>>),
    /// Finish what is under way, keep the place, and end.
    Stop(oneshot::Sender<()>),
}

/// A piece of work that is done.
pub(super) enum Done {
    Sent {
        room: String,
        events: Vec<Arc<KeptEvent>>,
        attempts: u32,
        result: Result<(), Failure>,
    },
    Loaded {
        room: String,
        events: Result<Vec<Arc<KeptEvent>>, StoreError>,
    },
    Replayed {
        again: Again,
        result: Result<(), Failure>,
    },
}

/// See the module.
pub(super) struct Receiver {
    pub(super) ways: Ways,
    pub(super) poster: Arc<Poster>,
    pub(super) store: Arc<dyn Store>,
    pub(super) keys: NoteKeys,
    pub(super) lines: Lines,
    pub(super) kept: Place,
    pub(super) work: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(super) replay: Option<Replay>,
    /// When the replay goes on, and failures in a row; in between one event is under way.
    pub(super) replay_at: Option<Instant>,
    pub(super) replay_attempts: u32,
    pub(super) dead: usize,
    pub(super) began: Instant,
    /// The store has more than was taken.
    pub(super) more: bool,
    pub(super) status: Arc<Mutex<Status>>,
}

impl Receiver {
    /// Goes on where the receiver was; a new one begins after `newest`.
    pub(super) async fn begin(
        ways: Ways,
        poster: Poster,
        store: Arc<dyn Store>,
        newest: u64,
    ) -> Result<Self, StoreError> {
        let keys = NoteKeys::of(&ways.id);
        let place = match Place::read(&store, &keys).await? {
            Some(place) => place,
            None => {
                let place = Place {
                    base: newest,
                    ahead: BTreeMap::new(),
                };
                store.write_notes(place.notes_after(None, &keys)).await?;
                place
            }
        };
        let dead = all_notes(&store, &keys.dead()).await?.len();
        let replay = Replay::read(&store, &keys).await?;
        let status = Status::new(&ways.id, &ways.shown_url, dead);
        let began = Instant::now();
        Ok(Self {
            lines: Lines::new(ways.filter.clone(), place.base, place.ahead.clone()),
            ways,
            poster: Arc::new(poster),
            store,
            keys,
            kept: place,
            work: FuturesUnordered::new(),
            replay_at: replay.map(|_| began),
            replay,
            replay_attempts: 0,
            dead,
            began,
            more: true,
            status: Arc::new(Mutex::new(status)),
        })
    }

    pub(super) fn status(&self) -> Arc<Mutex<Status>> {
        Arc::clone(&self.status)
    }

    pub(super) fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Until nobody commands any more.
    pub(super) async fn run(
        mut self,
        mut news: watch::Receiver<()>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        let mut keep_at = Instant::now();
        let mut look_at = keep_at;
        loop {
            if self.more {
                self.scan().await;
            }
            self.begin_work();
            let mut wake = keep_at.min(look_at);
            if let Some(at) = self.lines.wakes_at()
                && self.work.len() < self.ways.parallel
            {
                wake = wake.min(self.began + Duration::from_millis(at));
            }
            if self.more {
                wake = Instant::now();
            }
            tokio::select! {
                Some(done) = self.work.next() => self.handle(done).await,
                command = commands.recv() => match command {
                    Some(Command::Replay(replay, answer)) => self.begin_replay(replay, answer).await,
                    Some(Command::Stop(done)) => {
                        self.stop().await;
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                Ok(()) = news.changed() => self.more = true,
                () = sleep_until(wake) => {}
            }
            let now = Instant::now();
            if now >= look_at {
                self.more = true;
                look_at = now + LOOK_EVERY;
            }
            if now >= keep_at {
                self.keep().await;
                keep_at = Instant::now() + KEEP_EVERY;
            }
        }
    }

    /// Takes the next events of the store.
    async fn scan(&mut self) {
        match self
            .store
            .events_after(None, self.lines.scanned(), SCAN)
            .await
        {
            Ok(events) => {
                self.more = !events.is_empty();
                self.lines.note(&events);
            }
            // It is asked again with the next look.
            Err(_) => self.more = false,
        }
    }

    fn begin_work(&mut self) {
        while self.work.len() < self.ways.parallel {
            let Some(turn) = self.lines.next(self.now(), self.ways.batch) else {
                break;
            };
            let work = match turn {
                Turn::Load { room, after } => self.load(room, after),
                Turn::Send {
                    room,
                    events,
                    attempts,
                } => self.send(room, events, attempts),
            };
            self.work.push(work);
        }
    }

    fn load(&self, room: String, after: u64) -> BoxFuture<'static, Done> {
        let events = self
            .store
            .events_after(Some(&room), after, self.ways.batch.max(64));
        Box::pin(async move {
            let events = events.await;
            Done::Loaded { room, events }
        })
    }

    fn send(
        &self,
        room: String,
        events: Vec<Arc<KeptEvent>>,
        attempts: u32,
    ) -> BoxFuture<'static, Done> {
        let items = events.iter().map(|kept| {
            let event = &kept.event;
            (kept.number, event.room.as_str(), event.bytes.as_slice())
        });
        let body = letter::body(&self.ways.id, false, items);
        let signature = self.ways.secret.sign(clock::unix_ms() / 1_000, &body);
        let poster = Arc::clone(&self.poster);
        Box::pin(async move {
            let result = poster.post(body, &signature).await;
            Done::Sent {
                room,
                events,
                attempts,
                result,
            }
        })
    }

    async fn handle(&mut self, done: Done) {
        match done {
            Done::Loaded {
                room,
                events: Ok(events),
            } => self.lines.loaded(&room, &events),
            Done::Loaded { room, .. } => {
                let again = self.now() + millis(STORE_PAUSE);
                self.lines.postpone(&room, again);
            }
            Done::Sent {
                room,
                events,
                result: Ok(()),
                ..
            } => {
                metrics::webhook_delivered(&self.ways.id, events.len());
                self.update(|status| status.works());
                let last = events.last().map_or(0, |event| event.number);
                self.lines.settle(&room, last);
            }
            Done::Sent {
                room,
                events,
                attempts,
                result: Err(failure),
            } => self.failed(&room, &events, attempts, &failure).await,
            Done::Replayed { again, result } => self.handle_replayed(again, result).await,
        }
    }

    async fn stop(&mut self) {
        self.replay_at = None;
        let last = Instant::now() + STOP_WITHIN;
        while let Ok(Some(done)) = timeout_at(last, self.work.next()).await {
            self.handle(done).await;
        }
        self.keep().await;
    }

    async fn begin_replay(&mut self, replay: Replay, answer: oneshot::Sender<Result<(), String>>) {
        if self.replay.is_some() {
            let why = "a replay is under way; wait for its end".to_owned();
            let _ = answer.send(Err(why));
            return;
        }
        let note = Replay::note(Some(&replay), &self.keys);
        let kept = self.store.write_notes(vec![note]).await;
        if kept.is_ok() {
            self.replay = Some(replay);
            self.replay_at = Some(Instant::now());
            self.lines.hurry();
        }
        let _ = answer.send(kept.map_err(|error| error.to_string()));
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes the place durable.
    async fn keep(&mut self) {
        self.replay_step().await;
        let place = Place {
            base: self.lines.base(),
            ahead: self.lines.ahead().clone(),
        };
        let notes = place.notes_after(Some(&self.kept), &self.keys);
        if !notes.is_empty() && self.store.write_notes(notes).await.is_ok() {
            self.kept = place;
        }
        let (base, scanned, rooms) = (self.kept.base, self.lines.scanned(), self.lines.rooms());
        let replay = self.replay;
        self.update(|status| status.stands(base, scanned, rooms, replay));
        metrics::webhook_pending(&self.ways.id, scanned.saturating_sub(base), self.dead);
    }
}

/// The time in whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
