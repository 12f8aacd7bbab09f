//! One participant's WebRTC transport, told the time and given the packets: an offer is answered
//! once, then ICE-lite, DTLS, SRTP and RTCP feedback live here.
//!
//! It opens no socket, reads no clock and draws no random number: addresses, time and seeds are
//! passed in. It knows nothing of rooms and never decides who hears whom.

pub mod srtp;
