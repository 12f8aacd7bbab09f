//! `NodeService`.

use std::time::Duration;

use super::Call;
use crate::{
    api::{Api, Caller},
    auth::Scope,
    encode,
    error::ApiError,
    proto::*,
};

impl Call for GetStatsRequest {
    type Response = GetStatsResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<GetStatsResponse, ApiError> {
        who.operator(Scope::Node)?;
        api.timed(api.backend.stats()).await.map(encode::stats)
    }
}

impl Call for DrainRequest {
    type Response = DrainResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<DrainResponse, ApiError> {
        who.operator(Scope::Node)?;
        let deadline = (self.deadline_ms != 0).then(|| Duration::from_millis(self.deadline_ms));
        api.timed(api.backend.drain(deadline)).await?;
        Ok(DrainResponse {})
    }
}
