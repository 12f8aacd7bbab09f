//! ICE (RFC 8445): the lite side that a server plays, with consent (RFC 7675), and a small controlling
//! side for load tools and tests. STUN messages (RFC 8489) are read and written without allocation.
//!
//! A message with a wrong user name or integrity gets no answer and leaves no state.

mod agent;
mod client;
mod crc;
mod stun;

pub use agent::{CONSENT, IceAgent, IceEvent, MAX_PAIRS};
pub use client::{IceClient, IceClientEvent};
pub use stun::{MAX_MESSAGE, ufrag_of};
