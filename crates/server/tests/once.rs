//! Requests that are not a room's commands happen once too: making a room and joining, once for each request;
//! and a room's maker is known after a kill.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use running::{Client, OFFER, Refused, Server, client_token};
use serde_json::{Value, json};

fn check_refused(client: &mut Client, method: &str, body: &Value, (status, reason): (u16, &str)) {
    let Err(Refused::Status(found, why)) = client.ask(method, body) else {
        panic!("{method} {body} is answered")
    };
    let said: Value = serde_json::from_str(&why).unwrap();
    assert_eq!(
        (found, &said["error"]["reason"]),
        (status, &json!(reason)),
        "{why}"
    );
}

#[test]
fn a_room_is_made_once_whatever_happens_to_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let method = "RoomService/CreateRoom";
    let body = |id: &str, most: u32| json!({ "room": "math", "requestId": id, "settings": { "maxBreakouts": most } });
    let mut server = Server::start(&store, &[]);
    let first = server.client().must(method, body("make", 3));
    for _ in 0..2 {
        let mut client = server.client();
        assert_eq!(client.must(method, body("make", 3)), first);
        let other_body = (400, "InvalidArgument");
        check_refused(&mut client, method, &body("make", 4), other_body);
        let other_request = (409, "RoomExists");
        check_refused(&mut client, method, &body("again", 3), other_request);
        assert_eq!(client.room("math").unwrap(), first["room"]);
        server.kill();
        server = Server::start(&store, &[]);
    }
}

#[test]
fn somebody_comes_in_once() {
    let server = Server::start("memory".as_ref(), &[]);
    let mut client = server.client();
    client.must(
        "RoomService/CreateRoom",
        json!({ "room": "math", "requestId": "create" }),
    );
    let enter = |client: &mut Client, id: &str| client.join("math", "ann", id);
    enter(&mut client, "first");
    let back = enter(&mut client, "second");
    assert_eq!(back["resumed"], true);
    let before = client.room("math").unwrap();
    let mut again = enter(&mut client, "second");
    let answer = again["answer"].as_object_mut().unwrap();
    assert_eq!(answer.remove("replayed"), Some(json!(true)));
    assert_eq!(again, back, "word for word");
    let body = json!({
        "room": "math", "requestId": "second", "clientToken": client_token("math", "ann"),
        "offer": OFFER.to_owned() + "a=x-another:1\r\n",
    });
    let method = "ParticipantService/Join";
    check_refused(&mut client, method, &body, (400, "InvalidArgument"));
    assert_eq!(client.room("math").unwrap(), before);
}
