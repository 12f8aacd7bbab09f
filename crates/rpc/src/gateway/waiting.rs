//! Sockets without a join: counted by address before the upgrade, and closed when others need the room.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::Notify;

use crate::{
    api::Api,
    connection::{self, Connection},
    crowd::{self, Full, Member, MemberGuard},
    error::ApiError,
};

/// The wait that is suggested to a client whose address has too many sockets.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A socket's place among those that wait.
pub(super) struct Waiting {
    make_way: Arc<MakeWay>,
    _place: MemberGuard,
    connection: Option<Arc<dyn Connection>>,
}

#[derive(Default)]
struct MakeWay(Notify);

impl Member for MakeWay {
    fn make_way(&self) {
        self.0.notify_one();
    }
}

impl Waiting {
    /// Counts a socket from this address, on the present connection, as waiting for a join.
    pub(super) fn begin(api: &Api, from: Option<IpAddr>) -> Result<Self, ApiError> {
        let make_way = Arc::new(MakeWay::default());
        let network = from.and_then(crowd::network);
        let most = api.config.max_waiting_sockets;
        let place = api.waiting.enter(network, most, make_way.clone());
        let place = place.map_err(|full| match full {
            Full::Network => ApiError::RateLimited {
                retry_after: RETRY_AFTER,
            },
            Full::Everybody => ApiError::Overloaded,
        })?;
        Ok(Self {
            make_way,
            _place: place,
            connection: connection::current(),
        })
    }

    /// Resolves when others need the place.
    pub(super) async fn must_make_way(&self) {
        self.make_way.0.notified().await;
    }

    /// Ends the wait: the client has shown a valid token. Fails if clients have too many connections.
    pub(super) fn joined(self) -> Result<(), ApiError> {
        match &self.connection {
            Some(connection) if !connection.joined() => Err(ApiError::TooManyConnections),
            _ => Ok(()),
        }
    }
}
