//! What the session tests share: a configuration with fixed credentials and seed.
#![allow(dead_code)]

use std::net::SocketAddr;

use sideroom_route::{ParticipantId, RoomId, Time};
use sideroom_rtp::Codec;
use sideroom_session::sdp::OfferError;
use sideroom_session::{
    Answer, Candidate, IceCredentials, Proto, RoomCodecs, Session, SessionConfig,
};

pub fn server_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 3478))
}

pub fn config(video: Codec) -> SessionConfig {
    SessionConfig {
        participant: ParticipantId::new(RoomId(1), 2),
        credentials: IceCredentials {
            ufrag: "serv".to_owned(),
            password: "a-password-of-the-server".to_owned(),
        },
        candidates: vec![
            Candidate {
                proto: Proto::Udp,
                addr: server_address(),
            },
            Candidate {
                proto: Proto::Tcp,
                addr: server_address(),
            },
        ],
        codecs: RoomCodecs {
            video,
            ..RoomCodecs::default()
        },
        hints: Vec::new(),
        cname: "p1.2".to_owned(),
        seed: 7,
    }
}

pub fn session(config: SessionConfig, offer: &str) -> Result<(Session, Answer), OfferError> {
    Session::accept(Time::ZERO, config, offer)
}
