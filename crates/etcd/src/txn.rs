//! Transactions in etcd's words: conditions, and what is done if all of them hold, or otherwise.

use crate::keys::KeyRange;
use crate::proto::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::proto::request_op::Request;
use crate::proto::response_op::Response;
use crate::proto::{
    Compare, DeleteRangeRequest, KeyValue, PutRequest, RangeRequest, RangeResponse, RequestOp,
    TxnRequest, TxnResponse,
};

/// etcd's own limit on the conditions, and on the operations of either branch (`--max-txn-ops`).
pub(crate) const MOST_OPERATIONS: usize = 128;
/// Bytes of one transaction: below etcd's 1.5 MiB (`--max-request-bytes`), with room for what surrounds keys and values.
pub(crate) const MOST_BYTES: usize = 1_400_000;

/// A transaction as it is built.
#[derive(Clone, Debug, Default)]
pub(crate) struct Txn(TxnRequest);

impl Txn {
    /// The key was last written at this revision; `None`: it does not exist.
    pub(crate) fn if_at(mut self, key: Vec<u8>, revision: Option<u64>) -> Self {
        let (target, union) = match revision {
            Some(at) => (CompareTarget::Mod, TargetUnion::ModRevision(signed(at))),
            None => (CompareTarget::Create, TargetUnion::CreateRevision(0)),
        };
        self.compare(key, target, union);
        self
    }

    /// The key has this value.
    pub(crate) fn if_value(mut self, key: Vec<u8>, value: Vec<u8>) -> Self {
        self.compare(key, CompareTarget::Value, TargetUnion::Value(value));
        self
    }

    fn compare(&mut self, key: Vec<u8>, target: CompareTarget, union: TargetUnion) {
        self.0.compare.push(Compare {
            result: CompareResult::Equal.into(),
            target: target.into(),
            key,
            target_union: Some(union),
        });
    }

    pub(crate) fn put(mut self, key: Vec<u8>, value: Vec<u8>) -> Self {
        let put = Request::RequestPut(PutRequest { key, value });
        self.0.success.push(RequestOp { request: Some(put) });
        self
    }

    pub(crate) fn delete(self, key: Vec<u8>) -> Self {
        self.delete_range((key, Vec::new()))
    }

    pub(crate) fn delete_range(mut self, (key, range_end): KeyRange) -> Self {
        let delete = Request::RequestDeleteRange(DeleteRangeRequest { key, range_end });
        let request = Some(delete);
        self.0.success.push(RequestOp { request });
        self
    }

    pub(crate) fn get(mut self, key: Vec<u8>) -> Self {
        self.0.success.push(get(key));
        self
    }

    /// Read if a condition does not hold.
    pub(crate) fn else_get(mut self, key: Vec<u8>) -> Self {
        self.0.failure.push(get(key));
        self
    }

    pub(crate) fn build(self) -> TxnRequest {
        self.0
    }
}

fn get(key: Vec<u8>) -> RequestOp {
    let request = RangeRequest {
        key,
        ..RangeRequest::default()
    };
    RequestOp {
        request: Some(Request::RequestRange(request)),
    }
}

/// etcd counts revisions with a sign.
pub(crate) fn signed(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(revision: i64) -> u64 {
    u64::try_from(revision).unwrap_or(0)
}

impl TxnResponse {
    /// etcd's revision after the transaction: that of all keys which it wrote.
    pub(crate) fn revision(&self) -> u64 {
        unsigned(self.header.as_ref().map_or(0, |header| header.revision))
    }

    /// The keys that were read, in the order in which they were asked for.
    pub(crate) fn found(self) -> impl Iterator<Item = Option<KeyValue>> {
        self.responses.into_iter().map(|each| match each.response {
            Some(Response::ResponseRange(range)) => range.kvs.into_iter().next(),
            _ => None,
        })
    }
}

impl RangeResponse {
    pub(crate) fn revision(&self) -> u64 {
        unsigned(self.header.as_ref().map_or(0, |header| header.revision))
    }
}

impl KeyValue {
    /// The revision at which it was last written.
    pub(crate) fn at(&self) -> u64 {
        unsigned(self.mod_revision)
    }
}
