//! Answers unary calls.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::{
    api::{Api, Caller},
    auth::ShownCertificate,
    call::Call,
    error::ApiError,
    request::{bearer_of, peer},
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
        let shown = request.extensions().get::<Arc<ShownCertificate>>();
        let token = header
            .and_then(|value| value.to_str().ok())
            .and_then(bearer_of);
        let proxies = &self.0.config.proxies;
        let headers = request.metadata().as_ref();
        let from = peer(request.extensions()).map(|peer| proxies.client(peer, headers));
        match shown {
            // A caller that brings a token is held to the token.
            Some(shown) if header.is_none() => self.0.who_certified(shown, from),
            _ => self.0.who(token, from),
        }
    }
}
