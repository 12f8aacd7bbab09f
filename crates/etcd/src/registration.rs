//! The nodes of the cluster as they introduce themselves: name, address, version. A name has one number for good.

use sideroom_cluster::NodeId;

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::records::{self, Registration};
use crate::txn::Txn;

/// Attempts against other nodes that register at the same moment.
const TRIES: usize = 32;

/// Enters this node under its name. The first time it gets the smallest number that is free.
///
/// # Errors
///
/// etcd does not answer or refuses, or there are too many nodes.
pub async fn register(etcd: &Etcd, own: &Registration) -> Result<NodeId, EtcdError> {
    for _ in 0..TRIES {
        let all = registrations(etcd).await?;
        let known = all.iter().find(|(_, it, _)| it.name == own.name);
        let (node, expected) = match known {
            Some((node, _, at)) => (*node, Some(*at)),
            None => {
                let is_free = |id: &u16| !all.iter().any(|(node, ..)| node.0 == *id);
                let free = (1..u16::MAX).find(is_free);
                let free =
                    free.ok_or_else(|| EtcdError::Refused("all node ids are used".into()))?;
                (NodeId(free), None)
            }
        };
        let key = etcd.keys().registration(node);
        let txn = Txn::default()
            .if_at(key.clone(), expected)
            .put(key, records::encode_registration(own));
        if etcd.txn(txn, etcd.patience()).await?.succeeded {
            return Ok(node);
        }
    }
    Err(EtcdError::Overloaded(
        "other nodes register all the time".into(),
    ))
}

/// Every node that ever registered, and when it last did.
///
/// # Errors
///
/// etcd does not answer, or refuses.
pub async fn registrations(etcd: &Etcd) -> Result<Vec<(NodeId, Registration, u64)>, EtcdError> {
    let mut all = Vec::new();
    let range = etcd.keys().registrations();
    etcd.scan(range, None, |kv| {
        if let Some(node) = etcd.keys().registered_node(&kv.key) {
            all.push((node, records::registration(&kv)?, kv.at()));
        }
        Ok(true)
    })
    .await?;
    Ok(all)
}
