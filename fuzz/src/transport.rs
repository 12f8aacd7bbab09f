//! Entry points for the transport in `sideroom-session`: bytes from anybody neither break anything nor
//! get anything.

use std::sync::OnceLock;

use sideroom_route::Time;
use sideroom_session::dtls::{Dtls, DtlsConfig, DtlsVersions, MAX_DATAGRAM};
use sideroom_session::ice::{IceAgent, IceClient, MAX_MESSAGE, ufrag_of};
use sideroom_session::srtp::{KeyMaterial, MAX_RTP_OVERHEAD, Role, SrtpIn, SrtpOut, SrtpProfile};
use sideroom_session::{Certificate, IceCredentials, PeerAddr};

const START: Time = Time::from_millis(10);

fn credentials() -> IceCredentials {
    IceCredentials {
        ufrag: "srvr".to_owned(),
        password: "a-password-of-the-server".to_owned(),
    }
}

fn address() -> PeerAddr {
    PeerAddr::udp(([192, 0, 2, 1], 4000).into())
}

/// A STUN message for a server and for a client in the middle of a check. Only the right password gets
/// an answer.
pub fn stun(data: &[u8]) {
    let ufrag = ufrag_of(data);
    let mut agent = IceAgent::new(&credentials());
    let mut out = [0; MAX_MESSAGE];
    match agent.handle_datagram(START, address(), data) {
        Ok(()) => {
            assert_eq!(ufrag, Some("srvr"));
            assert!(agent.poll_transmit(&mut out).is_some());
        }
        Err(_) => {
            assert!(agent.poll_transmit(&mut out).is_none());
            assert!(!agent.is_validated(address()));
        }
    }
    let mut client = IceClient::new(START, "clnt", credentials(), vec![address()], 1);
    client.poll_transmit(START, &mut out);
    let _ = client.handle_datagram(START, address(), data);
}

/// Opens the bytes as a packet under each profile; and a packet that we seal opens again, and only once.
pub fn srtp_open(data: &[u8]) {
    for profile in SrtpProfile::PREFERRED {
        let keys = KeyMaterial::from_exported(profile, &[7; 88], Role::Server).expect("enough");
        let mut incoming = SrtpIn::new(&keys.mirrored());
        incoming.accept_ssrc(0x0303_0303);
        for open in [SrtpIn::open, SrtpIn::open_unknown, SrtpIn::open_rtcp] {
            if let Ok(len) = open(&mut incoming, &mut data.to_vec()) {
                assert!(len < data.len());
            }
        }
        seal_and_open(&keys, data);
    }
}

fn seal_and_open(keys: &KeyMaterial, data: &[u8]) {
    let mut incoming = SrtpIn::new(&keys.mirrored());
    let (header, payload) = data.split_at(data.len().min(12));
    let mut sealed = vec![0; data.len() + MAX_RTP_OVERHEAD];
    let sequence = header
        .get(2..4)
        .map_or(0, |s| u64::from(s[0]) << 8 | u64::from(s[1]));
    let len = SrtpOut::new(keys).seal(header, payload, sequence, &mut sealed);
    let is_plain_header = header.first().is_some_and(|first| first & 0xdf == 0x80);
    if header.len() == 12 && is_plain_header {
        let opened = incoming.open_unknown(&mut sealed[..len].to_vec());
        assert_eq!(opened, Ok(data.len()));
        assert!(incoming.open(&mut sealed[..len].to_vec()).is_err());
    } else {
        // Not the header that the packet claims to have: a packet sealed under it may not open.
        let _ = incoming.open_unknown(&mut sealed[..len]);
    }
}

/// Datagrams thrown into a handshake: the first byte says after which step of a real one and with which
/// version, the rest is datagrams, each with its length in two bytes before it.
pub fn dtls_boundary(data: &[u8]) {
    let Some((script, mut rest)) = data.split_first() else {
        return;
    };
    let versions = match script & 3 {
        0 => DtlsVersions::Only12,
        1 => DtlsVersions::Auto,
        _ => DtlsVersions::Only13,
    };
    let (ours, theirs) = certificates();
    let server = DtlsConfig::server(ours.clone(), vec![theirs.fingerprint().clone()]);
    let client = DtlsConfig {
        versions,
        ..DtlsConfig::client(theirs.clone(), vec![ours.fingerprint().clone()])
    };
    let mut server = Dtls::new(START, server);
    // A client costs a key pair; most scripts do without.
    let steps = script >> 2 & 7;
    let mut client = (steps > 0).then(|| Dtls::new(START, client));
    if let Some(client) = &mut client {
        for _ in 0..steps {
            pump(client, &mut server);
            pump(&mut server, client);
        }
    }
    let was_connected = server.is_connected();
    while let Some((length, after)) = rest.split_at_checked(2) {
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let (datagram, after) = after.split_at(length.min(after.len()));
        let _ = server.handle_datagram(START, datagram);
        if let Some(client) = &mut client {
            let _ = client.handle_datagram(START, datagram);
        }
        server.handle_timeout(server.poll_timeout().min(Time::from_millis(60_000)));
        rest = after;
    }
    // Only the client with the announced certificate gets in.
    assert!(was_connected || !server.is_connected());
}

fn certificates() -> &'static (Certificate, Certificate) {
    static MADE: OnceLock<(Certificate, Certificate)> = OnceLock::new();
    MADE.get_or_init(|| {
        let make = |seed| Certificate::generate(&[seed; 32]).expect("a key");
        (make(1), make(2))
    })
}

fn pump(from: &mut Dtls, to: &mut Dtls) {
    let mut out = [0; MAX_DATAGRAM];
    while let Some(len) = from.poll_transmit(&mut out) {
        let _ = to.handle_datagram(START, &out[..len]);
    }
}
