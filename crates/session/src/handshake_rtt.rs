//! The first guess at the round trip: how fast the client answered in the handshake. A client that only
//! sends has no other occasion to tell until something of it is lost.

use std::time::Duration;

use sideroom_route::Time;

/// Flights that were sent, and how long the fastest answer took. The client's own computing is part of
/// it, so it is rather too long than too short.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HandshakeRtt {
    /// The first datagram since the client was heard last.
    sent_at: Option<Time>,
    fastest: Option<Duration>,
}

impl HandshakeRtt {
    /// Something was said.
    pub(crate) fn sent(&mut self, now: Time) {
        self.sent_at.get_or_insert(now);
    }

    /// Something was heard.
    pub(crate) fn heard(&mut self, now: Time) {
        if let Some(sent_at) = self.sent_at.take() {
            let took = now.since(sent_at);
            self.fastest = Some(self.fastest.map_or(took, |fastest| fastest.min(took)));
        }
    }

    /// The best known round trip.
    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.fastest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_answer_counts_from_the_beginning_of_its_flight() {
        let mut handshake_rtt = HandshakeRtt::default();
        handshake_rtt.heard(Time::from_millis(10));
        assert_eq!(handshake_rtt.round_trip(), None, "nothing was said");
        let talk = [
            (true, 10),
            (true, 12),
            (false, 90),
            (false, 91),
            (true, 91),
            (false, 131),
        ];
        for (sent, at) in talk {
            let at = Time::from_millis(at);
            if sent {
                handshake_rtt.sent(at)
            } else {
                handshake_rtt.heard(at)
            }
        }
        assert_eq!(handshake_rtt.round_trip(), Some(Duration::from_millis(40)));
    }
}
