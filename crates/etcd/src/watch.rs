//! All nodes, names and owners, and each change of them. A watch that breaks is resumed where it was; if etcd has
//! compacted that meanwhile, everything is read again.

use std::time::Duration;

use sideroom_cluster::{NodeId, NodeRecord, OwnerRecord, Revision, Term};
use sideroom_route::RoomId;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::proto::event::EventType;
use crate::proto::watch_client::WatchClient;
use crate::proto::watch_request::RequestUnion;
use crate::proto::{
    Event, KeyValue, WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
};
use crate::records::{self, Registration};
use crate::txn::signed;

/// Changes that wait for the reader. A reader that is slower holds the watch back.
const WAITING: usize = 1_024;
/// A watch is asked this often whether it goes on.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Without any answer for this long it is over, and another member is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// One thing that the watch has seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// All that there is, as of a revision. What is not named does not exist.
    All {
        /// Every node's record.
        nodes: Vec<(NodeId, NodeRecord, Revision)>,
        /// The owner of each room that has one.
        owners: Vec<(RoomId, OwnerRecord, Term)>,
        /// Each node as it introduces itself.
        registered: Vec<(NodeId, Registration)>,
        /// The room of each name.
        names: Vec<(String, RoomId)>,
        /// When etcd said so.
        as_of: Revision,
    },
    /// A node's record was written; `None`: it was removed.
    Node(NodeId, Option<NodeRecord>, Revision),
    /// A room got an owner.
    Owner(RoomId, OwnerRecord, Term),
    /// A room has no owner any more: it is over.
    NoOwner(RoomId, Revision),
    /// A node has introduced itself; `None`: an operator has removed it.
    Registered(NodeId, Option<Registration>),
    /// A name stands for a room from now on; `None`: for none.
    Name(String, Option<RoomId>),
}

/// Why a watch ended.
enum Ended {
    /// It goes on from the next revision.
    Broken(EtcdError),
    /// Revisions are missing: everything has to be read again.
    Compacted,
    /// The receiver was dropped.
    Unheard,
}

/// Watches until the receiver is dropped.
pub(crate) fn start(etcd: Etcd) -> mpsc::Receiver<Seen> {
    let (seen, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let watch = Watch {
            etcd,
            seen: seen.clone(),
            next: None,
        };
        tokio::select! {
            () = watch.run() => {}
            () = seen.closed() => {}
        }
    });
    receiver
}

struct Watch {
    etcd: Etcd,
    seen: mpsc::Sender<Seen>,
    /// The first revision that was not seen; `None`: nothing was read yet.
    next: Option<u64>,
}

impl Watch {
    async fn run(mut self) {
        loop {
            match self.go_on().await {
                Ended::Unheard => return,
                Ended::Compacted => {
                    tracing::info!(
                        "etcd compacted what the watch had not seen; everything is read again"
                    );
                    self.next = None;
                }
                Ended::Broken(error) => {
                    tracing::debug!(%error, "the watch broke");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn go_on(&mut self) -> Ended {
        let next = match self.next {
            Some(next) => next,
            None => match self.read_all().await {
                Ok(next) => next,
                Err(ended) => return ended,
            },
        };
        self.next = Some(next);
        let at = self.etcd.current();
        let ended = self.follow(at, next).await;
        if matches!(ended, Ended::Broken(_)) {
            self.etcd.turn_from(at);
        }
        ended
    }

    /// Reads everything; gives the revision after it.
    async fn read_all(&mut self) -> Result<u64, Ended> {
        let (mut nodes, mut owners) = (Vec::new(), Vec::new());
        let (mut registered, mut names) = (Vec::new(), Vec::new());
        let keys = self.etcd.keys().clone();
        let range = keys.watched();
        let take = |kv: KeyValue| {
            if let Some(node) = keys.node_of(&kv.key) {
                nodes.push((node, records::node(&kv)?, Revision(kv.at())));
            } else if let Some(room) = keys.owned_room(&kv.key) {
                owners.push((room, records::owner(&kv)?, Term(kv.at())));
            } else if let Some(node) = keys.registered_node(&kv.key) {
                registered.push((node, records::registration(&kv)?));
            } else if let Some(name) = keys.name_of(&kv.key) {
                names.push((name, records::room_number(&kv)?));
            }
            Ok(true)
        };
        let read = self.etcd.scan(range, None, take).await;
        let at = read.map_err(|error| match error {
            EtcdError::Compacted => Ended::Compacted,
            error => Ended::Broken(error),
        })?;
        let as_of = Revision(at);
        self.tell(Seen::All {
            nodes,
            owners,
            registered,
            names,
            as_of,
        })
        .await?;
        Ok(at + 1)
    }

    async fn tell(&self, seen: Seen) -> Result<(), Ended> {
        self.seen.send(seen).await.map_err(|_| Ended::Unheard)
    }

    /// One stream, until it ends.
    async fn follow(&mut self, at: usize, next: u64) -> Ended {
        let (key, range_end) = self.etcd.keys().watched();
        let create = WatchCreateRequest {
            key,
            range_end,
            start_revision: signed(next),
        };
        let (asks, requests) = mpsc::channel(4);
        let first = asks.try_send(request(RequestUnion::CreateRequest(create)));
        debug_assert!(first.is_ok(), "the channel is new");
        let opened = tokio::time::timeout(PATIENCE, self.open(at, requests)).await;
        let mut answers = match opened {
            Ok(Ok(answers)) => answers,
            Ok(Err(error)) => return Ended::Broken(error),
            Err(_) => return Ended::Broken(silent()),
        };
        let mut heard = Instant::now();
        let mut ask = tokio::time::interval(ASK_EVERY);
        loop {
            tokio::select! {
                answer = answers.next() => match answer {
                    Some(Ok(answer)) => {
                        heard = Instant::now();
                        if let Err(ended) = self.handle(answer).await {
                            return ended;
                        }
                    }
                    Some(Err(status)) => return Ended::Broken(status.into()),
                    None => return Ended::Broken(silent()),
                },
                _ = ask.tick() => {
                    if heard.elapsed() > PATIENCE {
                        return Ended::Broken(silent());
                    }
                    // Its answer says only that the member lives: in some versions of etcd it overtakes events.
                    let progress = RequestUnion::ProgressRequest(WatchProgressRequest {});
                    drop(asks.try_send(request(progress)));
                }
            }
        }
    }

    async fn open(
        &self,
        at: usize,
        requests: mpsc::Receiver<WatchRequest>,
    ) -> Result<tonic::Streaming<WatchResponse>, EtcdError> {
        let request = self.etcd.request(at, ReceiverStream::new(requests)).await?;
        let mut client =
            WatchClient::new(self.etcd.channel(at)).max_decoding_message_size(usize::MAX);
        Ok(client.watch(request).await?.into_inner())
    }

    async fn handle(&mut self, answer: WatchResponse) -> Result<(), Ended> {
        if answer.compact_revision != 0 {
            return Err(Ended::Compacted);
        }
        if answer.canceled {
            return Err(Ended::Broken(EtcdError::Silent(answer.cancel_reason)));
        }
        for event in answer.events {
            let Some(next) = event.kv.as_ref().map(|kv| kv.at() + 1) else {
                continue;
            };
            match self.read_event(event) {
                Ok(Some(seen)) => self.tell(seen).await?,
                Ok(None) => {}
                // A value of a newer format. It must not stop the watch of all others.
                Err(error) => tracing::warn!(%error, "a change is not understood"),
            }
            // Events of one revision may come apart only if etcd was told to split them; it was not.
            self.next = self.next.max(Some(next));
        }
        Ok(())
    }

    fn read_event(&self, event: Event) -> Result<Option<Seen>, EtcdError> {
        let is_removed = event.r#type() == EventType::Delete;
        let Some(kv) = event.kv else { return Ok(None) };
        let keys = self.etcd.keys();
        if let Some(node) = keys.node_of(&kv.key) {
            let record = (!is_removed).then(|| records::node(&kv)).transpose()?;
            return Ok(Some(Seen::Node(node, record, Revision(kv.at()))));
        }
        if let Some(node) = keys.registered_node(&kv.key) {
            let own = (!is_removed)
                .then(|| records::registration(&kv))
                .transpose()?;
            return Ok(Some(Seen::Registered(node, own)));
        }
        if let Some(name) = keys.name_of(&kv.key) {
            let room = (!is_removed)
                .then(|| records::room_number(&kv))
                .transpose()?;
            return Ok(Some(Seen::Name(name, room)));
        }
        let Some(room) = keys.owned_room(&kv.key) else {
            return Ok(None);
        };
        Ok(Some(match is_removed {
            true => Seen::NoOwner(room, Revision(kv.at())),
            false => Seen::Owner(room, records::owner(&kv)?, Term(kv.at())),
        }))
    }
}

fn request(union: RequestUnion) -> WatchRequest {
    WatchRequest {
        request_union: Some(union),
    }
}

fn silent() -> EtcdError {
    EtcdError::Silent("the watch stands still".into())
}
