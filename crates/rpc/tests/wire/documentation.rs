//! The documentation lists every method, and no others.

use sideroom_rpc::METHODS;

use crate::{conformance::EVENTS, errors::ERRORS};

fn read(name: &str) -> String {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_method_is_in_the_reference() {
    let text = read("rpc.md");
    for method in METHODS {
        let (service, name) = method.split_once('/').unwrap();
        let section = text.split(&format!("### {service}")).nth(1).unwrap();
        let section = section.split("\n### ").next().unwrap();
        assert!(section.contains(&format!("`{name}`")), "{method}");
    }
}

#[test]
fn every_error_is_in_the_reference_with_its_codes() {
    let text = read("rpc.md");
    for (name, code, enablex, acs) in ERRORS {
        let acs = acs.map_or(String::new(), |(code, subcode)| {
            format!(" {code} / {subcode}")
        });
        let row = format!("| `{name}` | `{code}` | {enablex} |{acs} |");
        assert!(text.contains(&row), "{row}");
    }
}

#[test]
fn every_event_is_in_the_gateways_table() {
    let text = read("gateway.md");
    for event in EVENTS {
        let listed = text
            .lines()
            .any(|line| line.starts_with("| `") && line.contains(&format!("`{event}`")));
        assert!(listed, "{event}");
    }
}

/// The messages that a client sends, as the page shows them, are messages that the gateway takes: all its
/// keys are known, so a gateway that has not seen a `join` complains of that and of nothing else.
#[tokio::test]
async fn the_messages_that_the_page_shows_are_understood() {
    let server = crate::harness::Server::with_room().await;
    let text = read("gateway.md");
    let blocks = text
        .split("```json gateway\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let shown: Vec<serde_json::Value> = blocks
        .flat_map(|block| {
            serde_json::Deserializer::from_str(block)
                .into_iter()
                .map(|value| value.unwrap())
        })
        .collect();
    let from_client = ["join", "resume", "command", "reoffer", "leave", "ping"];
    let mut met = std::collections::BTreeSet::new();
    for mut message in shown {
        let kind = message["type"].as_str().unwrap().to_owned();
        if !from_client.contains(&kind.as_str()) {
            continue;
        }
        let mut socket = server.socket().await;
        message["requestId"] = serde_json::json!("shown");
        socket.send(message.clone()).await;
        let answer = socket
            .find("an answer", |answer| {
                answer["requestId"] == "shown" || answer["type"] == "pong"
            })
            .await;
        let complaint = answer["message"].as_str().unwrap_or_default();
        assert!(!complaint.contains("cannot be read"), "{message} {answer}");
        met.insert(kind);
    }
    assert_eq!(
        met.len(),
        from_client.len(),
        "the page shows all of them: {met:?}"
    );
}
