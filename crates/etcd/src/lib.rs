//! etcd as a cluster of nodes uses it: the journal of each room, who owns it, and which nodes live.
//!
//! Two interfaces are built on it: [`EtcdStore`] is a [`sideroom_store::Store`] whose every write compares the
//! owner's term, and [`EtcdCoordinator`] carries out the conditional writes of `sideroom-cluster`. [`Etcd`] is the
//! client below both: it goes from member to member, and every call and every retry has a bound.
//!
//! This crate decides nothing about ownership, and knows nothing of what rows mean. Decision 24 has the keys, and
//! why each transaction is safe to send twice.

mod client;
mod coordinator;
mod error;
mod janitor;
mod keys;
mod member;
mod names;
mod options;
mod records;
mod registration;
mod store;
mod txn;
mod watch;

/// etcd's messages, of which this crate's proto names the used part.
mod proto {
    #![allow(
        clippy::all,
        unreachable_pub,
        reason = "generated; other crates don't see it"
    )]
    tonic::include_proto!("etcdserverpb");
}

pub use client::Etcd;
pub use coordinator::{Coordinator, EtcdCoordinator, OwnerAt, Pending};
pub use error::EtcdError;
pub use janitor::{CompactionOutcome, compact_now, keep_compact};
pub use member::{Alarm, MemberStatus};
pub use options::{EtcdOptions, EtcdTls, EtcdUser};
pub use records::Registration;
pub use registration::{register, registrations};
pub use store::{CommitObserver, EtcdStore};
pub use watch::Seen;
