//! Answers unary calls.

use std::net::{IpAddr, SocketAddr};

use tonic::{Request, Response, Status};

use crate::{
    api::{Api, Caller},
    call::Call,
    error::ApiError,
    request::bearer_of,
};

/// The services over one [`Api`].
#[derive(Clone, Debug)]
pub(crate) struct Grpc(pub(super) Api);

impl Grpc {
    pub(crate) async fn answer<R: Call>(
        &self,
        request: Request<R>,
    ) -> Result<Response<R::Response>, Status> {
        let who = self.who(&request)?;
        let response = request.into_inner().call(&self.0, &who).await?;
        Ok(Response::new(response))
    }

    pub(super) fn who<T>(&self, request: &Request<T>) -> Result<Caller, ApiError> {
        let header = request.metadata().get("authorization");
        let token = header
            .and_then(|value| value.to_str().ok())
            .and_then(bearer_of);
        let peer = request
            .extensions()
            .get::<axum::extract::ConnectInfo<SocketAddr>>();
        let from: Option<IpAddr> = peer.map(|info| info.0.ip());
        self.0.who(token, from)
    }
}
