//! gRPC: the services, the standard health and reflection services, and nothing else.

mod error_text;
mod unary;

use axum::middleware::from_fn_with_state;
use futures_util::{StreamExt as _, stream::BoxStream};
use tonic::{Request, Response, Status, service::Routes};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    api::Api,
    call,
    proto::{
        DESCRIPTORS, WatchRequest, WatchResponse,
        breakout_service_server::BreakoutServiceServer,
        event_service_server::{EventService, EventServiceServer},
        node_service_server::NodeServiceServer,
        participant_service_server::ParticipantServiceServer,
        room_service_server::RoomServiceServer,
    },
};
pub(crate) use unary::Grpc;

/// All gRPC services as an [`axum::Router`], to be served over HTTP/2, and the switch that tells health
/// checks whether this node takes calls.
pub fn grpc(api: &Api) -> (axum::Router, Health) {
    let grpc = Grpc(api.clone());
    let limit = api.config.max_message_bytes;
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("invariant: the descriptors were made by our own build");
    let mut routes = Routes::builder();
    routes
        .add_service(health)
        .add_service(reflection)
        .add_service(RoomServiceServer::new(grpc.clone()).max_decoding_message_size(limit))
        .add_service(ParticipantServiceServer::new(grpc.clone()).max_decoding_message_size(limit))
        .add_service(BreakoutServiceServer::new(grpc.clone()).max_decoding_message_size(limit))
        .add_service(EventServiceServer::new(grpc.clone()).max_decoding_message_size(limit))
        .add_service(NodeServiceServer::new(grpc).max_decoding_message_size(limit));
    let router = routes.routes().into_axum_router();
    let in_our_words = from_fn_with_state(api.clone(), error_text::in_our_words);
    (router.layer(in_our_words), Health(reporter))
}

/// Tells health checks whether this node takes calls.
#[derive(Clone, Debug)]
pub struct Health(HealthReporter);

impl Health {
    /// From now on it does, or does not.
    pub async fn set_serving(&self, serving: bool) {
        let status = if serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.0.set_service_status("", status).await;
        for service in ["Room", "Participant", "Breakout", "Event", "Node"] {
            let name = format!("sideroom.v1.{service}Service");
            self.0.set_service_status(name, status).await;
        }
    }
}

#[tonic::async_trait]
impl EventService for Grpc {
    type WatchStream = BoxStream<'static, Result<WatchResponse, Status>>;

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let who = self.who(&request)?;
        let watching = call::watch(&self.0, &who, request.into_inner()).await?;
        let items = watching.filter_map(|item| {
            let item = item.map(call::Watched::message).map_err(Status::from);
            std::future::ready(item.transpose())
        });
        Ok(Response::new(items.boxed()))
    }
}
