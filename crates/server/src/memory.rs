//! Gives memory back to the system when much of it is free, after a flood or when rooms have ended: the C
//! library's allocator keeps it otherwise.

use std::time::Duration;

use sideroom_net::{give_back_heap, heap_in_use};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// How often the heap is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// More free memory than this is given back, or than a sixteenth of the memory in use, whichever is more.
const MOST_FREE: u64 = 1 << 20;

/// The memory of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Memory {
    resident: u64,
    in_use: u64,
}

/// Looks at the heap for as long as the process runs.
pub async fn keep_small() {
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reclaim = Reclaim::default();
    loop {
        every.tick().await;
        // Giving back takes milliseconds for each 10 MB.
        let Ok(Some(next)) = spawn_blocking(move || reclaim.look()).await else {
            return tracing::debug!("the memory of this process cannot be read here");
        };
        reclaim = next;
    }
}

/// Decides when free memory is worth giving back.
#[derive(Clone, Copy, Debug, Default)]
struct Reclaim {
    /// Resident bytes that are not in use and cannot be given back: code, stacks, pages that are partly
    /// free. `None` before the first look.
    rest: Option<u64>,
}

impl Reclaim {
    fn look(mut self) -> Option<Self> {
        if self.is_worth_it(Memory::read()?) {
            give_back_heap();
            self.given_back(Memory::read()?);
        }
        Some(self)
    }

    fn is_worth_it(&mut self, now: Memory) -> bool {
        let free = now.free();
        let rest = self.rest.map_or(free, |rest| rest.min(free));
        self.rest = Some(rest);
        free - rest > MOST_FREE.max(now.in_use / 16)
    }

    fn given_back(&mut self, now: Memory) {
        self.rest = Some(now.free());
    }
}

impl Memory {
    fn read() -> Option<Self> {
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(Self {
            resident: pages * rustix::param::page_size() as u64,
            in_use: heap_in_use()?,
        })
    }

    fn free(self) -> u64 {
        self.resident.saturating_sub(self.in_use)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn memory(resident: u64, in_use: u64) -> Memory {
        Memory {
            resident: resident * MB,
            in_use: in_use * MB,
        }
    }

    #[test]
    fn free_memory_is_given_back_once_and_what_stays_is_no_reason_to_try_again() {
        let mut reclaim = Reclaim::default();
        // Code and stacks are resident from the start.
        assert!(!reclaim.is_worth_it(memory(20, 5)));
        // A flood uses memory, and then it does not.
        assert!(!reclaim.is_worth_it(memory(50, 35)));
        assert!(reclaim.is_worth_it(memory(50, 6)));
        // 5 MB are in pages that are partly in use.
        reclaim.given_back(memory(26, 6));
        assert!(!reclaim.is_worth_it(memory(26, 6)));
        // They are used again, and freed again.
        assert!(!reclaim.is_worth_it(memory(26, 11)));
        assert!(reclaim.is_worth_it(memory(26, 6)));
    }

    #[test]
    fn a_large_heap_may_have_more_that_is_free() {
        let mut reclaim = Reclaim::default();
        assert!(!reclaim.is_worth_it(memory(1_020, 1_000)));
        assert!(!reclaim.is_worth_it(memory(1_070, 1_000)));
        assert!(reclaim.is_worth_it(memory(1_100, 1_000)));
    }

    #[test]
    fn the_memory_of_this_process_can_be_read() {
        if let Some(memory) = Memory::read() {
            assert!(memory.resident > MB && memory.in_use > 0, "{memory:?}");
        }
    }
}
