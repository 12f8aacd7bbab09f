//! Events out: every event of every room, posted to the receivers that the operator has configured.
//!
//! Rooms know nothing of it. Their events are kept in the transaction that makes their change durable
//! ([`sideroom_store`]), and a task for each receiver works through them: in order for each room, at least once, however
//! long a receiver is away, until the outbox is full ([decision 29](../../../../docs/decisions/0029-webhooks-from-an-outbox.md)).

mod failing;
mod filter;
mod keeper;
mod letter;
mod lines;
mod place;
mod post;
mod receiver;
mod replay;
mod replaying;
mod settings;
mod signature;
mod status;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sideroom_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

pub use letter::DeadLetter;
pub use replay::Replay;
pub use settings::{Settings, SettingsError, check_url};
pub use status::Status;

use place::{NoteKeys, all_notes};
use receiver::{Command, Receiver};

/// Commands that wait for a receiver.
const COMMANDS: usize = 8;

/// Where the receivers are found once they have begun.
pub type StartedWebhooks = Arc<OnceLock<Webhooks>>;

/// One receiver, as others reach it.
struct Handle {
    status: Arc<Mutex<Status>>,
    commands: mpsc::Sender<Command>,
}

/// The receivers. They end with this.
pub struct Webhooks {
    receivers: BTreeMap<String, Handle>,
    store: Arc<dyn Store>,
}

/// Why an operator's wish is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("there is no receiver of this id")]
    Unknown,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
}

impl Webhooks {
    /// Begins to send. `news` is changed whenever events were kept.
    pub async fn begin(
        settings: Settings,
        store: Arc<dyn Store>,
        news: &watch::Sender<()>,
    ) -> Result<Self, StoreError> {
        let outbox = store.outbox().await?;
        let mut receivers = BTreeMap::new();
        for (ways, poster) in settings.receivers {
            let id = ways.id.clone();
            let receiver =
                Receiver::begin(ways, poster, Arc::clone(&store), outbox.next - 1).await?;
            let (commands, obeyed) = mpsc::channel(COMMANDS);
            let status = receiver.status();
            tokio::spawn(receiver.run(news.subscribe(), obeyed));
            receivers.insert(id, Handle { status, commands });
        }
        forget_others(&store, &receivers).await?;
        let all = receivers.values().map(|handle| Arc::clone(&handle.status));
        let keeper = keeper::Keeper::new(Arc::clone(&store), settings.bounds, all.collect());
        tokio::spawn(keeper.run());
        Ok(Self { receivers, store })
    }

    /// How the receivers are.
    pub fn list(&self) -> Vec<Status> {
        let all = self.receivers.values();
        all.map(|handle| {
            let status = handle.status.lock();
            status.unwrap_or_else(PoisonError::into_inner).clone()
        })
        .collect()
    }

    fn handle(&self, receiver: &str) -> Result<&Handle, WebhookError> {
        self.receivers.get(receiver).ok_or(WebhookError::Unknown)
    }

    /// Dead letters of a receiver after a number, `limit` at most.
    pub async fn dead_letters(
        &self,
        receiver: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, WebhookError> {
        self.handle(receiver)?;
        let keys = NoteKeys::of(receiver);
        let after = keys.dead_letter(after);
        let notes = self.store.notes(&keys.dead(), &after, limit).await?;
        let letters = notes
            .iter()
            .filter_map(|(_, value)| serde_json::from_slice(value).ok());
        Ok(letters.collect())
    }

    /// Begins to send events again.
    pub async fn replay(&self, receiver: &str, replay: Replay) -> Result<(), WebhookError> {
        let handle = self.handle(receiver)?;
        let gone = || WebhookError::Refused("the receiver's task has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        let command = Command::Replay(replay, answer);
        handle.commands.send(command).await.map_err(|_| gone())?;
        let answered = answered.await.map_err(|_| gone())?;
        answered.map_err(WebhookError::Refused)
    }
}

impl Webhooks {
    /// Ends all of them, with their places kept.
    pub async fn stop(&self) {
        let mut stopped = Vec::new();
        for handle in self.receivers.values() {
            let (done, stop) = oneshot::channel();
            if handle.commands.send(Command::Stop(done)).await.is_ok() {
                stopped.push(stop);
            }
        }
        for stop in stopped {
            // Dropped with the task, if that has ended.
            let _ = stop.await;
        }
    }
}

/// Forgets the places of receivers that are not configured any more.
async fn forget_others(
    store: &Arc<dyn Store>,
    receivers: &BTreeMap<String, Handle>,
) -> Result<(), StoreError> {
    let notes = all_notes(store, NoteKeys::ALL).await?.into_iter();
    let others = notes.filter(|(key, _)| {
        NoteKeys::receiver(key).is_some_and(|receiver| !receivers.contains_key(receiver))
    });
    let others: Vec<_> = others.map(|(key, _)| (key, None)).collect();
    if others.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        "webhooks: receivers are not configured any more; their places and dead letters are forgotten"
    );
    store.write_notes(others).await
}
