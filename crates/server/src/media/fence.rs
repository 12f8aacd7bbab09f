//! A fence stops a worker that has not obeyed in time from sending, so no packet of the old table leaves
//! after the answer to a command.
//!
//! The plane raises the fence; the worker lifts it when it has carried out every order that waited. A worker
//! that cannot take orders any more is lost: its fence stays.

use std::sync::atomic::{AtomicU64, Ordering};

/// The fence of one worker, shared with the plane.
#[derive(Debug, Default)]
pub struct Fence {
    state: AtomicU64,
    /// Numbers the fences, so that lifting an older one does not lift a newer one.
    raised: AtomicU64,
}

const OPEN: u64 = 0;
const LOST: u64 = u64::MAX;

impl Fence {
    /// Keeps the worker from sending until it has obeyed.
    pub fn raise(&self) {
        let number = self.raised.fetch_add(1, Ordering::AcqRel) + 1;
        let next = |now: u64| (now != LOST).then_some(number);
        // A lost worker stays lost.
        let _ = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }

    /// Keeps a fenced worker fenced until it has carried out every order that it was given before this call.
    /// False if it is not fenced.
    pub fn renew(&self) -> bool {
        if !self.is_raised() {
            return false;
        }
        let number = self.raised.fetch_add(1, Ordering::AcqRel) + 1;
        let next = |now: u64| (now != LOST && now != OPEN).then_some(number);
        let renewed = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        !matches!(renewed, Err(OPEN))
    }

    /// Keeps the worker from sending for good. True if it was not lost before.
    pub fn lose(&self) -> bool {
        self.state.swap(LOST, Ordering::AcqRel) != LOST
    }

    /// The worker is lost.
    pub fn is_lost(&self) -> bool {
        self.state.load(Ordering::Acquire) == LOST
    }

    /// The worker must not send.
    #[inline]
    pub fn is_raised(&self) -> bool {
        self.state() != OPEN
    }

    /// The state to note before looking for orders, for [`Self::lift`].
    #[inline]
    pub fn state(&self) -> u64 {
        self.state.load(Ordering::Acquire)
    }

    /// No order waits: the fence that was `seen` before is lifted.
    pub fn lift(&self, seen: u64) {
        if seen != OPEN && seen != LOST {
            let _ = self
                .state
                .compare_exchange(seen, OPEN, Ordering::AcqRel, Ordering::Acquire);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifting_an_older_fence_does_not_lift_a_newer_one() {
        let fence = Fence::default();
        fence.raise();
        let seen = fence.state();
        fence.raise();
        fence.lift(seen);
        assert!(fence.is_raised());
        fence.lift(fence.state());
        assert!(!fence.is_raised());
    }

    #[test]
    fn a_fence_is_renewed_only_while_it_is_raised() {
        let fence = Fence::default();
        assert!(!fence.renew(), "it is open");
        fence.raise();
        let seen = fence.state();
        // An order comes after the worker has looked for orders, and before it lifts the fence.
        assert!(fence.renew());
        fence.lift(seen);
        assert!(fence.is_raised(), "the order is not carried out yet");
        fence.lift(fence.state());
        assert!(!fence.renew());
        fence.lose();
        assert!(fence.renew() && fence.is_lost());
    }

    #[test]
    fn the_fence_of_a_lost_worker_stays() {
        let fence = Fence::default();
        assert!(fence.lose() && !fence.lose());
        fence.raise();
        fence.lift(fence.state());
        assert!(fence.is_lost() && fence.is_raised());
    }
}
