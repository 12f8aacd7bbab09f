//! The task of one room: carries inputs to the machine, and its actions to store, media plane, callers and
//! watchers.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use sideroom_control::{RoomView, Viewer};
use sideroom_room::{CommitId, LoadFailure, Loaded, RoomMachine, Token, WatcherId};
use sideroom_route::{ParticipantId, Time};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{Answer, Asked, Negotiated};
use sideroom_session::Negotiation;
use tokio::sync::oneshot;

use super::cached_answer::CachedAnswer;
use super::delivery::{Delivered, Receipt};
use super::directory::{Counted, Directory, Inbox, JoinReservation, RoomHandle};
use super::messages::{Offer, Read, Reply, RoomAsk, RoomEvent};
use super::watching::Watcher;
use crate::clock;
use crate::media::{ConnectError, Connected, Publishing};

/// See the module.
pub(super) struct RoomTask {
    pub machine: RoomMachine,
    pub node: Arc<Directory>,
    pub desk: Arc<RoomHandle>,
    pub made_by: Option<Asked>,
    pub callers: HashMap<Token, Caller>,
    next_token: u64,
    /// The negotiated media of each connected participant.
    pub answers: HashMap<ParticipantId, Answered>,
    pub watchers: HashMap<WatcherId, Watcher>,
    /// The commit or load that is under way.
    pub storing: Option<BoxFuture<'static, Stored>>,
    /// The publication that is under way, and since when.
    pub publishing: Option<(CommitId, Vec<Publishing>, Instant)>,
    pub working: FuturesUnordered<BoxFuture<'static, Worked>>,
    /// When a route was last held against the rules.
    pub audited: Instant,
    /// Callers that wait for the task to stop.
    pub stopping: Vec<oneshot::Sender<()>>,
    /// The task is over.
    pub ended: bool,
    /// The counts that the node has of the room.
    counted: Counted,
}

/// A caller that waits for an answer.
pub(super) enum Caller {
    Command(Reply<Answer>),
    Create(Reply<RoomView>),
    Delete(Reply<()>),
    Views(Reply<()>),
    Join(Box<Joining>),
    Reoffer(Box<Reoffering>),
    Read(Read),
}

pub(super) struct Joining {
    pub reply: Reply<Delivered>,
    pub offer: Option<Offer>,
    pub media: Option<Negotiated>,
    pub failed: Option<ApiError>,
    pub _place: JoinReservation,
}

pub(super) struct Reoffering {
    pub reply: Reply<Negotiated>,
    pub offer: Option<Offer>,
    pub media: Option<Negotiated>,
    pub failed: Option<ApiError>,
}

/// The negotiated media of a participant.
pub(super) struct Answered {
    pub answer: CachedAnswer,
    /// Later offers are checked against this.
    pub negotiation: Arc<Negotiation>,
    pub video: sideroom_control::VideoCodec,
    pub receipt: Weak<Receipt>,
}

/// A result of the store.
pub(super) enum Stored {
    Committed(CommitId, Result<(), crate::store::StoreError>),
    Loaded(CommitId, Result<Box<(Loaded, Option<Asked>)>, LoadFailure>),
}

/// A result of the media plane or a watcher.
pub(super) enum Worked {
    Transport {
        participant: ParticipantId,
        transport: u64,
        token: Token,
        made: Result<Connected, ConnectError>,
    },
    Renegotiated {
        participant: ParticipantId,
        token: Token,
        done: Result<Connected, ConnectError>,
    },
    WatcherGone(WatcherId),
}

/// The input that ended a wait.
enum Input {
    Asks,
    Event(RoomEvent),
    Stored(Stored),
    Published(CommitId),
    Worked(Worked),
    Time,
    /// All senders are gone.
    Closed,
}

impl RoomTask {
    pub(super) fn new(machine: RoomMachine, node: Arc<Directory>, desk: Arc<RoomHandle>) -> Self {
        Self {
            machine,
            node,
            desk,
            made_by: None,
            callers: HashMap::new(),
            next_token: 0,
            answers: HashMap::new(),
            watchers: HashMap::new(),
            storing: None,
            publishing: None,
            working: FuturesUnordered::new(),
            audited: clock::now(),
            stopping: Vec::new(),
            ended: false,
            counted: Counted::default(),
        }
    }

    /// Runs until the room has ended or is stopped.
    pub(super) async fn run(&mut self, inbox: &mut Inbox) {
        let mut asks = Vec::new();
        loop {
            self.perform();
            if self.ended {
                return;
            }
            let input = self.next_input(inbox, &mut asks).await;
            let now = self.node.now();
            match input {
                Input::Asks => asks.drain(..).for_each(|ask| self.handle_ask(ask)),
                Input::Event(event) => {
                    self.handle_event(event);
                    while let Ok(event) = inbox.events.try_recv() {
                        self.handle_event(event);
                    }
                }
                Input::Stored(stored) => self.handle_stored(stored),
                Input::Published(id) => self.handle_published(id),
                Input::Worked(worked) => self.handle_worked(worked),
                Input::Time => self.machine.handle_timeout(now),
                Input::Closed => return,
            }
        }
    }

    /// Waits for the first input. Inputs that end a cycle come before those that begin another.
    async fn next_input(&mut self, inbox: &mut Inbox, asks: &mut Vec<RoomAsk>) -> Input {
        let wake_at = self.machine.poll_timeout();
        let sleep = wake_at.since(self.node.now().at);
        let room_for = self.machine.capacity();
        let Self {
            storing,
            publishing,
            working,
            ..
        } = self;
        let input = tokio::select! {
            biased;
            stored = in_progress(storing.as_mut()) => Input::Stored(stored),
            id = applied(publishing.as_mut()) => Input::Published(id),
            Some(worked) = working.next() => Input::Worked(worked),
            event = inbox.events.recv() => event.map_or(Input::Closed, Input::Event),
            taken = inbox.asks.recv_many(asks, room_for), if room_for > 0 => match taken {
                0 => Input::Closed,
                _ => Input::Asks,
            },
            () = tokio::time::sleep(sleep), if wake_at != Time::NEVER => Input::Time,
        };
        match input {
            Input::Stored(_) => self.storing = None,
            Input::Asks
            | Input::Event(_)
            | Input::Published(_)
            | Input::Worked(_)
            | Input::Time
            | Input::Closed => {}
        }
        input
    }

    /// Performs the machine's actions, until it waits.
    fn perform(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.carry_out(action);
        }
        if self.machine.is_idle()
            && let Some(totals) = self.machine.totals()
        {
            self.desk.set_totals(totals);
        }
        self.desk.set_lifecycle(self.machine.lifecycle());
        // While the room is not in memory, the participants of before have their places.
        let totals = self.desk.totals();
        self.count(Counted {
            connections: self.machine.connections().count(),
            participants: totals.map_or(0, |totals| totals.participants),
        });
    }

    fn count(&mut self, now: Counted) {
        self.node.count(self.counted, now);
        self.counted = now;
    }

    /// The node counts the room no longer.
    pub(super) fn forget_counts(&mut self) {
        self.count(Counted::default());
    }

    pub(super) fn next_token(&mut self, caller: Caller) -> Token {
        self.next_token += 1;
        let token = Token(self.next_token);
        self.callers.insert(token, caller);
        token
    }

    /// A participant's view of the room: participants whose transport is not up yet are marked.
    pub(super) fn view(&self, viewer: Viewer) -> Option<RoomView> {
        let mut view = self.machine.room()?.view(viewer)?;
        for one in &mut view.participants {
            let held = self.machine.connection(one.participant);
            one.connecting = held.is_some_and(|held| !held.up);
        }
        Some(view)
    }
}

async fn in_progress(storing: Option<&mut BoxFuture<'static, Stored>>) -> Stored {
    match storing {
        Some(storing) => storing.await,
        None => std::future::pending().await,
    }
}

async fn applied(publishing: Option<&mut (CommitId, Vec<Publishing>, Instant)>) -> CommitId {
    let Some((id, publishing, _)) = publishing else {
        return std::future::pending().await;
    };
    for one in publishing {
        one.applied().await;
    }
    *id
}
