//! A configured collector gets a span for every call, command and join, in the caller's own trace, without
//! secrets; a collector that is down disturbs nobody.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use prost::Message as _;
use running::{Server, client_token};
use serde_json::json;

/// Bytes that a collector received.
struct Posted {
    path: String,
    body: Vec<u8>,
}

/// A collector that takes everything.
fn collector() -> (SocketAddr, Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (posts, posted) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let posts = posts.clone();
            std::thread::spawn(move || collect(stream.unwrap(), &posts));
        }
    });
    (address, posted)
}

fn collect(stream: TcpStream, posts: &Sender<Posted>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut path, mut length) = (String::new(), String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if path.is_empty() {
                line.split(' ').nth(1).unwrap().clone_into(&mut path);
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.get_mut().write_all(answer).unwrap();
        if posts.send(Posted { path, body }).is_err() {
            return;
        }
    }
}

/// A span, as far as it is looked at here.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    trace: String,
    id: Vec<u8>,
    parent: Vec<u8>,
    says: BTreeMap<String, String>,
}

fn says(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let value = |one: KeyValue| match one.value.and_then(|value| value.value) {
        Some(Any::StringValue(text)) => (one.key, text),
        Some(Any::IntValue(number)) => (one.key, number.to_string()),
        other => (one.key, format!("{other:?}")),
    };
    attributes.into_iter().map(value).collect()
}

fn spans_of(posted: &Posted) -> Vec<Seen> {
    assert_eq!(posted.path, "/v1/traces");
    let request = ExportTraceServiceRequest::decode(posted.body.as_slice()).unwrap();
    let mut all = Vec::new();
    for resource in request.resource_spans {
        let from = says(resource.resource.unwrap().attributes);
        assert_eq!(from["service.name"], "sideroom");
        assert_eq!(from["service.version"], env!("CARGO_PKG_VERSION"));
        for span in resource.scope_spans.into_iter().flat_map(|one| one.spans) {
            let trace = span.trace_id.iter().map(|byte| format!("{byte:02x}"));
            all.push(Seen {
                name: span.name,
                trace: trace.collect(),
                id: span.span_id,
                parent: span.parent_span_id,
                says: says(span.attributes),
            });
        }
    }
    all
}

fn only<'a>(spans: &'a [Seen], name: &str, key: &str, value: &str) -> &'a Seen {
    let picked =
        |span: &&Seen| span.name == name && span.says.get(key).is_some_and(|said| said == value);
    let found: Vec<&Seen> = spans.iter().filter(picked).collect();
    let [one] = found.as_slice() else {
        panic!("{name} with {key}={value}: {found:?} of {spans:#?}")
    };
    one
}

#[test]
fn a_collector_is_told_of_calls_commands_and_joins() {
    let (address, posted) = collector();
    let endpoint = format!("http://{address}");
    let mut server = Server::start(
        "memory".as_ref(),
        &[("SIDEROOM_TELEMETRY_OTLP_ENDPOINT", &endpoint)],
    );
    let mut client = server.client();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    client.header = format!("traceparent: 00-{trace}-00f067aa0ba902b7-01\r\n");
    client.must(
        "RoomService/CreateRoom",
        json!({ "room": "math", "requestId": "create" }),
    );
    let ann = client.join("math", "ann", "enter")["participantId"].clone();
    client.header.clear();
    let update = json!({ "room": "math", "requestId": "fewer", "settings": { "maxBreakouts": 3 } });
    client.must("RoomService/UpdateRoom", update);
    let wrong = json!({ "room": "math", "requestId": "wrong", "breakoutId": "b9" });
    client
        .ask("BreakoutService/UpdateBreakout", &wrong)
        .unwrap_err();
    // So that the drain need not wait for Ann.
    client.must("RoomService/DeleteRoom", json!({ "room": "math" }));
    drop(client);
    server.terminate();
    assert!(server.child.wait().unwrap().success());

    let posts: Vec<Posted> = posted.try_iter().collect();
    let spans: Vec<Seen> = posts.iter().flat_map(spans_of).collect();
    let call = only(
        &spans,
        "call",
        "method",
        "/sideroom.v1.ParticipantService/Join",
    );
    assert_eq!(call.trace, trace, "in the caller's trace");
    assert_eq!(call.parent, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(call.says["status"], "200");
    let join = only(&spans, "join", "request_id", "enter");
    assert_eq!((&join.trace, &join.parent), (&call.trace, &call.id));
    assert_eq!(join.says["room"], "math");
    assert_eq!(join.says["participant"], ann.as_str().unwrap());
    assert_eq!(join.says["result"], "ok");
    only(&spans, "create_room", "request_id", "create");
    let done = only(&spans, "command", "request_id", "fewer");
    assert_eq!(done.says["command"], "update_room");
    assert_eq!(done.says["result"], "ok");
    assert_ne!(done.trace, trace, "a call without a trace begins one");
    let refused = only(&spans, "command", "request_id", "wrong");
    assert_eq!(refused.says["result"], "NotFound");

    let key = client_token("math", "ann");
    let secret = key.split('.').next().unwrap();
    for part in [secret, "a=ice-ufrag", "a=fingerprint", "0123456789abcdef"] {
        let told = posts.iter().any(|post| {
            post.body
                .windows(part.len())
                .any(|at| at == part.as_bytes())
        });
        assert!(!told, "{part} was told to the collector");
    }
}

#[test]
fn a_collector_that_is_not_there_disturbs_nobody() {
    // Bound and never listened to again: connections are refused.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{nobody}");
    let mut server = Server::start(
        "memory".as_ref(),
        &[("SIDEROOM_TELEMETRY_OTLP_ENDPOINT", &endpoint)],
    );
    server.client().must(
        "RoomService/CreateRoom",
        json!({ "room": "math", "requestId": "create" }),
    );
    server.terminate();
    assert!(server.child.wait().unwrap().success());
}
