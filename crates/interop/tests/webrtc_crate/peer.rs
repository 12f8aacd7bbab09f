//! A participant whose WebRTC is the `webrtc` crate's own PeerConnection: a microphone, a camera and
//! slots for both.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use serde_json::json;
use tokio::sync::watch;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::Track as _;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCCertificate,
    RTCConfigurationBuilder, RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription,
    RTCStatsReport, Registry, SettingEngine, StatsSelector, register_default_interceptors,
};

use crate::PATIENCE;
use crate::media::{Kind, Packet};
use crate::server::{Server, text};

/// How many slots of each media type a peer has.
const SLOTS: usize = 2;

/// Everything that came, by the SSRC of its slot.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) slots: HashMap<u32, Vec<(u16, Packet)>>,
}

impl Received {
    /// Numbers received from one sender, in the order of arrival.
    pub(crate) fn of(&self, from: u8, kind: Kind) -> Vec<u32> {
        let all = self.slots.values().flatten().map(|(_, packet)| packet);
        all.filter(|packet| (packet.from, packet.kind) == (from, kind))
            .map(|packet| packet.number)
            .collect()
    }

    /// How many packets came.
    pub(crate) fn count(&self) -> usize {
        self.slots.values().map(Vec::len).sum()
    }
}

struct Handler {
    state: watch::Sender<RTCPeerConnectionState>,
    gathering: watch::Sender<RTCIceGatheringState>,
    received: Arc<watch::Sender<Received>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathering.send_replace(state);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let received = Arc::clone(&self.received);
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    let header = &packet.header;
                    let payload = &packet.payload;
                    received.send_modify(|received| {
                        let slot = received.slots.entry(header.ssrc).or_default();
                        let read = Packet::read(payload)
                            .or_else(|| Packet::silence(payload, slot.len()))
                            .unwrap_or_else(|| panic!("nobody sent {payload:?}"));
                        slot.push((header.sequence_number, read));
                    });
                }
            }
        });
    }
}

/// Options of a peer.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) settings: SettingEngine,
    pub(crate) certificate: Option<RTCCertificate>,
}

pub(crate) struct Peer {
    pub(crate) pc: Arc<dyn PeerConnection>,
    /// The peer's number, which is in every packet that the peer sends.
    pub(crate) name: u8,
    pub(crate) id: String,
    tracks: HashMap<Kind, Arc<TrackLocalStaticRTP>>,
    sent: Mutex<HashMap<Kind, u32>>,
    state: watch::Receiver<RTCPeerConnectionState>,
    gathering: watch::Receiver<RTCIceGatheringState>,
    pub(crate) received: watch::Receiver<Received>,
}

impl Peer {
    /// Joins, connects and publishes.
    pub(crate) async fn join(server: &Server, name: u8, options: Options) -> Self {
        let mut peer = Self::build(name, options).await;
        for kind in Kind::FIRST {
            peer.offer_track(kind).await;
        }
        for kind in Kind::FIRST.repeat(SLOTS) {
            let slot = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Recvonly,
                ..Default::default()
            };
            let added = peer.pc.add_transceiver_from_kind(kind.media(), Some(slot));
            added.await.unwrap();
        }
        let offer = peer.offer().await;
        let (id, answer) = server.join(&format!("peer-{name}"), &offer).await;
        peer.id = id;
        peer.take_answer(answer).await;
        let connected = RTCPeerConnectionState::Connected;
        let waiting = peer.state.wait_for(|state| *state == connected);
        let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(in_time, "peer {name} does not connect");
        for kind in Kind::FIRST {
            peer.publish(server, kind).await;
        }
        peer
    }

    /// Publishes this kind of track.
    pub(crate) async fn publish(&self, server: &Server, kind: Kind) {
        let body = json!({ "participantId": self.id, "kinds": [kind.wire()] });
        server.call("ParticipantService/Publish", body).await;
    }

    /// Offers anew on the same transport: the answer.
    pub(crate) async fn reoffer(&mut self, server: &Server) -> String {
        let offer = self.offer().await;
        let body = json!({ "participantId": self.id, "offer": offer });
        let answer = text(&server.call("ParticipantService/Reoffer", body).await["sdp"]);
        self.take_answer(answer.clone()).await;
        answer
    }

    pub(crate) async fn answer(&self) -> String {
        self.pc.remote_description().await.unwrap().sdp
    }

    async fn build(name: u8, options: Options) -> Self {
        let mut media = MediaEngine::default();
        media.register_default_codecs().unwrap();
        let registry = register_default_interceptors(Registry::new(), &mut media).unwrap();
        let mut configuration = RTCConfigurationBuilder::new();
        if let Some(certificate) = options.certificate {
            configuration = configuration.with_certificates(vec![certificate]);
        }
        let (state, state_seen) = watch::channel(RTCPeerConnectionState::New);
        let (gathering, gathering_seen) = watch::channel(RTCIceGatheringState::New);
        let (received, received_seen) = watch::channel(Received::default());
        let handler = Handler {
            state,
            gathering,
            received: Arc::new(received),
        };
        let pc = PeerConnectionBuilder::new()
            .with_configuration(configuration.build())
            .with_media_engine(media)
            .with_setting_engine(options.settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(handler))
            .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
            .build()
            .await
            .unwrap();
        Self {
            pc: Arc::new(pc),
            name,
            id: String::new(),
            tracks: HashMap::new(),
            sent: Mutex::default(),
            state: state_seen,
            gathering: gathering_seen,
            received: received_seen,
        }
    }

    pub(crate) async fn offer_track(&mut self, kind: Kind) {
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(kind.ssrc(self.name)),
                ..Default::default()
            },
            active: true,
            codec: RTCRtpCodec {
                mime_type: kind.mime().to_owned(),
                clock_rate: kind.clock_rate(),
                channels: if kind == Kind::Audio { 2 } else { 0 },
                ..Default::default()
            },
            ..Default::default()
        };
        let label = format!("{kind:?}");
        let track = MediaStreamTrack::new(
            format!("stream-{}", self.name),
            label.clone(),
            label,
            kind.media(),
            vec![encoding],
        );
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        let sends = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            ..Default::default()
        };
        let local: Arc<dyn TrackLocal> = track.clone();
        let added = self.pc.add_transceiver_from_track(local, Some(sends));
        added.await.unwrap();
        self.tracks.insert(kind, track);
    }

    async fn offer(&mut self) -> String {
        let offer = self.pc.create_offer(None).await.unwrap();
        self.pc.set_local_description(offer).await.unwrap();
        let complete = RTCIceGatheringState::Complete;
        let waiting = self.gathering.wait_for(|state| *state == complete);
        let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(in_time, "gathering does not end");
        self.pc.local_description().await.unwrap().sdp
    }

    async fn take_answer(&self, answer: String) {
        let answer = RTCSessionDescription::answer(answer).unwrap();
        self.pc.set_remote_description(answer).await.unwrap();
    }

    /// Sends the next packet of a track.
    pub(crate) async fn send(&self, kind: Kind) {
        let number = self.next_number(kind);
        self.sent.lock().unwrap().insert(kind, number + 1);
        let packet = Packet {
            from: self.name,
            kind,
            number,
        };
        let codec = self.tracks[&kind]
            .codec(kind.ssrc(self.name))
            .await
            .unwrap();
        assert_eq!(codec.mime_type, kind.mime());
        self.tracks[&kind].write_rtp(packet.rtp()).await.unwrap();
    }

    /// The number that the next packet will have.
    pub(crate) fn next_number(&self, kind: Kind) -> u32 {
        self.sent.lock().unwrap().get(&kind).copied().unwrap_or(0)
    }

    pub(crate) async fn stats(&self) -> RTCStatsReport {
        self.pc
            .get_stats(sideroom::clock::now(), StatsSelector::None)
            .await
    }
}
