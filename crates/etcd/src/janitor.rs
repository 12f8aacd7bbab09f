//! Keeps etcd from growing: every key's history is compacted now and then, by one node for all.

use std::time::Duration;

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::records;
use crate::txn::Txn;

/// The result of an attempt to compact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompactionOutcome {
    /// History before this revision is gone.
    Compacted(u64),
    /// The first attempt: a revision was noted, for the next one.
    Noted,
    /// Another node did it meanwhile.
    Left,
}

/// Compacts every `every`, for ever. All nodes may do so: between two compactions `every` passes in any case, and what
/// was written within the last `every` is kept, so that watches can resume.
pub async fn keep_compact(etcd: Etcd, every: Duration) {
    let mut seen = None;
    loop {
        tokio::time::sleep(every).await;
        match compact_now(&etcd, &mut seen).await {
            Ok(outcome) => tracing::debug!(?outcome, "etcd's history"),
            Err(error) => tracing::warn!(%error, "etcd's history is not compacted"),
        }
    }
}

/// Compacts up to the revision that was noted at the attempt before, unless another node has done so since `seen`.
///
/// # Errors
///
/// etcd does not answer, or refuses.
pub async fn compact_now(
    etcd: &Etcd,
    seen: &mut Option<u64>,
) -> Result<CompactionOutcome, EtcdError> {
    let key = etcd.keys().meta("compacted");
    let (found, now) = etcd.get(key.clone()).await?;
    let at = found.as_ref().map(|kv| kv.at());
    if at.is_some() && at != *seen {
        *seen = at;
        return Ok(CompactionOutcome::Left);
    }
    let txn = Txn::default()
        .if_at(key.clone(), at)
        .put(key, now.to_string().into_bytes());
    let answer = etcd.txn(txn, etcd.once()).await?;
    if !answer.succeeded {
        return Ok(CompactionOutcome::Left);
    }
    *seen = Some(answer.revision());
    let Some(noted) = found.as_ref().map(records::number).transpose()? else {
        return Ok(CompactionOutcome::Noted);
    };
    match etcd.compact(noted).await {
        // An operator, or etcd itself, has compacted further.
        Ok(()) | Err(EtcdError::Compacted) => Ok(CompactionOutcome::Compacted(noted)),
        Err(error) => Err(error),
    }
}
