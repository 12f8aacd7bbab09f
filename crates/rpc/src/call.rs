//! The methods of the services: each request turned into a command, each outcome into a response. JSON,
//! gRPC and the gateway all come through [`Call::call`].

mod arrangement;
mod breakout;
mod node;
mod participant;
mod patch;
mod presence;
mod room;
mod rotation;
mod session;
mod table;
mod timing;
mod watch;

use sideroom_control::Expected;
use sideroom_route::Epoch;

use crate::{
    api::{Api, Caller},
    error::ApiError,
};

pub(crate) use session::{check_offer, check_repeat, hints, join_as, to_join};
pub use table::METHODS;
pub(crate) use table::call_json;
pub(crate) use timing::Timing;
pub(crate) use watch::{Watched, watch};

/// A request that can be answered.
pub(crate) trait Call: Sized {
    /// The type of its response.
    type Response;

    /// Sets the request id, which messages of a socket carry outside the body. Does nothing for requests without one.
    fn set_request_id(&mut self, id: &str) {
        let _ = id;
    }

    /// Runs the request.
    fn call(
        self,
        api: &Api,
        who: &Caller,
    ) -> impl Future<Output = Result<Self::Response, ApiError>> + Send;
}

/// The state on which the caller decided, if the call names one.
pub(crate) fn expected(
    version: Option<u64>,
    epoch: Option<u64>,
) -> Result<Option<Expected>, ApiError> {
    match (version, epoch) {
        (Some(_), Some(_)) => Err(ApiError::BadRequest(
            "Give either `expectedVersion` or `expectedEpoch`, not both.".to_owned(),
        )),
        (Some(version), None) => Ok(Some(Expected::Version(version))),
        (None, Some(epoch)) => Ok(Some(Expected::Epoch(Epoch(epoch)))),
        (None, None) => Ok(None),
    }
}

/// A request that becomes one command of a room: its author, the command, and the parts of the outcome that
/// the response carries.
macro_rules! mutation {
    ($($request:ident => $response:ident needs $scope:ident $(and $timed:ident)? {
        |$this:ident, $requester:ident| $command:expr,
        |$answer:ident, $outcome:ident| $fields:expr $(,)?
    })+) => {$(
        impl crate::call::Call for crate::proto::$request {
            type Response = crate::proto::$response;

            fn set_request_id(&mut self, id: &str) {
                id.clone_into(&mut self.request_id);
            }

            async fn call(
                self,
                api: &crate::api::Api,
                who: &crate::api::Caller,
            ) -> Result<Self::Response, crate::error::ApiError> {
                let $this = self;
                let scope = crate::auth::Scope::$scope;
                let $requester = api
                    .requester(who, scope, &$this.room, &$this.as_participant_id)
                    .await?;
                let request_id = $this.request_id.clone();
                let expected =
                    crate::call::expected($this.expected_version, $this.expected_epoch)?;
                $(let $timed = crate::call::Timing::of($this.at_ms, $this.if_late, $this.dry_run)?;)?
                let command: sideroom_control::Command = $command;
                $(
                    let command = $timed.scheduled(command);
                    if $timed.dry_run {
                        let rehearsed = api.dry_run($requester, expected, command).await?;
                        let $answer = Some(crate::encode::rehearsed(&rehearsed));
                        #[allow(unused_variables)]
                        let $outcome = &rehearsed.outcome;
                        return Ok($fields);
                    }
                )?
                let answered = api
                    .command($requester, &request_id, expected, command)
                    .await?;
                let $answer = Some(crate::encode::answer(&answered));
                #[allow(unused_variables)]
                let $outcome = &answered.outcome;
                Ok($fields)
            }
        }
    )+};
}
pub(crate) use mutation;
