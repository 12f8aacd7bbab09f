//! Connections that have not yet authenticated: counted by network, bounded in all.
//!
//! When there is no more room, the oldest member of the largest network makes way, so that a network that
//! pushes displaces its own first and others get in.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::limit::prefix;

/// A network that counts as one holder: an IPv4 address, or the /48 of an IPv6 address. `None`: not known.
pub type Network = Option<IpAddr>;

pub fn network(address: IpAddr) -> Network {
    Some(prefix(address, 48))
}

/// Called when a member has to make way, under the crowd's lock: it must return at once.
pub trait Member: Send + Sync {
    /// Closes the member's connection, soon.
    fn make_way(&self);
}

/// Policy for a newcomer whose network has as many members as it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenFull {
    /// The newcomer is refused.
    Refuse,
    /// The oldest member of its network makes way.
    Replace,
}

/// Why a newcomer is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// The newcomer's network has as many members as it may.
    Network,
    /// There are too many in all, and those who make way are not gone yet.
    Everybody,
}

/// The members. Clones are the same crowd.
#[derive(Clone)]
pub struct MemberLimit {
    /// Members of one network at most.
    each: usize,
    when_full: WhenFull,
    members: Arc<Mutex<Members>>,
}

#[derive(Default)]
struct Members {
    networks: HashMap<Network, BTreeMap<u64, Arc<dyn Member>>>,
    /// Networks by size, to find the largest at once.
    sizes: BTreeSet<(usize, Network)>,
    count: usize,
    /// Members who make way and are not gone yet.
    leaving: usize,
    next: u64,
}

/// A member's place. It is free again when this is dropped.
pub struct MemberGuard {
    members: Arc<Mutex<Members>>,
    network: Network,
    id: u64,
}

impl std::fmt::Debug for MemberLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemberLimit")
            .field("each", &self.each)
            .finish_non_exhaustive()
    }
}

impl MemberLimit {
    /// A crowd of at most `each` members of one network.
    pub fn new(each: usize, when_full: WhenFull) -> Self {
        Self {
            each: each.max(1),
            when_full,
            members: Arc::default(),
        }
    }

    /// Admits a newcomer. There may be `most` members in all: if there are more, others make way.
    pub fn enter(
        &self,
        network: Network,
        most: usize,
        member: Arc<dyn Member>,
    ) -> Result<MemberGuard, Full> {
        self.enter_of(self.each, network, most, member)
    }

    /// The same for a network that may have as many members as there may be in all: a proxy's.
    pub fn enter_unbounded(
        &self,
        network: Network,
        most: usize,
        member: Arc<dyn Member>,
    ) -> Result<MemberGuard, Full> {
        self.enter_of(usize::MAX, network, most, member)
    }

    fn enter_of(
        &self,
        each: usize,
        network: Network,
        most: usize,
        member: Arc<dyn Member>,
    ) -> Result<MemberGuard, Full> {
        let most = most.max(1);
        let mut members = lock(&self.members);
        let size = members.networks.get(&network).map_or(0, BTreeMap::len);
        if size >= each {
            if self.when_full == WhenFull::Refuse || members.is_busy(most) {
                return Err(Full::Network);
            }
            members.oldest_makes_way(network);
        }
        // Those who make way hold something until they are gone: they must not pile up.
        if members.count + members.leaving > most + most / 4 {
            return Err(Full::Everybody);
        }
        while members.count >= most
            && let Some((largest, of)) = members.sizes.last().copied()
        {
            // A network that pushes leaves room in which others get in.
            if size + 1 >= largest && members.is_busy(most) {
                return Err(Full::Everybody);
            }
            members.oldest_makes_way(of);
        }
        let id = members.add(network, member);
        drop(members);
        Ok(MemberGuard {
            members: Arc::clone(&self.members),
            network,
            id,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        lock(&self.members).count
    }

    /// True if the crowd is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for MemberGuard {
    fn drop(&mut self) {
        let mut members = lock(&self.members);
        let member = members.remove(self.network, self.id);
        if member.is_none() {
            members.leaving = members.leaving.saturating_sub(1);
        }
        // Members are dropped outside of the crowd's lock.
        drop(members);
        drop(member);
    }
}

impl Members {
    fn add(&mut self, network: Network, member: Arc<dyn Member>) -> u64 {
        self.next += 1;
        let of = self.networks.entry(network).or_default();
        self.sizes.remove(&(of.len(), network));
        of.insert(self.next, member);
        self.sizes.insert((of.len(), network));
        self.count += 1;
        self.next
    }

    fn remove(&mut self, network: Network, id: u64) -> Option<Arc<dyn Member>> {
        let of = self.networks.get_mut(&network)?;
        let member = of.remove(&id)?;
        let size = of.len();
        self.sizes.remove(&(size + 1, network));
        if size == 0 {
            self.networks.remove(&network);
        } else {
            self.sizes.insert((size, network));
        }
        self.count -= 1;
        Some(member)
    }

    /// Many make way already.
    fn is_busy(&self, most: usize) -> bool {
        self.leaving > most / 8
    }

    fn oldest_makes_way(&mut self, network: Network) {
        let of = self.networks.get(&network);
        let oldest = of.and_then(|of| of.first_key_value()).map(|(id, _)| *id);
        if let Some(member) = oldest.and_then(|id| self.remove(network, id)) {
            self.leaving += 1;
            member.make_way();
        }
    }
}

fn lock(members: &Mutex<Members>) -> MutexGuard<'_, Members> {
    members.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Default)]
    struct Guest(AtomicBool);

    impl Member for Guest {
        fn make_way(&self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    type Entered = (Arc<Guest>, Result<MemberGuard, Full>);

    fn enter(crowd: &MemberLimit, host: u8, most: usize) -> Entered {
        let guest = Arc::new(Guest::default());
        let network = network(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)));
        let place = crowd.enter(network, most, guest.clone());
        (guest, place)
    }

    fn makes_way(entered: &Entered) -> bool {
        entered.0.0.load(Ordering::Relaxed)
    }

    #[test]
    fn the_oldest_of_the_largest_network_makes_way() {
        let crowd = MemberLimit::new(100, WhenFull::Refuse);
        let one = enter(&crowd, 1, 12);
        let mut pushed: Vec<_> = (0..11).map(|_| enter(&crowd, 2, 12)).collect();
        assert!(!pushed.iter().any(makes_way));
        let newcomer = enter(&crowd, 3, 12);
        assert!(newcomer.1.is_ok() && makes_way(&pushed[0]));
        assert!(!makes_way(&one) && !pushed[1..].iter().any(makes_way));
        assert_eq!(crowd.len(), 12);
        // Members who make way count until they are gone.
        let more: Vec<_> = (0..4).map(|_| enter(&crowd, 2, 12)).collect();
        assert_eq!(more[3].1.as_ref().err(), Some(&Full::Everybody));
        pushed.retain(|one| !makes_way(one));
        assert!(enter(&crowd, 4, 12).1.is_ok());
        drop((one, pushed, newcomer, more));
        assert!(crowd.is_empty());
        assert_eq!(lock(&crowd.members).leaving, 0);
    }

    #[test]
    fn while_those_who_push_are_not_gone_yet_others_get_in() {
        let crowd = MemberLimit::new(100, WhenFull::Replace);
        // Two networks in turns, and nobody who makes way goes.
        let pushed: Vec<_> = (0..400_u16)
            .map(|n| enter(&crowd, (n % 2) as u8, 40))
            .collect();
        let refused = pushed.iter().filter(|(_, place)| place.is_err()).count();
        assert!(refused > 300, "{refused}");
        let others: Vec<_> = (10..14).map(|host| enter(&crowd, host, 40)).collect();
        assert!(others.iter().all(|(_, place)| place.is_ok()));
        assert!(!others.iter().any(makes_way));
    }

    #[test]
    fn a_network_has_only_so_many() {
        let crowd = MemberLimit::new(2, WhenFull::Refuse);
        let held = [enter(&crowd, 1, 10), enter(&crowd, 1, 10)];
        assert_eq!(enter(&crowd, 1, 10).1.err(), Some(Full::Network));
        assert!(enter(&crowd, 2, 10).1.is_ok());
        assert!(!held.iter().any(makes_way));

        let crowd = MemberLimit::new(2, WhenFull::Replace);
        let held = [enter(&crowd, 1, 10), enter(&crowd, 1, 10)];
        assert!(enter(&crowd, 1, 10).1.is_ok());
        assert!(makes_way(&held[0]) && !makes_way(&held[1]));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_holder() {
        let of = |net, subnet| network(Ipv6Addr::new(1, 2, net, subnet, 0, 0, 0, 1).into());
        assert_eq!(of(3, 4), of(3, 5));
        assert_ne!(of(3, 4), of(4, 4));
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        assert_eq!(network(mapped.into()), network(Ipv4Addr::LOCALHOST.into()));
    }
}
