//! ICE-lite (RFC 8445 section 2.5) for one participant: answers checks, and selects the pair that the client
//! nominates.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use sideroom_route::{DropReason, Time};

use super::stun::{Kind, Message, Transaction, Writer, key_of};
use crate::{IceCredentials, PeerAddr};

/// How long a client may stay silent on a path before nothing is sent there any more (RFC 7675
/// section 5.1).
pub const CONSENT: Duration = Duration::from_secs(30);
/// How many paths of a client are kept. A new one takes the place of the one that was silent longest.
pub const MAX_PAIRS: usize = 16;

/// How many answers wait to be sent; past that the oldest is dropped, and the client asks again.
const MAX_ANSWERS: usize = 16;
/// A client that nominates every path (aggressively) does so within this time; after that a nomination
/// is a wish to switch, whatever the priorities.
const SETTLING: Duration = Duration::from_secs(3);
/// A selected path that was silent for so long loses against any other that is nominated.
const SILENCE: Duration = Duration::from_secs(5);

/// An event of the agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IceEvent {
    /// Send there from now on.
    Selected(PeerAddr),
    /// The client was silent on all paths for [`CONSENT`]. The last event.
    ConsentExpired,
}

/// A path that an authenticated check came by.
#[derive(Clone, Copy, Debug)]
struct Pair {
    remote: PeerAddr,
    priority: u32,
    checked_at: Time,
    nominated_at: Option<Time>,
    /// An authentic packet of the client came by this path.
    proven: bool,
}

/// A half of the credentials, ready to be checked against.
struct Credentials {
    ufrag: String,
    key: hmac::Key,
}

impl Credentials {
    fn new(credentials: &IceCredentials) -> Self {
        Self {
            ufrag: credentials.ufrag.clone(),
            key: key_of(&credentials.password),
        }
    }
}

/// The answer to a check.
#[derive(Clone, Copy)]
enum Verdict {
    Success,
    RoleConflict,
    NotUnderstood(u16),
}

struct Answer {
    to: PeerAddr,
    transaction: Transaction,
    verdict: Verdict,
    /// Made with the credentials from before a restart.
    is_previous: bool,
}

/// The agent of one participant.
pub struct IceAgent {
    local: Credentials,
    previous: Option<Credentials>,
    pairs: Vec<Pair>,
    selected: Option<PeerAddr>,
    /// From the end of the handshake on, a path is selected only once it is proven.
    needs_proof: bool,
    /// The nominated path that waits for its proof.
    nominated: Option<PeerAddr>,
    answers: VecDeque<Answer>,
    events: VecDeque<IceEvent>,
    /// When the agent gives up, if the last path was taken away.
    gives_up_at: Option<Time>,
    expired: bool,
}

impl fmt::Debug for IceAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceAgent")
            .field("ufrag", &self.local.ufrag)
            .field("pairs", &self.pairs)
            .field("selected", &self.selected)
            .finish_non_exhaustive()
    }
}

impl IceAgent {
    /// An agent that answers checks addressed to these credentials.
    pub fn new(local: &IceCredentials) -> Self {
        Self {
            local: Credentials::new(local),
            previous: None,
            pairs: Vec::new(),
            selected: None,
            needs_proof: false,
            nominated: None,
            answers: VecDeque::new(),
            events: VecDeque::new(),
            gives_up_at: None,
            expired: false,
        }
    }

    /// Requires a proof of every path from now on, as the client's keys are known.
    ///
    /// A connectivity check can be recorded and sent again from any address; a packet under the keys of the
    /// handshake cannot, since the replay window drops its second copy. Without the proof, one recorded
    /// check would turn a downlink onto an address that never asked for it (RFC 8445 section 19.5.1).
    pub fn require_proof(&mut self) {
        self.needs_proof = true;
        let selected = self.selected;
        for pair in &mut self.pairs {
            pair.proven |= Some(pair.remote) == selected;
        }
    }

    /// Notes that an authentic packet came from `from`: this selects a nominated path.
    #[inline]
    pub fn prove(&mut self, from: PeerAddr) {
        if self.selected == Some(from) {
            return;
        }
        if let Some(pair) = self.pairs.iter_mut().find(|pair| pair.remote == from) {
            pair.proven = true;
        }
        if self.nominated == Some(from) {
            self.select(from);
        }
    }

    /// Sets new credentials (an ICE restart). Checks with the old ones are answered until the first
    /// one with the new; the selected path stays in use until the client nominates another.
    pub fn restart(&mut self, local: &IceCredentials) {
        let old = std::mem::replace(&mut self.local, Credentials::new(local));
        self.previous = Some(old);
    }

    /// Handles a STUN message. Anything but an authentic check addressed to us changes nothing.
    pub fn handle_datagram(
        &mut self,
        now: Time,
        from: PeerAddr,
        datagram: &[u8],
    ) -> Result<(), DropReason> {
        let message = Message::parse(datagram).ok_or(DropReason::Malformed)?;
        let ufrag = message.receiver_ufrag();
        if message.kind != Kind::Request || !message.has_fingerprint() || self.expired {
            return Err(DropReason::NotAuthentic);
        }
        let previous = self.previous.as_ref();
        let is_from = |side: &Credentials| {
            ufrag == Some(side.ufrag.as_str()) && message.is_authentic(&side.key)
        };
        let is_previous = !is_from(&self.local);
        if is_previous && !previous.is_some_and(is_from) {
            return Err(DropReason::NotAuthentic);
        }
        let verdict = match message.not_understood {
            Some(kind) => Verdict::NotUnderstood(kind),
            // We are lite, so the client has to control (RFC 8445 section 6.1.1).
            None if message.controlled => Verdict::RoleConflict,
            None => Verdict::Success,
        };
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(Answer {
            to: from,
            transaction: message.transaction,
            verdict,
            is_previous,
        });
        if matches!(verdict, Verdict::Success) {
            if !is_previous {
                self.previous = None;
            }
            self.take_check(now, from, &message);
        }
        Ok(())
    }

    fn take_check(&mut self, now: Time, from: PeerAddr, message: &Message<'_>) {
        let priority = message.priority.unwrap_or_default();
        let pair = self.pair_at(now, from, priority);
        pair.checked_at = now;
        pair.priority = priority;
        let was_nominated = pair.nominated_at;
        pair.nominated_at = message.use_candidate.then(|| was_nominated.unwrap_or(now));
        let candidate = *pair;
        if message.use_candidate && self.should_select(now, &candidate, was_nominated.is_none()) {
            if self.needs_proof {
                self.nominated = Some(from);
            } else {
                self.select(from);
            }
        }
    }

    /// The pair of this address, made if it is new.
    fn pair_at(&mut self, now: Time, remote: PeerAddr, priority: u32) -> &mut Pair {
        let at = match self.pairs.iter().position(|pair| pair.remote == remote) {
            Some(at) => at,
            None => {
                self.make_room();
                self.pairs.push(Pair {
                    remote,
                    priority,
                    checked_at: now,
                    nominated_at: None,
                    proven: false,
                });
                self.pairs.len() - 1
            }
        };
        self.pairs
            .get_mut(at)
            .expect("invariant: the position was just found or made")
    }

    fn make_room(&mut self) {
        if self.pairs.len() < MAX_PAIRS {
            return;
        }
        let selected = self.selected;
        let stale = self
            .pairs
            .iter()
            .enumerate()
            .filter(|(_, pair)| Some(pair.remote) != selected)
            .min_by_key(|(_, pair)| (pair.proven, pair.checked_at))
            .map(|(at, _)| at);
        if let Some(at) = stale {
            self.pairs.swap_remove(at);
        }
    }

    /// Decides on a nomination. Regular nomination names one pair, which is selected at once. Aggressive nomination
    /// names every pair: then the highest priority wins while the pairs come up, and a selected pair stays until
    /// it falls silent.
    fn should_select(&self, now: Time, candidate: &Pair, is_new: bool) -> bool {
        let selected = self
            .pairs
            .iter()
            .find(|pair| Some(pair.remote) == self.selected);
        let Some(selected) = selected else {
            return true;
        };
        if selected.remote == candidate.remote {
            return false;
        }
        let Some(nominated_at) = selected.nominated_at else {
            return true;
        };
        let is_settled = now - nominated_at > SETTLING;
        is_new && (candidate.priority >= selected.priority || is_settled)
            || now - selected.checked_at > SILENCE
    }

    fn select(&mut self, remote: PeerAddr) {
        self.nominated = None;
        self.gives_up_at = None;
        self.selected = Some(remote);
        self.events.push_back(IceEvent::Selected(remote));
    }

    /// Where to send: the path that the client nominated.
    pub const fn selected(&self) -> Option<PeerAddr> {
        self.selected
    }

    /// True if an authentic check came from this address and it was not silent since for [`CONSENT`].
    #[inline]
    pub fn is_validated(&self, remote: PeerAddr) -> bool {
        self.selected == Some(remote) || self.pairs.iter().any(|pair| pair.remote == remote)
    }

    /// Time of the last check from this address; `None` if no pair has the address.
    pub fn checked_at(&self, remote: PeerAddr) -> Option<Time> {
        let mut pairs = self.pairs.iter();
        let pair = pairs.find(|pair| pair.remote == remote);
        pair.map(|pair| pair.checked_at)
    }

    /// Removes the path of a TCP connection that is gone. A client without any path has [`CONSENT`] to
    /// come back.
    pub fn remove_path(&mut self, now: Time, remote: PeerAddr) {
        self.pairs.retain(|pair| pair.remote != remote);
        self.leave_lost_path();
        if self.selected.is_none() && self.gives_up_at.is_none() {
            self.gives_up_at = Some(now + CONSENT);
        }
    }

    /// Writes the next answer to the front of `out`.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Option<(PeerAddr, usize)> {
        while let Some(answer) = self.answers.pop_front() {
            let side = match (answer.is_previous, &self.previous) {
                (false, _) => &self.local,
                (true, Some(previous)) => previous,
                // The old credentials ended while this answer waited.
                (true, None) => continue,
            };
            if let Some(len) = write_answer(&answer, &side.key, out) {
                return Some((answer.to, len));
            }
        }
        None
    }

    /// The next change.
    pub fn poll_event(&mut self) -> Option<IceEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Time {
        if self.expired {
            return Time::NEVER;
        }
        let stalest = self.pairs.iter().map(|pair| pair.checked_at).min();
        let consent = stalest.map_or(Time::NEVER, |checked_at| checked_at + CONSENT);
        consent.min(self.gives_up_at.unwrap_or(Time::NEVER))
    }

    /// Drops the paths whose consent has expired (RFC 7675).
    pub fn handle_timeout(&mut self, now: Time) {
        if self.poll_timeout() > now {
            return;
        }
        let had_path = self.selected.is_some();
        self.pairs.retain(|pair| pair.checked_at + CONSENT > now);
        self.leave_lost_path();
        let lapsed = self.selected.is_none() && (had_path || self.pairs.is_empty());
        if lapsed || self.gives_up_at.is_some_and(|at| at <= now) {
            self.expired = true;
            // Checks that came without a nomination keep no path beyond the end.
            self.pairs.clear();
            self.events.push_back(IceEvent::ConsentExpired);
        }
    }

    /// Replaces a selected path that is gone by the best one that is nominated, or else by the one that
    /// was checked last. Where proof is needed, only proven paths count.
    fn leave_lost_path(&mut self) {
        let is_there = |remote| self.pairs.iter().any(|pair| pair.remote == remote);
        if self.selected.is_none_or(is_there) {
            return;
        }
        self.selected = None;
        let needs_proof = self.needs_proof;
        let usable = self.pairs.iter().filter(|pair| pair.proven || !needs_proof);
        let best = usable.max_by_key(|pair| {
            let nominated = pair.nominated_at.is_some();
            (nominated, pair.priority, pair.checked_at)
        });
        if let Some(remote) = best.map(|pair| pair.remote) {
            self.select(remote);
        }
    }
}

fn write_answer(answer: &Answer, key: &hmac::Key, out: &mut [u8]) -> Option<usize> {
    let transaction = &answer.transaction;
    match answer.verdict {
        Verdict::Success => Writer::begin(out, Kind::Success, transaction)
            .xor_mapped_address(answer.to.addr, transaction)
            .finish(key),
        Verdict::RoleConflict => Writer::begin(out, Kind::Error, transaction)
            .error(487, "Role Conflict")
            .finish(key),
        Verdict::NotUnderstood(kind) => Writer::begin(out, Kind::Error, transaction)
            .error(420, "Unknown Attribute")
            .unknown_attribute(kind)
            .finish(key),
    }
}
