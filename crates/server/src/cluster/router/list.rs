//! The list of all rooms of the cluster: names are known here, and each owner says how its rooms are.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use sideroom_cluster::NodeId;
use sideroom_route::RoomId;
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::RoomSummary;

use super::Deadline;
use crate::cluster::link::{Ask, Call, Replied, Reply};
use crate::cluster::shared::Cluster;
use crate::cluster::state::Place;

/// How long an owner may take to say how its rooms are.
const WAIT: Duration = Duration::from_secs(2);

impl Cluster {
    /// Rooms in the order of their names, `limit` at most, those after the name `after`. Rooms that are between two
    /// owners are waited for.
    pub(super) async fn list(
        self: &Arc<Self>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoomSummary>, ApiError> {
        let deadline = Deadline::new();
        let mut found = BTreeMap::new();
        let mut seen = self.changed.subscribe();
        loop {
            let names = self.names_after(after, limit, &found);
            if names.is_empty() {
                break;
            }
            for (node, names) in self.by_owner(names) {
                for summary in self.summaries_of(node, names).await {
                    found.insert(summary.name.clone(), summary);
                }
            }
            if self.names_after(after, limit, &found).is_empty() {
                break;
            }
            if deadline.is_over() {
                return Err(ApiError::Overloaded);
            }
            self.wait(&mut seen).await;
        }
        Ok(found.into_values().take(limit).collect())
    }

    /// The names of the page that nothing is known of yet.
    fn names_after(
        self: &Arc<Self>,
        after: &str,
        limit: usize,
        found: &BTreeMap<String, RoomSummary>,
    ) -> Vec<(String, RoomId)> {
        self.with(|state, _| {
            let range = (Bound::Excluded(after), Bound::Unbounded);
            let page = state.names.range::<str, _>(range).take(limit);
            let unknown = page.filter(|(name, _)| !found.contains_key(*name));
            unknown.map(|(name, room)| (name.clone(), *room)).collect()
        })
    }

    fn by_owner(&self, names: Vec<(String, RoomId)>) -> BTreeMap<Option<NodeId>, Vec<String>> {
        let mut owners: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, room) in names {
            match self.place(room) {
                Place::Here(_) => owners.entry(None).or_default().push(name),
                Place::At(node) => owners.entry(Some(node)).or_default().push(name),
                Place::Empty(_) | Place::Soon | Place::Unowned => {}
            }
        }
        owners
    }

    async fn summaries_of(&self, node: Option<NodeId>, names: Vec<String>) -> Vec<RoomSummary> {
        let Some(node) = node else {
            return self.local.summaries(&names);
        };
        let ask = Ask {
            room: None,
            call: Call::Summaries(names),
        };
        match tokio::time::timeout(WAIT, self.links.ask(node.0, &ask)).await {
            Ok(Ok(Replied::Reply(Ok(Reply::Summaries(summaries))))) => summaries,
            other => {
                tracing::debug!(
                    node = node.0,
                    ?other,
                    "an owner does not say how its rooms are"
                );
                Vec::new()
            }
        }
    }
}
