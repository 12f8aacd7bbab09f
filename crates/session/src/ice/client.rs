//! The controlling side of ICE towards a server, small enough for thousands of clients in one process: for
//! load tools and tests. A lite server never checks; this side answers checks of others if asked to.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use sideroom_route::{DropReason, Time};

use super::agent::CONSENT;
use super::stun::{Kind, Message, Transaction, Writer, key_of};
use crate::{IceCredentials, PeerAddr};

/// Between checks of the same address, until it answers.
const RETRY: Duration = Duration::from_millis(100);
/// Between checks that keep the consent (RFC 7675 section 5.1: 5 seconds, give or take a fifth).
const KEEP: Duration = Duration::from_secs(5);
/// How many checks without an answer yet may still be answered.
const MAX_OPEN: usize = 16;
/// How many checks of the server wait for our answer; past that the oldest is dropped, and asked again.
const MAX_ANSWERS: usize = 4;

/// An event of the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IceClientEvent {
    /// The server answers there.
    Connected(PeerAddr),
    /// No answer came for [`CONSENT`]. The last event.
    Failed,
}

/// A client that checks the server's candidates in order and keeps the first that answers.
pub struct IceClient {
    local_ufrag: String,
    remote: IceCredentials,
    remote_key: hmac::Key,
    candidates: Vec<PeerAddr>,
    next_candidate: usize,
    open: VecDeque<(Transaction, PeerAddr)>,
    /// The key of our own password, if checks of the server are answered.
    local_key: Option<hmac::Key>,
    answers: VecDeque<(Transaction, PeerAddr)>,
    connected: Option<PeerAddr>,
    next_check: Time,
    answered_at: Time,
    random: u64,
    tie_breaker: u64,
    failed: bool,
    events: VecDeque<IceClientEvent>,
}

impl fmt::Debug for IceClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceClient")
            .field("local_ufrag", &self.local_ufrag)
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}

impl IceClient {
    /// A client that begins to check `candidates` (the server's) at once. `seed` makes the transaction
    /// numbers and must not repeat.
    pub fn new(
        now: Time,
        local_ufrag: &str,
        remote: IceCredentials,
        candidates: Vec<PeerAddr>,
        seed: u64,
    ) -> Self {
        let mut client = Self {
            local_ufrag: local_ufrag.to_owned(),
            remote_key: key_of(&remote.password),
            remote,
            candidates,
            next_candidate: 0,
            open: VecDeque::new(),
            local_key: None,
            answers: VecDeque::new(),
            connected: None,
            next_check: now,
            answered_at: now,
            random: seed,
            tie_breaker: 0,
            failed: false,
            events: VecDeque::new(),
        };
        client.tie_breaker = client.draw();
        client
    }

    /// Answers the server's own checks, which it proves with our password: a server that is not lite does
    /// not send before.
    pub fn answer_checks(&mut self, password: &str) {
        self.local_key = Some(key_of(password));
    }

    /// Sets the server's new credentials (an ICE restart, or the client's own address changed) and
    /// checks anew. The old path stays in use until the new one answers.
    pub fn restart(&mut self, now: Time, local_ufrag: &str, remote: IceCredentials) {
        local_ufrag.clone_into(&mut self.local_ufrag);
        self.remote_key = key_of(&remote.password);
        self.remote = remote;
        self.open.clear();
        self.next_check = now;
    }

    /// Checks at once, as after a change of the client's own address.
    pub fn check_now(&mut self, now: Time) {
        self.next_check = now;
    }

    /// Where the server answers.
    pub const fn connected(&self) -> Option<PeerAddr> {
        self.connected
    }

    /// Handles a STUN message from the server.
    pub fn handle_datagram(
        &mut self,
        now: Time,
        from: PeerAddr,
        datagram: &[u8],
    ) -> Result<(), DropReason> {
        let message = Message::parse(datagram).ok_or(DropReason::Malformed)?;
        if message.kind == Kind::Request {
            return self.handle_check(from, &message);
        }
        let open = self
            .open
            .iter()
            .position(|(transaction, to)| *transaction == message.transaction && *to == from);
        let (Some(open), Kind::Success) = (open, message.kind) else {
            return Err(DropReason::NotAuthentic);
        };
        if !message.is_authentic(&self.remote_key) {
            return Err(DropReason::NotAuthentic);
        }
        self.open.remove(open);
        self.answered_at = now;
        if self.connected.is_none() {
            self.connected = Some(from);
            self.next_check = now + KEEP;
            self.events.push_back(IceClientEvent::Connected(from));
        }
        Ok(())
    }

    fn handle_check(&mut self, from: PeerAddr, message: &Message<'_>) -> Result<(), DropReason> {
        let is_ours = message.receiver_ufrag() == Some(self.local_ufrag.as_str());
        let key = self.local_key.as_ref().filter(|_| is_ours);
        if !key.is_some_and(|key| message.is_authentic(key)) || message.not_understood.is_some() {
            return Err(DropReason::NotAuthentic);
        }
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back((message.transaction, from));
        Ok(())
    }

    /// Writes an answer, or the next check if one is due, to the front of `out`.
    pub fn poll_transmit(&mut self, now: Time, out: &mut [u8]) -> Option<(PeerAddr, usize)> {
        if let Some((transaction, to)) = self.answers.pop_front() {
            let len = Writer::begin(out, Kind::Success, &transaction)
                .xor_mapped_address(to.addr, &transaction)
                .finish(self.local_key.as_ref()?)?;
            return Some((to, len));
        }
        if now < self.next_check || self.failed {
            return None;
        }
        let to = match self.connected {
            Some(connected) => {
                // Spread over thousands of clients, as RFC 7675 section 5.1 asks.
                let jitter = Duration::from_millis(self.draw() % 2_000);
                self.next_check = now + (KEEP - Duration::from_secs(1)) + jitter;
                connected
            }
            None => {
                self.next_check = now + RETRY;
                let at = self.next_candidate.checked_rem(self.candidates.len())?;
                self.next_candidate += 1;
                *self.candidates.get(at)?
            }
        };
        let mut transaction = [0; 12];
        let (front, back) = transaction.split_at_mut(8);
        front.copy_from_slice(&self.draw().to_be_bytes());
        back.copy_from_slice(&(self.draw() as u32).to_be_bytes());
        if self.open.len() >= MAX_OPEN {
            self.open.pop_front();
        }
        self.open.push_back((transaction, to));
        let len = Writer::begin(out, Kind::Request, &transaction)
            .username(&self.remote.ufrag, &self.local_ufrag)
            .priority(0x6e00_1eff)
            .controlling(self.tie_breaker)
            .use_candidate()
            .finish(&self.remote_key)?;
        Some((to, len))
    }

    /// The next change.
    pub fn poll_event(&mut self) -> Option<IceClientEvent> {
        self.events.pop_front()
    }

    /// When [`Self::poll_transmit`] or [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Time {
        if self.failed {
            return Time::NEVER;
        }
        self.next_check.min(self.answered_at + CONSENT)
    }

    /// Fails if the server has not answered for [`CONSENT`].
    pub fn handle_timeout(&mut self, now: Time) {
        if !self.failed && now >= self.answered_at + CONSENT {
            self.failed = true;
            self.events.push_back(IceClientEvent::Failed);
        }
    }

    /// A pseudo-random number that need not be hard to guess: SplitMix64.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
