//! The rooms of an earlier life of this node.

use std::collections::BTreeMap;
use std::sync::Arc;

use sideroom_control::Room;
use sideroom_room::{Loaded, RoomMachine, RoomOptions};
use sideroom_route::RoomId;
use sideroom_rpc::backend::Asked;

use super::chance;
use super::directory::Directory;
use super::events::own;
use super::supervise::spawn;
use crate::clock;
use crate::store::StoreError;

/// Loads every stored room. All participants are dropped and have the grace period to come back. A room that cannot be read is set aside, and the others run.
pub async fn load(node: &Arc<Directory>) -> Result<(), StoreError> {
    let kept = node.journal.load().await?;
    node.begin_at(kept.next_room);
    let mut newest: BTreeMap<String, (Loaded, Option<Asked>)> = BTreeMap::new();
    for one in kept.rooms {
        let revived = one.map_err(|(room, error)| (room, error.to_string()));
        let revived = revived.and_then(|kept| {
            let (id, made_by) = (kept.room, kept.made_by.clone());
            let unsaved = u32::try_from(kept.records.len()).unwrap_or(u32::MAX);
            let room = kept.revive().map_err(|error| (id, error.to_string()))?;
            Ok((room, made_by, unsaved))
        });
        match revived {
            Err((room, why)) => set_aside(node, room, &why),
            Ok((room, made_by, unsaved)) => {
                let name = room.name().to_owned();
                let loaded = Loaded {
                    room,
                    made_by: made_by.clone().map(own),
                    unsaved,
                };
                if let Some((older, _)) = newest.insert(name, (loaded, made_by)) {
                    remove_duplicate(node, &older.room);
                }
            }
        }
    }
    let rooms = newest.len();
    for (name, (loaded, made_by)) in newest {
        let (desk, inbox) = node.enter(loaded.room.id(), &name);
        let machine = RoomMachine::revive(node.now(), options(node), loaded);
        spawn(machine, node, &desk, inbox, made_by);
    }
    if rooms > 0 {
        tracing::info!(rooms, "rooms are back");
    }
    Ok(())
}

/// The options of a new machine.
pub(super) fn options(node: &Directory) -> RoomOptions {
    RoomOptions {
        snapshot_every: node.options.snapshot_every,
        max_participants: node.options.defaults.max_participants,
        empty_timeout: node.options.empty_timeout,
        keeps_events: node.outbox.is_some(),
        seed: chance::draw(),
    }
}

fn set_aside(node: &Directory, room: RoomId, why: &str) {
    tracing::error!(
        %room,
        why,
        "a room cannot be read and is set aside; the others run. See `sideroom journal verify`"
    );
    node.note_unreadable();
}

/// Removes the older of two rooms with one name, whose creator was told that it could not be stored.
fn remove_duplicate(node: &Directory, older: &Room) {
    let (id, name) = (older.id(), older.name());
    tracing::warn!(room = %id, name, "a room whose creation was refused is removed");
    drop(node.journal.remove(id, clock::unix_ms()));
}
