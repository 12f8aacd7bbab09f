//! The budget of file descriptors: divides them among the ports, so that a flood at one leaves enough for
//! everything else.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors of the process itself: store, logs, sockets, event queues, libraries.
const OWN: usize = 128;
/// Descriptors of each media worker: its sockets and event queue.
const EACH_WORKER: usize = 8;
/// Connections to the admin port: health checks and metrics.
pub const ADMIN: usize = 64;
/// The most connections kept back for signaling servers and for newcomers who are about to show a token.
const KEPT_BACK: usize = 256;
/// Media connections of one worker at most.
const MEDIA: usize = 4_096;

/// The division of the file descriptors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Connections of clients to the HTTP and gRPC ports.
    pub connections: usize,
    /// Connections beyond these, for signaling servers and for newcomers.
    pub kept_back: usize,
    /// Media connections of one worker, for clients without UDP.
    pub media_of_worker: usize,
}

impl Budget {
    /// Shares out `files` descriptors; there are `workers`, and `connections` are wanted.
    pub fn share(files: usize, workers: usize, connections: usize) -> Self {
        let workers = workers.max(1);
        let own = OWN + ADMIN + workers * EACH_WORKER;
        let rest = files.saturating_sub(own);
        let media_of_worker = (rest / 4 / workers).min(MEDIA);
        let front = rest.saturating_sub(media_of_worker * workers);
        // The crowd at the door may exceed its bound by a quarter while some make way.
        let front = front * 4 / 5;
        let kept_back = (front / 8).min(KEPT_BACK);
        Self {
            connections: (front - kept_back).min(connections).max(1),
            kept_back: kept_back.max(1),
            media_of_worker: media_of_worker.max(1),
        }
    }
}

/// Raises the soft limit of open files to the hard one; how many there may be then.
pub fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_descriptor_is_given_once() {
        for files in [512, 1_024, 4_096, 20_000, 65_536, 1_048_576] {
            for workers in [1, 4, 16] {
                let budget = Budget::share(files, workers, 20_000);
                let front = budget.connections + budget.kept_back;
                let media = budget.media_of_worker * workers;
                let all = OWN + ADMIN + workers * EACH_WORKER + media + front + front / 4;
                assert!(all <= files + workers + 4, "{files} {workers} {budget:?}");
            }
        }
    }

    #[test]
    fn enough_descriptors_give_what_is_wanted() {
        let budget = Budget::share(65_536, 2, 24_000);
        let wanted = Budget {
            connections: 24_000,
            kept_back: KEPT_BACK,
            media_of_worker: MEDIA,
        };
        assert_eq!(budget, wanted);
    }

    #[test]
    fn the_soft_limit_is_raised() {
        let hard = getrlimit(Resource::Nofile).maximum;
        let files = open_files();
        assert!(hard.is_none_or(|hard| files as u64 == hard));
    }
}
