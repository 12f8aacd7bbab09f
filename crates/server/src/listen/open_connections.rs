//! Counts the connections to the HTTP and gRPC ports: strangers, clients and signaling servers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sideroom_rpc::crowd::{self, Full, Member, MemberGuard, MemberLimit, Network, WhenFull};
use sideroom_rpc::proxies::Proxies;

use super::descriptors::Budget;

/// All open connections. Clones count the same.
#[derive(Clone, Debug)]
pub struct OpenConnections(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    strangers: MemberLimit,
    /// Connections that show a token, or on which somebody has joined.
    clients: AtomicUsize,
    operators: AtomicUsize,
    budget: Budget,
    proxies: Proxies,
}

/// The kind that a connection is counted as, until this is dropped.
pub(super) enum ConnectionRank {
    /// A connection without a valid token: others can take its place.
    Stranger { _place: MemberGuard },
    /// Counted by itself.
    Client { _known: Known },
    /// A signaling server's.
    Operator { _known: Known },
}

/// One of those who are known.
pub(super) struct Known {
    guests: OpenConnections,
    of: fn(&Counts) -> &AtomicUsize,
}

impl OpenConnections {
    /// No connections yet; at most `each` strangers of one address, as `proxies` name it if it is behind one.
    pub fn new(budget: Budget, each: usize, proxies: Proxies) -> Self {
        Self(Arc::new(Counts {
            strangers: MemberLimit::new(each, WhenFull::Replace),
            clients: AtomicUsize::new(0),
            operators: AtomicUsize::new(0),
            budget,
            proxies,
        }))
    }

    /// The proxies in front of the server.
    pub(super) fn proxies(&self) -> &Proxies {
        &self.0.proxies
    }

    /// Counts a connection of a stranger. Others may have to make way for it.
    pub(super) fn stranger(
        &self,
        from: IpAddr,
        member: Arc<dyn Member>,
    ) -> Result<ConnectionRank, Full> {
        let counts = &self.0;
        let network: Network = crowd::network(from);
        let known =
            counts.clients.load(Ordering::Relaxed) + counts.operators.load(Ordering::Relaxed);
        let Budget {
            connections,
            kept_back,
            ..
        } = counts.budget;
        let most = (connections + kept_back).saturating_sub(known).max(1);
        let place = match counts.proxies.trusts(from) {
            true => counts.strangers.enter_unbounded(network, most, member)?,
            false => counts.strangers.enter(network, most, member)?,
        };
        Ok(ConnectionRank::Stranger { _place: place })
    }

    /// Counts a connection of a client; `None` if there are as many as there may be.
    pub(super) fn client(&self) -> Option<ConnectionRank> {
        let most = self.0.budget.connections;
        let known = Known::count(self, |counts| &counts.clients);
        let before = known.number() - 1;
        (before < most).then_some(ConnectionRank::Client { _known: known })
    }

    /// Counts a connection of a signaling server. It always fits.
    pub(super) fn operator(&self) -> ConnectionRank {
        ConnectionRank::Operator {
            _known: Known::count(self, |counts| &counts.operators),
        }
    }

    /// Strangers, clients and signaling servers.
    pub fn counts(&self) -> [usize; 3] {
        [
            self.0.strangers.len(),
            self.0.clients.load(Ordering::Relaxed),
            self.0.operators.load(Ordering::Relaxed),
        ]
    }
}

impl Known {
    fn count(guests: &OpenConnections, of: fn(&Counts) -> &AtomicUsize) -> Self {
        of(&guests.0).fetch_add(1, Ordering::Relaxed);
        Self {
            guests: guests.clone(),
            of,
        }
    }

    fn number(&self) -> usize {
        (self.of)(&self.guests.0).load(Ordering::Relaxed)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        (self.of)(&self.guests.0).fetch_sub(1, Ordering::Relaxed);
    }
}
