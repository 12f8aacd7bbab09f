//! Entry points for a session's input from its client: offers, and RTP and RTCP whose keys the client has, so
//! that only their content is hostile.

use std::sync::OnceLock;
use std::time::Duration;

use sideroom_route::{ParticipantId, RoomId, Time};
use sideroom_rtp::{Codec, RtpView};
#[cfg(not(fuzzing))]
use sideroom_session::dtls::{Dtls, DtlsEvent};
use sideroom_session::dtls::{DtlsConfig, DtlsVersions};
use sideroom_session::ice::IceClient;
use sideroom_session::sdp::{MAX_LAYERS, MAX_MEDIA_SECTIONS, MAX_SLOTS_PER_MEDIA, Offer};
#[cfg(fuzzing)]
use sideroom_session::srtp::{KeyMaterial, Role};
use sideroom_session::srtp::{SrtpOut, SrtpProfile};
use sideroom_session::{
    Candidate, Certificate, DatagramClass, DatagramOutcome, IceCredentials, PeerAddr, Proto,
    RoomCodecs, Session, SessionConfig,
};

/// The offer before this one: three tracks, one of them simulcast, and two slots.
const OFFER: &str = include_str!("../session_offer.sdp");
/// The most packets of one input.
const MAX_PACKETS: usize = 64;

fn certificate(seed: u8) -> Certificate {
    static MADE: [OnceLock<Certificate>; 2] = [const { OnceLock::new() }; 2];
    let made = MADE[usize::from(seed) % 2].get_or_init(|| {
        Certificate::generate(&[seed + 1; 32]).expect("a fixed seed that makes a key")
    });
    made.clone()
}

fn config(video: Codec) -> SessionConfig {
    SessionConfig {
        participant: ParticipantId::new(RoomId(1), 1),
        credentials: IceCredentials {
            ufrag: "serv".to_owned(),
            password: "a-password-of-the-server".to_owned(),
        },
        certificate: certificate(0),
        dtls_versions: DtlsVersions::Auto,
        srtp_profiles: SrtpProfile::PREFERRED.to_vec(),
        candidates: vec![Candidate {
            proto: Proto::Udp,
            addr: ([192, 0, 2, 1], 3478).into(),
        }],
        codecs: RoomCodecs {
            video,
            red: true,
            dtx: true,
        },
        hints: Vec::new(),
        cname: "p1.1".to_owned(),
        seed: 3,
    }
}

/// Answers an offer: the first byte chooses the room's codec. An answered offer keeps the bounds and can be
/// offered again; a refusal names a line of the text.
pub fn sdp(data: &[u8]) {
    let Some((codec, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let codecs = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];
    let codec = codecs[usize::from(*codec) % codecs.len()];
    match Session::accept(Time::ZERO, config(codec), text) {
        Ok((mut session, answer)) => {
            let offer = Offer::parse(text).expect("it was answered");
            assert!(offer.media.len() <= MAX_MEDIA_SECTIONS);
            assert_eq!(answer.sdp.matches("\r\nm=").count(), offer.media.len());
            assert!(answer.ingress.len() <= 4 && answer.slots.len() <= 2 * MAX_SLOTS_PER_MEDIA);
            let layers = answer.ingress.iter().map(|track| track.layers.len());
            assert!(
                layers
                    .clone()
                    .all(|layers| (1..=MAX_LAYERS).contains(&layers))
            );
            let fresh = config(codec).credentials;
            let again = session
                .reoffer(Time::ZERO, text, &[], fresh)
                .expect("what was answered once is answered again");
            assert_eq!(again.slots, answer.slots);
        }
        Err(error) => {
            assert!(error.line <= text.split('\n').count().max(1), "{error}");
            assert!(!error.sentence.is_empty());
        }
    }
}

/// A client that is connected to a session, and the time.
struct Client {
    session: Session,
    sealing: SrtpOut,
    now: Time,
}

fn address() -> PeerAddr {
    PeerAddr::udp(([198, 51, 100, 2], 50_000).into())
}

/// The SSRC of the video slot, for seeds.
pub fn video_slot() -> u32 {
    let text = OFFER.replace("(fingerprint)", &certificate(1).fingerprint().to_string());
    let (_, answer) = Session::accept(Time::ZERO, config(Codec::Vp8), &text).expect("a good offer");
    answer.slots[1].ssrc
}

fn connect() -> Client {
    let now = Time::from_millis(1_000);
    let fingerprint = certificate(1).fingerprint().to_string();
    let text = OFFER.replace("(fingerprint)", &fingerprint);
    let config = config(Codec::Vp8);
    let credentials = config.credentials.clone();
    let server = certificate(0).fingerprint().clone();
    let (mut session, _) = Session::accept(now, config, &text).expect("a good offer");
    let candidates = vec![PeerAddr::udp(([192, 0, 2, 1], 3478).into())];
    let mut ice = IceClient::new(now, "clnt", credentials, candidates, 11);
    let dtls = DtlsConfig::client(certificate(1), vec![server]);
    let mut buffer = [0; 2_048];
    let (_, len) = ice
        .poll_transmit(now, &mut buffer)
        .expect("the first check");
    session.handle_datagram(now, address(), DatagramClass::Stun, &mut buffer[..len]);
    let sealing = secure(&mut session, now, dtls);
    Client {
        session,
        sealing,
        now,
    }
}

/// The fuzzer has better things to do than to shake hands.
#[cfg(fuzzing)]
fn secure(session: &mut Session, now: Time, _: DtlsConfig) -> SrtpOut {
    let profile = SrtpProfile::AeadAes128Gcm;
    let keys = KeyMaterial::from_exported(profile, &[7; 88], Role::Server).expect("enough");
    session.connect_with(now, &keys);
    while session.poll_event().is_some() {}
    SrtpOut::new(&keys.mirrored())
}

/// The ordinary tests have the time.
#[cfg(not(fuzzing))]
fn secure(session: &mut Session, now: Time, dtls: DtlsConfig) -> SrtpOut {
    let mut dtls = Dtls::new(now, dtls);
    let mut buffer = [0; 2_048];
    let mut out = Vec::new();
    loop {
        while let Some(len) = dtls.poll_transmit(&mut buffer) {
            session.handle_datagram(now, address(), DatagramClass::Dtls, &mut buffer[..len]);
        }
        while session.poll_transmit(now, &mut out).is_some() {
            let _ = dtls.handle_datagram(now, &out);
        }
        if let Some(DtlsEvent::Connected { keys, .. }) = dtls.poll_event() {
            return SrtpOut::new(&keys);
        }
    }
}

/// Packets of a client: for each, two bytes of length with the highest bit set for RTP, one byte of
/// milliseconds that pass before it, and the packet, which is then sealed.
pub fn session_rtcp(data: &[u8]) {
    let mut client = connect();
    let mut rest = data;
    for _ in 0..MAX_PACKETS {
        let Some(([high, low, pause], packet)) =
            rest.split_first_chunk::<3>().map(|(a, b)| (*a, b))
        else {
            return;
        };
        let len = usize::from(u16::from_be_bytes([high & 0x07, low])).min(packet.len());
        let (packet, others) = packet.split_at(len);
        rest = others;
        client.now = client.now + Duration::from_millis(pause.into());
        if high & 0x80 == 0 {
            client.send_rtcp(packet);
        } else {
            client.send_rtp(packet);
        }
        client.drain();
    }
}

impl Client {
    fn send_rtcp(&mut self, plain: &[u8]) {
        let mut sealed = [0; 4_096];
        let len = self.sealing.seal_rtcp(plain, &mut sealed);
        let class = DatagramClass::Rtcp;
        let received = self
            .session
            .handle_datagram(self.now, address(), class, &mut sealed[..len]);
        assert!(!matches!(received, DatagramOutcome::Rtp { .. }));
    }

    fn send_rtp(&mut self, plain: &[u8]) {
        // A packet to seal must have a header of known length; the padding count is encrypted.
        let mut unpadded = plain.to_vec();
        if let Some(first) = unpadded.first_mut() {
            *first &= !0x20;
        }
        let (header, sequence) = match RtpView::parse(&unpadded) {
            Ok(view) => (view.header_len(), view.sequence()),
            Err(_) => return,
        };
        let (header, payload) = plain.split_at(header);
        let mut sealed = [0; 4_096];
        let len = self
            .sealing
            .seal(header, payload, sequence.into(), &mut sealed);
        let class = DatagramClass::Rtp;
        let sealed = &mut sealed[..len];
        if let DatagramOutcome::Rtp {
            ingress,
            layer,
            range,
            ..
        } = self
            .session
            .handle_datagram(self.now, address(), class, sealed)
        {
            assert!(ingress < 3 && usize::from(layer) < MAX_LAYERS);
            assert!(RtpView::parse(&sealed[range]).is_ok());
        }
    }

    fn drain(&mut self) {
        let mut out = Vec::new();
        for _ in 0..32 {
            if self.session.poll_timeout() > self.now {
                break;
            }
            self.session.handle_timeout(self.now);
            while self.session.poll_transmit(self.now, &mut out).is_some() {
                assert!(out.len() <= 1_200, "{} bytes", out.len());
            }
            while self.session.poll_event().is_some() {}
        }
        assert!(
            self.session.poll_timeout() > self.now,
            "the session always has something to do"
        );
    }
}
