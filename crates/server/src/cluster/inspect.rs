//! A cluster as an operator's tool sees it: read from etcd, without a node.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sideroom_cluster::{NodeId, NodeRecord, OwnerRecord, Term};
use sideroom_etcd::{Alarm, Coordinator as _, EtcdCoordinator, MemberStatus, Registration, Seen};
use sideroom_route::RoomId;
use tokio::time::{Instant, timeout_at};

use super::connection::{ConnectionError, open_etcd, open_links};
use super::link::{Ask, Call, Links, Replied, Unanswered};
use crate::config::ClusterConfig;

/// Living nodes renew their records several times within this.
const LISTEN: Duration = Duration::from_millis(1_200);
/// How long etcd may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a node may take to hand a room over.
const ASK_WAIT: Duration = Duration::from_secs(20);

/// Why a tool has nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// etcd does not answer.
    #[error("etcd does not answer; `sideroom cluster status` shows its members")]
    Silent,
    /// No such node or room.
    #[error("{0}")]
    Unknown(String),
    /// The node does not answer.
    #[error("the node {0} does not answer: {1}")]
    NoAnswer(String, String),
    /// The node refuses.
    #[error("{0}")]
    Refused(String),
}

/// One node of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeView {
    /// The node's number.
    pub node: NodeId,
    /// The node as it has introduced itself.
    pub registration: Registration,
    /// How it is.
    pub state: NodeState,
    /// The rooms that it owns.
    pub rooms: usize,
}

/// How a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeState {
    /// It renews its record.
    Lives,
    /// It takes no new rooms.
    Drains,
    /// It has not renewed its record while this tool watched.
    Silent,
    /// The others took it for dead.
    Deposed,
    /// It has never taken part.
    Absent,
}

/// One room of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomLine {
    /// The room's name.
    pub name: String,
    /// The room's number.
    pub room: RoomId,
    /// The name of its owner, and the owner's term; `None`: it has none.
    pub owner: Option<(String, Term)>,
}

/// The whole cluster.
#[derive(Clone, Debug, Default)]
pub struct ClusterView {
    /// The nodes, by number.
    pub nodes: Vec<NodeView>,
    /// The rooms, by name.
    pub rooms: Vec<RoomLine>,
}

/// etcd's members, and alarms.
pub struct EtcdView {
    /// Each member's state, or why there is none.
    pub members: Vec<(String, Result<MemberStatus, String>)>,
    /// Alarms that are raised.
    pub alarms: Vec<Alarm>,
}

/// Asks each member of etcd how it is.
pub async fn etcd(config: &ClusterConfig) -> Result<EtcdView, InspectError> {
    let etcd = open_etcd(config)?;
    let members = etcd.members().await;
    let members = members.into_iter();
    let members = members.map(|(url, state)| (url, state.map_err(|error| error.to_string())));
    Ok(EtcdView {
        members: members.collect(),
        alarms: etcd.alarms().await.unwrap_or_default(),
    })
}

/// Reads the cluster, and watches for a moment which nodes renew their records.
pub async fn cluster(config: &ClusterConfig) -> Result<ClusterView, InspectError> {
    let coordinator = EtcdCoordinator::new(open_etcd(config)?, NodeId(0));
    let mut watch = coordinator.watch();
    let first = timeout_at(Instant::now() + PATIENCE, watch.recv()).await;
    let Ok(Some(Seen::All {
        nodes,
        owners,
        registered,
        names,
        ..
    })) = first
    else {
        return Err(InspectError::Silent);
    };
    let mut renewed = BTreeSet::new();
    let end = Instant::now() + LISTEN;
    while let Ok(Some(seen)) = timeout_at(end, watch.recv()).await {
        if let Seen::Node(node, Some(record), _) = seen
            && !record.deposed
        {
            renewed.insert(node);
        }
    }
    let records: BTreeMap<_, _> = nodes.into_iter().map(|(node, it, _)| (node, it)).collect();
    let owners: BTreeMap<_, _> = owners
        .into_iter()
        .map(|(room, owner, term)| (room, (owner, term)))
        .collect();
    let registered: BTreeMap<_, _> = registered.into_iter().collect();
    Ok(ClusterView {
        rooms: rooms(&names, &owners, &registered),
        nodes: registered
            .into_iter()
            .map(|(node, registration)| NodeView {
                node,
                state: state_of(&registration, records.get(&node), renewed.contains(&node)),
                rooms: owners.values().filter(|(it, _)| it.node == node).count(),
                registration,
            })
            .collect(),
    })
}

fn state_of(registration: &Registration, record: Option<&NodeRecord>, renews: bool) -> NodeState {
    match record {
        None => NodeState::Absent,
        Some(record) if record.deposed => NodeState::Deposed,
        Some(_) if !renews => NodeState::Silent,
        Some(_) if registration.draining => NodeState::Drains,
        Some(_) => NodeState::Lives,
    }
}

fn rooms(
    names: &[(String, RoomId)],
    owners: &BTreeMap<RoomId, (OwnerRecord, Term)>,
    registered: &BTreeMap<NodeId, Registration>,
) -> Vec<RoomLine> {
    let owner_of = |room: &RoomId| {
        let (owner, term) = owners.get(room)?;
        let name = registered.get(&owner.node).map(|it| it.name.clone());
        Some((name.unwrap_or_else(|| owner.node.0.to_string()), *term))
    };
    let line = |(name, room): &(String, RoomId)| RoomLine {
        name: name.clone(),
        room: *room,
        owner: owner_of(room),
    };
    names.iter().map(line).collect()
}

/// Asks the owner of a room to hand it over: to the named node, or to one of its choice.
pub async fn hand_over(
    config: &ClusterConfig,
    room: &str,
    to: Option<&str>,
) -> Result<(), InspectError> {
    let view = cluster(config).await?;
    let line = view.rooms.iter().find(|line| line.name == room);
    let line = line.ok_or_else(|| InspectError::Unknown(format!("there is no room `{room}`")))?;
    let Some((owner, _)) = &line.owner else {
        let why = format!("`{room}` has no owner now; a node takes it with the next call");
        return Err(InspectError::Unknown(why));
    };
    let to = to.map(|name| find(&view, name)).transpose()?;
    let call = Call::HandOver(to.map(|node| node.node.0));
    ask(config, find(&view, owner)?, Some(line.room), call).await
}

/// Tells a node to give all its rooms away and to end.
pub async fn drain(
    config: &ClusterConfig,
    node: &str,
    deadline: Option<Duration>,
) -> Result<(), InspectError> {
    let view = cluster(config).await?;
    let ms = deadline.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
    ask(config, find(&view, node)?, None, Call::Drain(ms)).await
}

fn find<'a>(view: &'a ClusterView, name: &str) -> Result<&'a NodeView, InspectError> {
    let node = view
        .nodes
        .iter()
        .find(|node| node.registration.name == name);
    node.ok_or_else(|| {
        let names = view
            .nodes
            .iter()
            .map(|node| node.registration.name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        InspectError::Unknown(format!("there is no node `{name}`; there are {names}"))
    })
}

async fn ask(
    config: &ClusterConfig,
    node: &NodeView,
    room: Option<RoomId>,
    call: Call,
) -> Result<(), InspectError> {
    let links: Links = open_links(config)?;
    let Registration { name, address, .. } = &node.registration;
    links
        .set(node.node.0, name, address)
        .map_err(ConnectionError::from)?;
    let ask = Ask { room, call };
    let asked = tokio::time::timeout(ASK_WAIT, links.ask(node.node.0, &ask)).await;
    let no_answer = |why: String| InspectError::NoAnswer(name.clone(), why);
    match asked.map_err(|_| no_answer("time is up".into()))? {
        Ok(Replied::Reply(Ok(_))) => Ok(()),
        Ok(Replied::Reply(Err(error))) => Err(InspectError::Refused(error.to_string())),
        Ok(Replied::NotHere) => {
            let why = format!("{name} does not own the room any more; try again");
            Err(InspectError::Refused(why))
        }
        Err(Unanswered::Lost(why) | Unanswered::Unreadable(why)) => Err(no_answer(why)),
    }
}
