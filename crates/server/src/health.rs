//! `/healthz` and `/readyz`: the state of rooms, store and workers.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use sideroom_route::WorkerId;

use crate::cluster::Running;
use crate::media::{MediaPlane, WorkerHealth};
use crate::rooms::{Directory, RoomHealth};
use crate::shutdown::{Phase, Shutdown};
use crate::store::Journal;

/// The parts to check. Cheap to clone; a part that is not there yet is not checked.
#[derive(Clone)]
pub struct Health {
    shutdown: Shutdown,
    journal: Journal,
    parts: Arc<OnceLock<(Arc<Directory>, Arc<MediaPlane>)>>,
    cluster: Arc<OnceLock<Running>>,
}

/// A verdict, and the lines that explain it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// All is well.
    pub good: bool,
    /// The first line is the verdict in words.
    pub text: String,
}

impl Health {
    /// Health of a server that starts.
    pub fn new(shutdown: Shutdown, journal: Journal) -> Self {
        Self {
            shutdown,
            journal,
            parts: Arc::default(),
            cluster: Arc::default(),
        }
    }

    /// The server runs now, with these parts.
    pub fn watch(&self, rooms: Arc<Directory>, media: Arc<MediaPlane>) {
        // A second server in the same process, as in tests, has a `Health` of its own.
        let _ = self.parts.set((rooms, media));
    }

    /// The node takes part in a cluster.
    pub fn watch_cluster(&self, cluster: Running) {
        // As above.
        let _ = self.cluster.set(cluster);
    }

    /// Whether the process can do its work; if not, only a restart helps.
    pub fn alive(&self) -> Verdict {
        let lost = self.workers().is_some_and(|workers| workers.lost > 0);
        self.verdict(match lost {
            true => Err("a worker is lost"),
            false => Ok("ok"),
        })
    }

    /// Whether new rooms and joins are taken.
    pub fn ready(&self) -> Verdict {
        let serving = self
            .workers()
            .is_none_or(|workers| workers.lost < workers.all());
        self.verdict(match self.shutdown.phase() {
            Phase::Starting => Err("starting"),
            Phase::Draining => Err("draining"),
            Phase::Closing => Err("closing"),
            Phase::Running if self.journal.trouble().is_some() => Err("store fails"),
            Phase::Running if self.cluster_trouble().is_some() => Err("not in the cluster"),
            Phase::Running if !serving => Err("no workers"),
            Phase::Running => Ok("ready"),
        })
    }

    /// Panics the thread of a media worker. False: there is no such worker, or none yet.
    pub fn panic_worker(&self, worker: WorkerId) -> bool {
        let parts = self.parts.get();
        parts.is_some_and(|(_, media)| media.panic_worker(worker))
    }

    fn cluster_trouble(&self) -> Option<&'static str> {
        self.cluster.get().and_then(Running::trouble)
    }

    fn workers(&self) -> Option<WorkerHealth> {
        self.parts.get().map(|(_, media)| media.health())
    }

    fn verdict(&self, verdict: Result<&str, &str>) -> Verdict {
        let (good, word) = match verdict {
            Ok(word) => (true, word),
            Err(word) => (false, word),
        };
        let mut text = format!("{word}\n");
        if let Some((rooms, media)) = self.parts.get() {
            let RoomHealth {
                live,
                suspended,
                set_aside,
            } = rooms.health();
            let workers = media.health();
            let store = self.journal.trouble();
            // Writing to memory does not fail.
            let _ = write!(
                text,
                "rooms: {live} live, {suspended} suspended, {set_aside} set aside\n\
                 store: {}\n\
                 workers: {} working, {} fenced, {} lost\n",
                store.as_deref().unwrap_or("works"),
                workers.working,
                workers.fenced,
                workers.lost,
            );
            if self.cluster.get().is_some() {
                let trouble = self.cluster_trouble();
                let _ = writeln!(text, "cluster: {}", trouble.unwrap_or("takes part"));
            }
        }
        Verdict { good, text }
    }
}
