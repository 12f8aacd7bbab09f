//! Waiting for sockets and for other threads.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// Events taken in one wait; the others come with the next wait.
const EVENTS: usize = 256;

/// Wakes the thread that waits at a [`crate::Port`], from any other thread. Many wakes before the thread
/// looks are one.
#[derive(Clone)]
pub struct Waker {
    shared: Arc<Shared>,
}

struct Shared {
    event: OwnedFd,
    pending: AtomicBool,
}

/// An epoll set, level-triggered: the next wait reports again a source that still has data.
pub(crate) struct Poller {
    set: OwnedFd,
    waker: Waker,
}

/// The events of a source that the poller waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interest {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// One source that is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened {
    pub(crate) token: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The token of the waker itself.
const WAKER: u64 = u64::MAX;

impl Interest {
    pub(crate) const READ: Self = Self {
        read: true,
        write: false,
    };

    fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN | EventFlags::RDHUP, self.read);
        flags.set(EventFlags::OUT, self.write);
        flags
    }
}

impl Waker {
    fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let shared = Shared {
            event,
            pending: AtomicBool::new(false),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Makes the wait return, now or when it is next entered. The woken thread sees everything queued before
    /// this call.
    pub fn wake(&self) {
        if !self.shared.pending.swap(true, Ordering::AcqRel) {
            // The counter cannot overflow: it is only written once between two reads.
            let _ = rustix::io::write(&self.shared.event, &1u64.to_ne_bytes());
        }
    }

    fn clear(&self) {
        let _ = rustix::io::read(&self.shared.event, &mut [0u8; 8]);
        // After the read, so that a wake from here on writes again.
        self.shared.pending.swap(false, Ordering::AcqRel);
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let set = epoll::create(CreateFlags::CLOEXEC)?;
        let waker = Waker::new()?;
        let data = EventData::new_u64(WAKER);
        epoll::add(&set, &waker.shared.event, data, EventFlags::IN)?;
        Ok(Self { set, waker })
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn add(&self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token);
        Ok(epoll::add(&self.set, source, data, interest.flags())?)
    }

    pub(crate) fn change(&self, source: impl AsFd, token: u64, to: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token);
        Ok(epoll::modify(&self.set, source, data, to.flags())?)
    }

    pub(crate) fn remove(&self, source: impl AsFd) {
        let _ = epoll::delete(&self.set, source);
    }

    /// Waits for the waker alone, at most `timeout`. True if it was used; the next wait tells it again.
    pub(crate) fn rest(&self, timeout: Duration) -> io::Result<bool> {
        let mut waker = [PollFd::new(&self.waker.shared.event, PollFlags::IN)];
        match poll(&mut waker, Some(&timespec(timeout))) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until something happens, at most `timeout` (rounded up to milliseconds), and tells each
    /// source. Returns true if it was woken.
    pub(crate) fn wait(
        &mut self,
        timeout: Option<Duration>,
        mut each: impl FnMut(Happened),
    ) -> io::Result<bool> {
        let timeout = timeout.map(timespec);
        let mut buffer = [MaybeUninit::<Event>::uninit(); EVENTS];
        let events = match epoll::wait(&self.set, &mut buffer[..], timeout.as_ref()) {
            Ok((events, _)) => events,
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let mut woken = false;
        for event in events {
            let Event { flags, data, .. } = *event;
            let failed = flags.intersects(EventFlags::ERR | EventFlags::HUP);
            match data.u64() {
                WAKER => {
                    self.waker.clear();
                    woken = true;
                }
                token => each(Happened {
                    token,
                    readable: failed || flags.intersects(EventFlags::IN | EventFlags::RDHUP),
                    writable: failed || flags.contains(EventFlags::OUT),
                }),
            }
        }
        Ok(woken)
    }
}

fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX / 4_000),
        tv_nsec: span.subsec_nanos().into(),
    }
}
