//! Memory of an idle participant in the whole server: a connection, 18 slots, and no routes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod counted;
mod running;

use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::time::Duration;

use counted::{Counting, HELD};
use running::{Client, client_token};
use serde_json::json;
use sideroom::shutdown::Phase;
use sideroom_route::Time;
use sideroom_session::dtls::{Dtls, DtlsConfig};
use sideroom_session::ice::IceClient;
use sideroom_session::{Certificate, IceCredentials, PeerAddr};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Enough to fill the tables of the server, which double, nearly to their ends: 56 times 18 slots.
const PEOPLE: usize = 56;
/// 33 KiB were measured when this was written.
const MOST_EACH: isize = 36 * 1024;
const SLOTS: usize = 9;
const PATIENCE: Duration = Duration::from_secs(30);

/// An offer with a microphone, a camera, and nine slots of each media type.
fn offer(ufrag: &str, certificate: &Certificate) -> String {
    let kinds = [("audio", "sendonly", 1), ("video", "sendonly", 1)];
    let slots = [("audio", "recvonly", SLOTS), ("video", "recvonly", SLOTS)];
    let all = kinds.into_iter().chain(slots);
    let sections = all.flat_map(|(media, way, count)| std::iter::repeat_n((media, way), count));
    let mids: Vec<_> = (0..2 + 2 * SLOTS).map(|mid| mid.to_string()).collect();
    let mut text = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n",
        mids.join(" ")
    );
    for (mid, (media, way)) in sections.enumerate() {
        let formats = match media {
            "audio" => "111\r\na=rtpmap:111 opus/48000/2",
            _ => "96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96",
        };
        write!(
            text,
            "m={media} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\n\
             a=ice-pwd:a-password-of-the-client\r\na=fingerprint:{}\r\na=setup:active\r\n\
             a=mid:{mid}\r\na={way}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n",
            certificate.fingerprint()
        )
        .unwrap();
    }
    text
}

fn line<'a>(sdp: &'a str, name: &str) -> &'a str {
    let mut lines = sdp.lines().filter_map(|line| line.strip_prefix(name));
    lines.next().unwrap_or_else(|| panic!("no {name} in {sdp}"))
}

/// Joins and connects, and returns the client's socket. The caller keeps it: a later client that gets the
/// port of one that has gone is refused as long as the server counts the address as in use.
fn join(api: &mut Client, number: usize, certificate: &Certificate) -> UdpSocket {
    let ufrag = format!("peer{number}");
    let token = client_token("meeting", &ufrag);
    let body = json!({ "room": "meeting", "clientToken": token, "requestId": ufrag,
        "offer": offer(&ufrag, certificate) });
    let answer = api.ask("ParticipantService/Join", &body).unwrap();
    let sdp = answer["sdp"].as_str().unwrap();
    let candidate: Vec<_> = line(sdp, "a=candidate:").split(' ').collect();
    let server = SocketAddr::new(candidate[4].parse().unwrap(), candidate[5].parse().unwrap());
    let credentials = IceCredentials {
        ufrag: line(sdp, "a=ice-ufrag:").to_owned(),
        password: line(sdp, "a=ice-pwd:").to_owned(),
    };
    let theirs = line(sdp, "a=fingerprint:").parse().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.connect(server).unwrap();
    udp.set_read_timeout(Some(PATIENCE)).unwrap();
    // No packets are lost on the way, so no time has to pass.
    let now = Time::from_millis(1_000);
    let peer = PeerAddr::udp(server);
    let mut ice = IceClient::new(now, &ufrag, credentials, vec![peer], number as u64 + 1);
    let mut dtls = Dtls::new(now, DtlsConfig::client(certificate.clone(), vec![theirs]));
    let mut buffer = [0; 2_048];
    while !dtls.is_connected() {
        while let Some((_, len)) = ice.poll_transmit(now, &mut buffer) {
            udp.send(&buffer[..len]).unwrap();
        }
        while let Some(len) = ice
            .connected()
            .and_then(|_| dtls.poll_transmit(&mut buffer))
        {
            udp.send(&buffer[..len]).unwrap();
        }
        let len = udp.recv(&mut buffer).expect("an answer in time");
        match buffer[0] {
            0..=3 => drop(ice.handle_datagram(now, peer, &buffer[..len])),
            20..=63 => drop(dtls.handle_datagram(now, &buffer[..len])),
            _ => {}
        }
    }
    udp
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_participant_is_small_in_the_whole_server() {
    let (address, shutdown) = counted::start(&[]).await;
    let held = tokio::task::spawn_blocking(move || {
        let certificate = Certificate::generate(&[1; 32]).unwrap();
        let mut api = Client::new(&address);
        api.ask("RoomService/CreateRoom", &json!({ "room": "meeting" }))
            .unwrap();
        let mut sockets = Vec::with_capacity(PEOPLE);
        sockets.push(join(&mut api, 0, &certificate));
        let before = HELD.load(Ordering::Relaxed);
        sockets.extend((1..PEOPLE).map(|number| join(&mut api, number, &certificate)));
        let room = api.room("meeting").unwrap();
        assert_eq!(room["participants"].as_array().map(Vec::len), Some(PEOPLE));
        drop(room);
        (HELD.load(Ordering::Relaxed) - before) / (PEOPLE as isize - 1)
    });
    let each = held.await.unwrap();
    println!("an idle participant holds {each} bytes");
    assert!(each < MOST_EACH, "{each} bytes");
    shutdown.advance(Phase::Draining);
}
