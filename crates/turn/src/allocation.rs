//! An allocation: the permissions and channels of one client, with their expiry.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use aws_lc_rs::hmac;
use sideroom_route::Time;

use crate::PeerIndex;
use crate::message::Transaction;
use crate::rate::Bucket;

/// RFC 8656 section 9.
const PERMISSION: Duration = Duration::from_secs(300);
/// RFC 8656 section 12.
const CHANNEL: Duration = Duration::from_secs(600);

/// The path from a peer to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Path {
    /// The channel that the client has bound to the peer.
    pub channel: Option<u16>,
    /// The peer may send until then.
    pub until: Time,
}

impl Path {
    /// The peer has no permission.
    pub const NONE: Self = Self {
        channel: None,
        until: Time::ZERO,
    };

    /// True if the peer may send.
    pub fn is_open(&self, now: Time) -> bool {
        now < self.until
    }
}

/// A relayed address in use.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) username: String,
    /// The part of the user name that counts for quotas.
    pub(crate) user: String,
    pub(crate) key: hmac::Key,
    /// The request that made it: sent again it gets the same answer.
    pub(crate) transaction: Transaction,
    pub(crate) relayed: SocketAddr,
    pub(crate) expires: Time,
    pub(crate) rate: Bucket,
    /// By IP address, as TURN has it. Only addresses of peers, so there are few.
    permissions: Vec<(IpAddr, Time)>,
    channels: Vec<Channel>,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    number: u16,
    peer: PeerIndex,
    expires: Time,
}

/// The number is bound to another peer, or the peer to another number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bound;

impl Allocation {
    pub(crate) fn new(
        (username, user): (String, String),
        key: hmac::Key,
        transaction: Transaction,
        (relayed, expires): (SocketAddr, Time),
    ) -> Self {
        Self {
            username,
            user,
            key,
            transaction,
            relayed,
            expires,
            rate: Bucket::default(),
            permissions: Vec::new(),
            channels: Vec::new(),
        }
    }

    pub(crate) fn permit(&mut self, now: Time, ip: IpAddr) {
        let until = now + PERMISSION;
        match self.permissions.iter_mut().find(|(held, _)| *held == ip) {
            Some((_, held)) => *held = until,
            None => self.permissions.push((ip, until)),
        }
    }

    /// The end of the permission for an address.
    fn permitted_until(&self, ip: IpAddr) -> Time {
        let held = self.permissions.iter().find(|(held, _)| *held == ip);
        held.map_or(Time::ZERO, |(_, until)| *until)
    }

    pub(crate) fn is_permitted(&self, now: Time, ip: IpAddr) -> bool {
        now < self.permitted_until(ip)
    }

    /// Binds a channel, or refreshes it, and the permission with it.
    pub(crate) fn bind(
        &mut self,
        now: Time,
        number: u16,
        (peer, ip): (PeerIndex, IpAddr),
    ) -> Result<(), Bound> {
        self.channels.retain(|channel| now < channel.expires);
        let expires = now + CHANNEL;
        let mut same = self
            .channels
            .iter_mut()
            .filter(|channel| channel.number == number || channel.peer == peer);
        match (same.next(), same.next()) {
            (None, _) => self.channels.push(Channel {
                number,
                peer,
                expires,
            }),
            (Some(channel), None) if channel.number == number && channel.peer == peer => {
                channel.expires = expires;
            }
            _ => return Err(Bound),
        }
        self.permit(now, ip);
        Ok(())
    }

    /// The peer of a channel.
    pub(crate) fn peer_of(&self, now: Time, number: u16) -> Option<PeerIndex> {
        let mut channels = self.channels.iter();
        let channel = channels.find(|channel| channel.number == number && now < channel.expires)?;
        Some(channel.peer)
    }

    pub(crate) fn path(&self, now: Time, peer: PeerIndex, ip: IpAddr) -> Path {
        let mut channels = self.channels.iter();
        let channel = channels.find(|channel| channel.peer == peer && now < channel.expires);
        Path {
            channel: channel.map(|channel| channel.number),
            until: self.permitted_until(ip).min(self.expires),
        }
    }
}
