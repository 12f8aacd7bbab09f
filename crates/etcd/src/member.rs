//! The state of etcd's members, for people and metrics.

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::proto::maintenance_client::MaintenanceClient;
use crate::proto::{AlarmRequest, AlarmType, StatusRequest};
use crate::txn::unsigned;

/// A member of etcd, as it says itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberStatus {
    /// etcd's version.
    pub version: String,
    /// Bytes of its file.
    pub db_bytes: u64,
    /// Bytes of it that are in use: the rest is free after a defragmentation.
    pub db_bytes_in_use: u64,
    /// True if it knows a leader.
    pub has_leader: bool,
    /// The newest revision that it has.
    pub revision: u64,
}

/// An alarm that a member has raised. etcd stays restricted until an operator disarms it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alarm {
    /// The space quota is used up: no writes.
    NoSpace,
    /// The data of members differ.
    Corrupt,
}

impl Etcd {
    /// Asks each member for its state, whether or not the others answer.
    pub async fn members(&self) -> Vec<(String, Result<MemberStatus, EtcdError>)> {
        let asked = (0..self.count()).map(|at| self.member_status(at));
        futures_util::future::join_all(asked).await
    }

    async fn member_status(&self, at: usize) -> (String, Result<MemberStatus, EtcdError>) {
        let endpoint = self.endpoint(at).to_owned();
        let mut client = MaintenanceClient::new(self.channel(at));
        let asked = async {
            let request = self.request(at, StatusRequest {}).await?;
            let said = client.status(request).await?.into_inner();
            Ok(MemberStatus {
                version: said.version,
                db_bytes: unsigned(said.db_size),
                db_bytes_in_use: unsigned(said.db_size_in_use),
                has_leader: said.leader != 0,
                revision: unsigned(said.header.map_or(0, |header| header.revision)),
            })
        };
        let answer = tokio::time::timeout(self.options().attempt, asked).await;
        let silent = |_| Err(EtcdError::Silent(format!("no answer from {endpoint}")));
        let answer = answer.unwrap_or_else(silent);
        (endpoint, answer)
    }

    /// The alarms that are raised.
    ///
    /// # Errors
    ///
    /// etcd does not answer, or refuses.
    pub async fn alarms(&self) -> Result<Vec<Alarm>, EtcdError> {
        let send =
            |channel, request| async move { MaintenanceClient::new(channel).alarm(request).await };
        let raised = self
            .call(self.patience(), AlarmRequest::default, send)
            .await?;
        let alarms = raised.alarms.iter().filter_map(|each| match each.alarm() {
            AlarmType::None => None,
            AlarmType::Nospace => Some(Alarm::NoSpace),
            AlarmType::Corrupt => Some(Alarm::Corrupt),
        });
        Ok(alarms.collect())
    }
}
