//! Errors of etcd, told apart by what to do next.

use sideroom_store::StoreError;
use tonic::{Code, Status};

/// Why a call to etcd has no result.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EtcdError {
    /// No member answered in time, or the answer does not tell. A write may have been done, or may be done later.
    #[error("etcd does not answer: {0}")]
    Silent(String),
    /// The alarm NOSPACE is raised: etcd takes no writes until an operator has made room.
    #[error("{}", StoreError::Quota)]
    Quota,
    /// Too many requests wait in etcd. Nothing was written.
    #[error("etcd is overloaded: {0}")]
    Overloaded(String),
    /// The revision to read or to watch from is gone: read again from now.
    #[error("etcd has compacted that revision")]
    Compacted,
    /// The user, its password or its rights are not enough.
    #[error("etcd refuses this node: {0}; check the user, its password and its role")]
    Denied(String),
    /// etcd does not take such a request. Nothing was written.
    #[error("etcd refuses the request: {0}")]
    Refused(String),
    /// A value that this version cannot read.
    #[error("{key} in etcd cannot be read: {why}")]
    Unreadable {
        /// The key in etcd.
        key: String,
        /// The reason, in words.
        why: String,
    },
    /// The options cannot work.
    #[error("{0}")]
    Options(String),
}

impl EtcdError {
    /// True if a write may have been done although there is no answer.
    pub const fn may_have_written(&self) -> bool {
        matches!(self, Self::Silent(_))
    }
}

impl From<Status> for EtcdError {
    fn from(status: Status) -> Self {
        let said = status.message();
        let has = |words: &str| said.contains(words);
        match status.code() {
            _ if has("database space exceeded") => Self::Quota,
            _ if has("revision has been compacted") => Self::Compacted,
            _ if has("too many requests") => Self::Overloaded(said.into()),
            // etcd has no code of its own for a missing user and for a token from before the last change of rights.
            _ if has("user name is empty")
                || has("auth store is old")
                || has("authentication failed") =>
            {
                Self::Denied(said.into())
            }
            Code::Unauthenticated | Code::PermissionDenied => Self::Denied(said.into()),
            Code::InvalidArgument
            | Code::OutOfRange
            | Code::FailedPrecondition
            | Code::ResourceExhausted
            | Code::NotFound
            | Code::Unimplemented
            | Code::DataLoss => Self::Refused(said.into()),
            code => Self::Silent(format!("{code:?}: {said}")),
        }
    }
}

impl From<EtcdError> for StoreError {
    fn from(error: EtcdError) -> Self {
        match error {
            EtcdError::Quota => Self::Quota,
            EtcdError::Overloaded(_) => Self::Overloaded,
            EtcdError::Unreadable { .. } => Self::Unreadable(error.to_string()),
            EtcdError::Options(why) => Self::Unusable(why),
            EtcdError::Silent(_)
            | EtcdError::Compacted
            | EtcdError::Denied(_)
            | EtcdError::Refused(_) => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_leaves_open_whether_a_write_was_done() {
        let told = |code, said: &str| EtcdError::from(Status::new(code, said));
        for (code, said) in [
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
            ),
            (Code::ResourceExhausted, "etcdserver: too many requests"),
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision has been compacted",
            ),
            (Code::InvalidArgument, "etcdserver: user name is empty"),
            (Code::InvalidArgument, "etcdserver: request is too large"),
            (Code::Unauthenticated, "etcdserver: invalid auth token"),
        ] {
            assert!(!told(code, said).may_have_written(), "{said}");
        }
        for (code, said) in [
            (Code::Unavailable, "etcdserver: request timed out"),
            (Code::Unavailable, "etcdserver: leader changed"),
            (Code::Cancelled, ""),
            (Code::Unknown, "transport error"),
        ] {
            assert!(told(code, said).may_have_written(), "{said}");
        }
        assert_eq!(
            told(
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded"
            ),
            EtcdError::Quota
        );
    }
}
