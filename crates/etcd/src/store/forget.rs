//! Removes the journals of rooms that ended long ago.

use sideroom_store::StoreError;

use crate::client::Etcd;
use crate::records::RoomRecord;
use crate::txn::Txn;

use super::read;

/// Every node may do this at the same time: each removal compares the room's record.
pub(super) async fn forget_ended_before(etcd: &Etcd, at_ms: u64) -> Result<(), StoreError> {
    let all = read::records_of_all(etcd).await?;
    // The newest room stays known, so that its id is not handed out again.
    let newest = all.last().map(|(room, ..)| *room);
    let keys = etcd.keys();
    for (room, record, at) in all {
        let is_empty = record.last == 0 && record.snapshots.is_empty();
        let is_old = (1..at_ms).contains(&record.ended_at_ms);
        if !is_old || is_empty && Some(room) == newest {
            continue;
        }
        let txn = Txn::default()
            .if_at(keys.room(room), Some(at))
            .delete_range(keys.all_rows(room))
            .delete_range(keys.all_snapshots(room))
            .delete(keys.owner(room));
        let txn = match Some(room) == newest {
            true => {
                let emptied = RoomRecord {
                    ended_at_ms: record.ended_at_ms,
                    write: record.write,
                    ..RoomRecord::default()
                };
                txn.put(keys.room(room), emptied.encode())
            }
            false => txn.delete(keys.room(room)),
        };
        // If its conditions do not hold, another node was faster, or it is done with the next look.
        etcd.txn(txn, etcd.patience()).await?;
    }
    Ok(())
}
