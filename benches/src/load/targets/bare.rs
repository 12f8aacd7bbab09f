//! The bare path as a target: no signaling, keys that follow from the client's number.

use std::net::SocketAddr;

use sideroom_net::PeerAddr;
use sideroom_route::TrackKind;
use sideroom_rtp::{ExtensionKind, ExtensionMap};

use super::{JoinPlan, Joined, Negotiated, Target};
use crate::bare::{Hello, keys_of};
use crate::load::error::LoadError;
use crate::load::member::{LinkSetup, MemberSetup};
use crate::load::process::Process;
use crate::load::server::{Server, beside};
use crate::profile::Profile;

/// A process that runs the bare path.
pub struct BareTarget {
    server: Server,
    address: SocketAddr,
    profile: Profile,
}

impl BareTarget {
    /// Starts one, on the processors of `cpus` if given.
    pub fn start(profile: Profile, cpus: Option<&str>) -> Result<Self, LoadError> {
        let program = beside("bare").to_string_lossy().into_owned();
        let profile_name = profile.name().to_owned();
        let command = [program, "--profile".to_owned(), profile_name];
        let server = Server::start(&command, cpus, &[], "listening on ")?;
        let address = server.announced.split_whitespace().last();
        let address = address.and_then(|text| text.parse().ok());
        let address = address.ok_or_else(|| LoadError::Server(server.announced.clone()))?;
        Ok(Self {
            server,
            address,
            profile,
        })
    }
}

/// The extensions under the numbers that browsers use.
fn extensions() -> ExtensionMap {
    let mut map = ExtensionMap::new();
    for (kind, id) in [
        (ExtensionKind::AudioLevel, 1),
        (ExtensionKind::TransportCc, 3),
        (ExtensionKind::Mid, 4),
    ] {
        map.set(kind, id);
    }
    map
}

impl Target for BareTarget {
    fn name(&self) -> &str {
        "bare"
    }

    fn process(&self) -> &Process {
        self.server.process()
    }

    fn open_room(&self, _room: &str, _participants: usize) -> Result<(), LoadError> {
        Ok(())
    }

    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let sends: Vec<_> = plan
            .sends
            .iter()
            .zip(0..)
            .map(|(kind, at)| Negotiated {
                kind: *kind,
                ssrc: (plan.client + 1) * 16 + at,
                payload_type: if *kind == TrackKind::Audio { 111 } else { 96 },
                mid: at.to_string(),
                extensions: extensions(),
                rids: Vec::new(),
            })
            .collect();
        let hello = Hello::Peer {
            id: plan.client,
            ssrcs: sends.iter().map(|track| track.ssrc).collect(),
            receives: plan.audio_slots + plan.video_slots > 0,
        };
        let link = LinkSetup::Static {
            keys: keys_of(self.profile.into(), plan.client),
            hello: serde_json::to_vec(&hello).unwrap_or_default(),
        };
        Ok(Joined {
            setup: MemberSetup {
                client: plan.client,
                server: PeerAddr::udp(self.address),
                link,
                transport_cc: None,
                repairs: Vec::new(),
            },
            participant: plan.client.to_string(),
            sends,
        })
    }

    fn publish(&self, _: &str, _: &str, _: &[TrackKind]) -> Result<(), LoadError> {
        Ok(())
    }

    fn leave(&self, _: &str, _: &str) -> Result<(), LoadError> {
        Err(LoadError::NotSupported {
            target: self.name().to_owned(),
            what: "leaving",
        })
    }
}
