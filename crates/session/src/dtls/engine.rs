//! The interface of both DTLS engines.

use std::collections::VecDeque;

use sideroom_route::Time;
use zeroize::Zeroizing;

use super::version::DtlsVersion;
use crate::srtp::SrtpProfile;

/// No datagram that is sent here is longer.
pub const MAX_DATAGRAM: usize = 1_200;

/// How many datagrams wait to be sent. A flight is a handful; past this the oldest are lost, as on any
/// network, and will be repeated.
const MAX_PACKETS: usize = 32;

/// A handshake that is done.
pub(super) struct FinishedHandshake {
    pub(super) version: DtlsVersion,
    pub(super) profile: Option<SrtpProfile>,
    pub(super) exported: Zeroizing<Vec<u8>>,
    /// The peer's certificate. The peer has proved to have its key.
    pub(super) certificate: Vec<u8>,
}

/// Output of a step.
#[derive(Default)]
pub(super) struct Output {
    pub(super) packets: VecDeque<Vec<u8>>,
    pub(super) secured: Option<FinishedHandshake>,
    pub(super) closed: bool,
}

impl Output {
    pub(super) fn send(&mut self, packet: Vec<u8>) {
        if self.packets.len() >= MAX_PACKETS {
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
    }
}

/// One side of one connection. An error is the end of it.
pub(super) trait Engine: Send {
    fn handle_datagram(
        &mut self,
        now: Time,
        datagram: &[u8],
        output: &mut Output,
    ) -> Result<(), String>;

    fn handle_timeout(&mut self, now: Time, output: &mut Output) -> Result<(), String>;

    fn poll_timeout(&self) -> Time;

    fn close(&mut self, now: Time, output: &mut Output);
}
