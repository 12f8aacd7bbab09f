//! gRPC: the same calls, the same errors with their details, watching, health and reflection.

use std::collections::HashSet;

use sideroom_rpc::{
    METHODS,
    auth::RoleClaim,
    proto::{
        CreateBreakoutsRequest, CreateRoomRequest, GetRoomRequest, WatchRequest,
        breakout_service_client::BreakoutServiceClient, event_service_client::EventServiceClient,
        room_service_client::RoomServiceClient, watch_response::Item,
    },
};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt as _;

use crate::harness::{Server, api_token, client_token};

async fn channel(server: &Server) -> Channel {
    let address = format!("http://{}", server.grpc);
    Channel::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

fn bearing<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn in_math<T>(make: impl Fn(String) -> T) -> Request<T> {
    bearing(make("math".into()), &api_token(None))
}

#[tokio::test]
async fn calls_are_answered_and_errors_carry_their_details() {
    let server = Server::start().await;
    let channel = channel(&server).await;
    let mut rooms = RoomServiceClient::new(channel.clone());
    let create = in_math(|room| CreateRoomRequest {
        room,
        ..Default::default()
    });
    let made = rooms.create_room(create).await.unwrap().into_inner();
    assert_eq!(made.room.unwrap().name, "math");
    let missing = in_math(|_| GetRoomRequest {
        room: "none".into(),
    });
    let status = rooms.get_room(missing).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.get_details_error_info().unwrap().reason, "NotFound");

    let mut breakouts = BreakoutServiceClient::new(channel);
    let create = in_math(|room| CreateBreakoutsRequest {
        room,
        definition: Some(Default::default()),
        ..Default::default()
    });
    let status = breakouts.create_breakouts(create).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("ParticipantCountMissing", "sideroom")
    );
    assert_eq!(info.metadata["enablex_code"], "1734");
}

#[tokio::test]
async fn nobody_calls_without_a_token_or_with_another_rooms() {
    let server = Server::with_room().await;
    let mut rooms = RoomServiceClient::new(channel(&server).await);
    let bare = Request::new(GetRoomRequest {
        room: "math".into(),
    });
    assert_eq!(
        rooms.get_room(bare).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let token = client_token("other", "ann", RoleClaim::Moderator);
    let foreign = bearing(
        GetRoomRequest {
            room: "math".into(),
        },
        &token,
    );
    assert_eq!(
        rooms.get_room(foreign).await.unwrap_err().code(),
        Code::PermissionDenied
    );
}

/// Calls any method with any message.
async fn call_with<T>(channel: &Channel, method: &str, message: T) -> Status
where
    T: prost::Message + 'static,
{
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = format!("/sideroom.v1.{method}").parse().unwrap();
    let codec = tonic_prost::ProstCodec::<T, ()>::default();
    let request = bearing(message, &api_token(None));
    grpc.unary(request, path, codec).await.unwrap_err()
}

fn check_refusal(status: &Status, method: &str, reason: &str, code: Code) {
    assert_eq!(status.code(), code, "{method} {status:?}");
    let info = status.get_details_error_info().expect(method);
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        (reason, "sideroom"),
        "{method}"
    );
    assert!(status.message().ends_with('.'), "a sentence: {status:?}");
    assert!(info.metadata.contains_key("enablex_code"), "{method}");
}

#[tokio::test]
async fn what_is_refused_before_a_method_runs_is_said_in_our_words_too() {
    let server = Server::with_room().await;
    let channel = channel(&server).await;
    let before = server.backend.state("math");
    for method in METHODS.iter().copied().chain(["EventService/Watch"]) {
        let long = call_with(&channel, method, "x".repeat(600 * 1024)).await;
        check_refusal(&long, method, "TooLarge", Code::InvalidArgument);
        assert!(long.message().contains("524288 bytes"), "{long:?}");
        // The first field of no request is a double; one has no fields.
        if method != "NodeService/GetStats" {
            let garbled = call_with(&channel, method, 1.5_f64).await;
            check_refusal(&garbled, method, "InvalidArgument", Code::InvalidArgument);
        }
    }
    for method in ["RoomService/Explode", "NoService/GetRoom"] {
        let unknown = call_with(&channel, method, ()).await;
        check_refusal(&unknown, method, "NoSuchMethod", Code::Unimplemented);
        assert!(unknown.message().contains(method), "{unknown:?}");
    }
    assert_eq!(server.backend.state("math"), before);
}

#[tokio::test]
async fn a_watch_streams_the_room_then_its_events() {
    let server = Server::with_room().await;
    let mut events = EventServiceClient::new(channel(&server).await);
    let watch = in_math(|room| WatchRequest {
        room,
        ..Default::default()
    });
    let mut stream = events.watch(watch).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().item.unwrap();
    assert!(matches!(first, Item::Snapshot(room) if room.name == "math"));
    server.join("ann", RoleClaim::Participant).await;
    let next = stream.message().await.unwrap().unwrap().item.unwrap();
    let Item::Event(event) = next else {
        panic!("{next:?}")
    };
    assert_eq!(event.r#type, "participantJoined");
    let too_far = in_math(|room| WatchRequest {
        room,
        after_seq: Some(999),
        ..Default::default()
    });
    assert_eq!(
        events.watch(too_far).await.unwrap_err().code(),
        Code::OutOfRange
    );
}

#[tokio::test]
async fn health_checks_follow_the_node() {
    let server = Server::start().await;
    let mut health = HealthClient::new(channel(&server).await);
    let request = || HealthCheckRequest {
        service: "sideroom.v1.RoomService".into(),
    };
    server.health.set_serving(true).await;
    let status = health.check(request()).await.unwrap().into_inner().status();
    assert_eq!(status, ServingStatus::Serving);
    server.health.set_serving(false).await;
    let status = health.check(request()).await.unwrap().into_inner().status();
    assert_eq!(status, ServingStatus::NotServing);
}

#[tokio::test]
async fn reflection_lists_every_service() {
    let server = Server::start().await;
    let mut reflection = ServerReflectionClient::new(channel(&server).await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let asked = futures_util::stream::iter([ask]);
    let mut answers = reflection
        .server_reflection_info(asked)
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(listed) = answer else {
        panic!("{answer:?}")
    };
    let names: HashSet<_> = listed
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for service in ["Room", "Participant", "Breakout", "Event", "Node"] {
        let name = format!("sideroom.v1.{service}Service");
        assert!(names.contains(&name), "{name} {names:?}");
    }
    assert!(names.contains("grpc.health.v1.Health"));
}
