//! Other servers as targets: the tool's requests to a shim, a WHIP endpoint and Janus, and its use of their
//! answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use clap::Parser;
use serde_json::{Value, json};
use sideroom_bench::load::server::Server;
use sideroom_bench::load::targets::shim::Shim;
use sideroom_bench::load::targets::whip_whep::WhipWhep;
use sideroom_bench::load::targets::{JoinPlan, Target, janus};
use sideroom_bench::load::{options::Options, run_options::Common};
use sideroom_bench::profile::Profile;
use sideroom_route::{Time, TrackKind};

/// Method and path, and the body.
type Asked = (String, String);

/// An HTTP server that answers by `answer`, one request a connection, and records the requests.
fn serve(
    answer: impl Fn(&str, &str) -> (&'static str, String) + Send + 'static,
) -> (SocketAddr, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (request, body) = read(&stream);
            let (head, text) = answer(&request, &body);
            let length = text.len();
            let _ = write!(
                &stream,
                "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
            );
            if tell.send((request, body)).is_err() {
                return;
            }
        }
    });
    (address, told)
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_ascii_lowercase());
    }
    let length = lines
        .iter()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let request = lines[0].trim_end_matches(" http/1.1").to_owned();
    (request, String::from_utf8(body).unwrap())
}

/// The description of a server at port 4000.
fn description(mid: &str, way: &str) -> String {
    let digest = vec!["AB"; 32].join(":");
    format!(
        "v=0\r\na=fingerprint:sha-256 {digest}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\n\
         a=ice-ufrag:u\r\na=ice-pwd:p\r\na={way}\r\na=setup:passive\r\na=rtpmap:111 opus/48000/2\r\n\
         a=extmap:7 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n"
    )
}

fn plan(sends: &[TrackKind], audio_slots: usize) -> JoinPlan {
    JoinPlan {
        client: 3,
        room: "r".to_owned(),
        sends: sends.to_vec(),
        video_layers: 1,
        audio_slots,
        video_slots: 0,
        moderator: false,
        now: Time::from_millis(60_000),
    }
}

fn own_process() -> Server {
    Server::attach(std::process::id()).unwrap()
}

#[test]
fn a_shim_lets_publishers_answer_and_receivers_be_offered() {
    let (address, told) = serve(|request, body| {
        let body: Value = serde_json::from_str(body).unwrap();
        let answer = match request {
            "post /join" if body["publish"] == json!([]) => {
                json!({ "participant": "x", "offer": description("a", "sendonly") })
            }
            "post /join" => json!({ "participant": "p", "answer": description("0", "recvonly") }),
            "post /leave" => return ("409 Conflict", "it is gone".to_owned()),
            _ => Value::Null,
        };
        ("200 OK", answer.to_string())
    });
    let shim = Shim::new(&format!("http://{address}/"), own_process(), Profile::Cm80).unwrap();
    shim.open_room("r", 2).unwrap();
    let asked = told.recv().unwrap();
    assert_eq!(asked.0, "post /open");

    let publisher = shim.join(&plan(&[TrackKind::Audio], 0)).unwrap();
    assert_eq!(publisher.participant, "p");
    assert_eq!(publisher.sends.len(), 1);
    assert_eq!(publisher.setup.server.addr.port(), 4_000);
    let (_, body) = told.recv().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["publish"], json!(["audio"]));
    assert!(body["offer"].as_str().unwrap().contains("a=sendonly"));

    let receiver = shim.join(&plan(&[], 1)).unwrap();
    assert!(receiver.sends.is_empty());
    assert_eq!(told.recv().unwrap().0, "post /join");
    let (request, body) = told.recv().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(request, "post /answer");
    assert_eq!(body["participant"], "x");
    let answer = body["answer"].as_str().unwrap();
    assert!(
        answer.contains("a=mid:a") && answer.contains("a=recvonly"),
        "{answer}"
    );

    let refused = shim.leave("r", "x").unwrap_err().to_string();
    assert!(
        refused.contains("409") && refused.contains("it is gone"),
        "{refused}"
    );
}

#[test]
fn whip_publishes_whep_watches_and_leaving_deletes() {
    let (address, told) = serve(|request, _| match request {
        "post /in/r" | "post /out/r" => (
            "201 Created\r\nLocation: /resource/7",
            description("0", "recvonly"),
        ),
        _ => ("200 OK", String::new()),
    });
    let arguments = format!(
        "sideroom-load fanout --target whip-whep --whip-url http://{address}/in/{{room}} \
         --whep-url http://{address}/out/{{room}} --bearer k --server-pid {}",
        std::process::id()
    );
    let options = Options::parse_from(arguments.split_whitespace());
    let common: Common = options.common;
    let target = WhipWhep::start(&common).unwrap();
    let publisher = target.join(&plan(&[TrackKind::Audio], 0)).unwrap();
    assert_eq!(publisher.sends.len(), 1);
    assert_eq!(told.recv().unwrap().0, "post /in/r");
    let watcher = target.join(&plan(&[], 1)).unwrap();
    let (request, offer) = told.recv().unwrap();
    assert_eq!(request, "post /out/r");
    assert!(offer.contains("a=recvonly"), "{offer}");
    target.leave("r", &watcher.participant).unwrap();
    assert_eq!(told.recv().unwrap().0, "delete /resource/7");
    let both = target.join(&plan(&[TrackKind::Audio], 1));
    assert!(both.is_err(), "one connection has one direction");
}

/// A Janus as far as its VideoRoom goes.
#[derive(Default)]
struct Room {
    /// Events for the next long polls.
    waiting: VecDeque<Value>,
    /// The first receiver comes too early.
    early: bool,
}

fn janus_answer(room: &RefCell<Room>, request: &str, body: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let transaction = body["transaction"].clone();
    let event = |data: Value, jsep: Value| {
        json!({ "janus": "event", "transaction": transaction, "plugindata": { "data": data },
            "jsep": jsep })
    };
    let Room { waiting, early } = &mut *room.borrow_mut();
    match (request, body["body"]["request"].as_str()) {
        ("post /janus", _) => json!({ "janus": "success", "data": { "id": 11 } }),
        ("post /janus/11", _) => json!({ "janus": "success", "data": { "id": 22 } }),
        ("get /janus/11?maxev=1", _) => waiting.pop_front().unwrap(),
        (_, Some("joinandconfigure")) => {
            let jsep = json!({ "type": "answer", "sdp": description("0", "recvonly") });
            waiting.push_back(json!({ "janus": "webrtcup" }));
            waiting.push_back(event(json!({ "videoroom": "joined", "id": 7 }), jsep));
            json!({ "janus": "ack", "transaction": transaction })
        }
        (_, Some("join")) if !std::mem::replace(early, true) => {
            let error = json!({ "error_code": 428, "error": "No such feed" });
            waiting.push_back(event(error, Value::Null));
            json!({ "janus": "ack", "transaction": transaction })
        }
        (_, Some("join")) => {
            let jsep = json!({ "type": "offer", "sdp": description("a", "sendonly") });
            waiting.push_back(event(json!({ "videoroom": "attached" }), jsep));
            json!({ "janus": "ack", "transaction": transaction })
        }
        (_, Some("start")) => {
            waiting.push_back(event(json!({ "started": "ok" }), Value::Null));
            json!({ "janus": "ack", "transaction": transaction })
        }
        _ => event(json!({ "videoroom": "created" }), Value::Null),
    }
}

#[test]
fn janus_answers_publishers_and_offers_to_receivers() {
    let room = RefCell::new(Room::default());
    let (address, told) = serve(move |request, body| {
        let answer = janus_answer(&room, request, body);
        ("200 OK", answer.to_string())
    });
    let arguments = format!(
        "sideroom-load fanout --target janus --url http://{address}/janus --server-pid {}",
        std::process::id()
    );
    let options = Options::parse_from(arguments.split_whitespace());
    let janus = janus::start(&options.common).unwrap();
    janus.open_room("r", 2).unwrap();
    let publisher = janus.join(&plan(&[TrackKind::Audio], 0)).unwrap();
    assert_eq!(publisher.participant, "11/22");
    assert_eq!(publisher.sends.len(), 1);
    let receiver = janus.join(&plan(&[], 1)).unwrap();
    assert_eq!(receiver.setup.server.addr.port(), 4_000);
    janus.leave("r", &receiver.participant).unwrap();
    assert!(janus.join(&plan(&[TrackKind::Audio], 1)).is_err());

    let asked: Vec<Value> = told
        .try_iter()
        .filter_map(|(_, body)| serde_json::from_str(&body).ok())
        .collect();
    let requests: Vec<_> = asked
        .iter()
        .filter_map(|message| message["body"]["request"].as_str())
        .collect();
    let expected = "destroy create joinandconfigure join join start";
    assert_eq!(requests.join(" "), expected);
    let of = |name: &str| {
        let found = asked.iter().find(|m| m["body"]["request"] == name);
        found.unwrap().clone()
    };
    // The receiver asks for the feed that the publisher was given, in the same room.
    assert_eq!(of("join")["body"]["streams"], json!([{ "feed": 7 }]));
    assert_eq!(of("join")["body"]["room"], of("create")["body"]["room"]);
    let answer = of("start")["jsep"]["sdp"].as_str().unwrap().to_owned();
    assert!(answer.contains("a=mid:a\r\na=recvonly"), "{answer}");
}
