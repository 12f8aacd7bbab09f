//! The names of rooms: each stands for one room until that room ends. A name is claimed before its room is made, and
//! freed in the transaction that ends the room.

use sideroom_cluster::Term;
use sideroom_route::RoomId;

use crate::client::Etcd;
use crate::error::EtcdError;
use crate::records;
use crate::txn::Txn;

/// Claims a name for a room; gives the room that has it now, which may be another.
pub(crate) async fn claim(etcd: &Etcd, name: &str, room: RoomId) -> Result<RoomId, EtcdError> {
    let key = etcd.keys().name(name);
    let txn = Txn::default()
        .if_at(key.clone(), None)
        .put(key.clone(), room.0.to_string().into_bytes())
        .else_get(key);
    // Sent twice, the second one finds what the first has written.
    let answer = etcd.txn(txn, etcd.patience()).await?;
    if answer.succeeded {
        return Ok(room);
    }
    let holder = answer.found().next().flatten();
    match holder {
        Some(kv) => records::room_number(&kv),
        None => Err(EtcdError::Silent("the name was freed meanwhile".into())),
    }
}

/// The room of a name.
pub(crate) async fn read(etcd: &Etcd, name: &str) -> Result<Option<RoomId>, EtcdError> {
    let (found, _) = etcd.get(etcd.keys().name(name)).await?;
    found.as_ref().map(records::room_number).transpose()
}

/// Gives up a room that was claimed and never made, or that has ended, and frees its name if it is still its. False: this
/// node does not own the room under that term.
pub(crate) async fn release(
    etcd: &Etcd,
    (room, term): (RoomId, Term),
    name: &str,
) -> Result<bool, EtcdError> {
    let keys = etcd.keys();
    let owned = || Txn::default().if_at(keys.owner(room), Some(term.0));
    let whole = owned()
        .if_value(keys.name(name), room.0.to_string().into_bytes())
        .delete(keys.owner(room))
        .delete(keys.name(name));
    if etcd.txn(whole, etcd.patience()).await?.succeeded {
        return Ok(true);
    }
    let owner = owned().delete(keys.owner(room));
    Ok(etcd.txn(owner, etcd.patience()).await?.succeeded)
}
