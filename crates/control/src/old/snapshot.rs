//! Snapshots of rows of format 2: which layout one has, and the room that it is today.

use ciborium::Value;
use serde::{Deserialize, Serialize};
use sideroom_route::Epoch;

use super::state::{Events, Memory, Requests, State};
use super::{Rules, events_and_answers, latest_events, today, whole};
use crate::memory::{self, Answer};
use crate::{Actor, Event, Grants, Record, ReplayError, Snapshot, UnixMillis};

/// A snapshot of that format.
#[derive(Clone, PartialEq, Debug)]
pub struct OldSnapshot(Layout);

#[derive(Clone, PartialEq, Debug)]
enum Layout {
    First(Box<First>),
    Waiting(Box<Waiting>),
    Sanctions(Box<Sanctions>),
    Invitations(Box<Invitations>),
}

type First = Whole<State<false, false, false>, events_and_answers::EventKind, false>;
type Waiting = Whole<State<true, false, false>, events_and_answers::EventKind, false>;
type Sanctions = Whole<State<true, true, false>, events_and_answers::EventKind, false>;
type Invitations = Whole<State<true, true, true>, latest_events::EventKind, true>;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Whole<S, E, const INVITES: bool> {
    version: u16,
    epoch: Epoch,
    state: S,
    memory: Memory<E, INVITES>,
}

impl OldSnapshot {
    /// From bytes that hold a snapshot and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        let unreadable = |_| ReplayError::Unreadable;
        let (found, _) = postcard::take_from_bytes::<u16>(bytes).map_err(unreadable)?;
        let read = match found {
            // Two layouts have each version. Neither reads as the other to its last byte.
            1 => whole(bytes)
                .map(Layout::Waiting)
                .or_else(|| whole(bytes).map(Layout::First)),
            2 => whole(bytes)
                .map(Layout::Invitations)
                .or_else(|| whole(bytes).map(Layout::Sanctions)),
            _ => {
                let known = Rules::Sanctions.version();
                return Err(ReplayError::Version { found, known });
            }
        };
        read.map(Self).ok_or(ReplayError::Unreadable)
    }

    /// Converts the snapshot to today's format, without texts.
    pub fn read(&self) -> Result<Snapshot, ReplayError> {
        match &self.0 {
            Layout::First(whole) => whole.read(Rules::First),
            Layout::Waiting(whole) => whole.read(Rules::Waiting),
            Layout::Sanctions(whole) => whole.read(Rules::Sanctions),
            Layout::Invitations(whole) => whole.read(Rules::Invitations),
        }
    }
}

impl<S: Serialize, E: Serialize, const INVITES: bool> Whole<S, E, INVITES> {
    fn read(&self, rules: Rules) -> Result<Snapshot, ReplayError> {
        let mut state = Value::serialized(&self.state).map_err(|_| ReplayError::Unreadable)?;
        if !INVITES {
            say_who_invited(&mut state);
        }
        say_intercoms(&mut state);
        let state = state.deserialized();
        let mut state: crate::state::State = state.map_err(|_| ReplayError::Unreadable)?;
        let last = self.memory.requests.order.back().map(|(at, ..)| *at);
        state.seen = last.unwrap_or_default().max(state.config.created_at);
        state.version = self.epoch.0.max(state.chain.seq);
        state.version_epoch = self.epoch;
        if rules < Rules::Waiting {
            state.queue_those_who_wait();
        }
        if rules < Rules::Sanctions {
            state.give_powers();
        }
        if rules < Rules::Invitations {
            state.welcome_those_inside();
        }
        Ok(Snapshot {
            version: Record::VERSION,
            epoch: self.epoch,
            state,
            memory: memory::Memory {
                requests: requests_of(&self.memory.requests),
                events: events_of(&self.memory.events),
                moves: today(&self.memory.moves)?,
            },
            old: Some(rules),
        })
    }
}

impl crate::state::State {
    /// Before invitations had an end, an accepted one was among the others.
    fn welcome_those_inside(&mut self) {
        let breakouts: Vec<_> = self.breakouts.keys().copied().collect();
        for id in breakouts {
            let Some(breakout) = self.breakouts.get_mut(&id) else {
                continue;
            };
            for member in &breakout.members {
                let Some(one) = self.participants.get(member) else {
                    continue;
                };
                if breakout.invited.remove(&one.identity).is_some() {
                    breakout.welcome.insert(one.identity.clone());
                }
            }
        }
    }

    /// Before sanctions belonged to the person, a moderator had every power.
    fn give_powers(&mut self) {
        let here: Vec<_> = self.participants.keys().copied().collect();
        for id in here {
            let Some(one) = self.participants.get_mut(&id) else {
                continue;
            };
            if one.is_moderator() {
                one.grants = one.grants.union(Grants::ALL.powers());
            }
        }
    }
}

/// Layouts without `INVITES` have the identities that are invited; today's have by whom, too.
fn say_who_invited(state: &mut Value) {
    let breakouts = part_of(state, "breakouts").and_then(Value::as_map_mut);
    for (_, breakout) in breakouts.into_iter().flatten() {
        if let Some(invited) = part_of(breakout, "invited")
            && let Value::Array(identities) = std::mem::replace(invited, Value::Null)
        {
            let asked = || {
                Value::Map(vec![
                    ("by".into(), "Operator".into()),
                    ("assigned".into(), false.into()),
                ])
            };
            let all = identities.into_iter();
            *invited = Value::Map(all.map(|identity| (identity, asked())).collect());
        }
    }
}

/// An announcement to everybody was its kinds only.
fn say_intercoms(state: &mut Value) {
    let speakers = part_of(state, "addressing").and_then(Value::as_map_mut);
    for (_, spoken) in speakers.into_iter().flatten() {
        let kinds = std::mem::replace(spoken, Value::Null);
        *spoken = Value::Map(vec![("kinds".into(), kinds)]);
    }
}

fn part_of<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let mut parts = value.as_map_mut()?.iter_mut();
    let found = parts.find(|(key, _)| key.as_text() == Some(name));
    found.map(|(_, part)| part)
}

/// An answer that has no equal today is forgotten: the request counts as a new one.
fn requests_of<const INVITES: bool>(old: &Requests<INVITES>) -> memory::Requests {
    let mut all = memory::Requests::default();
    for (at, actor, id) in &old.order {
        let Some(answer) = old.answers.get(&(actor.clone(), id.clone())) else {
            continue;
        };
        let (Ok(actor), Ok(outcome)) = (today::<Actor>(actor), today(&answer.outcome)) else {
            continue;
        };
        if actor != Actor::System {
            let answer = Answer {
                body: None,
                outcome,
                epoch: answer.epoch,
                version: answer.epoch.0,
                seq: answer.seq,
            };
            all.remember(UnixMillis(at.0), actor, id, answer);
        }
    }
    all
}

/// Events that have no equal today are lost: those who missed them take a fresh snapshot.
fn events_of<E: Serialize>(old: &Events<E>) -> memory::Events {
    let kept = old
        .kept
        .iter()
        .filter_map(|event| today::<Event>(event).ok());
    let kept = kept.filter(|event| !event.kind.is_text());
    memory::Events::new(kept.collect(), old.seq)
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::{
        Command, CreateBreakouts, Join, KindSet, Outcome, RequestId, Role, Room, RoomConfig,
        RoomSettings, SlotPool,
    };

    /// The room as a snapshot of an older layout: parts that it does not have are left out.
    fn written<S, E, const INVITES: bool>(room: &Room, version: u16) -> Vec<u8>
    where
        S: Serialize + DeserializeOwned,
        E: Serialize,
    {
        let mut state = Value::serialized(&room.state).unwrap();
        if !INVITES {
            for (_, breakout) in part_of(&mut state, "breakouts")
                .and_then(Value::as_map_mut)
                .unwrap()
            {
                let invited = part_of(breakout, "invited").unwrap();
                let asked = invited.as_map().unwrap().iter();
                *invited = Value::Array(asked.map(|(identity, _)| identity.clone()).collect());
            }
        }
        let memory = Memory::<E, INVITES> {
            requests: Requests {
                answers: std::collections::BTreeMap::new(),
                order: std::collections::VecDeque::new(),
            },
            events: Events {
                kept: std::collections::VecDeque::new(),
                seq: room.seq(),
            },
            moves: today(room.move_log()).unwrap(),
        };
        let whole = Whole {
            version,
            epoch: room.epoch,
            state: state.deserialized::<S>().unwrap(),
            memory,
        };
        postcard::to_allocvec(&whole).unwrap()
    }

    fn first(room: &Room) -> Vec<u8> {
        written::<State<false, false, false>, events_and_answers::EventKind, false>(room, 1)
    }

    fn waiting(room: &Room) -> Vec<u8> {
        written::<State<true, false, false>, events_and_answers::EventKind, false>(room, 1)
    }

    fn sanctions(room: &Room) -> Vec<u8> {
        written::<State<true, true, false>, events_and_answers::EventKind, false>(room, 2)
    }

    fn invitations(room: &Room) -> Vec<u8> {
        written::<State<true, true, true>, latest_events::EventKind, true>(room, 2)
    }

    /// A room in which `people` are inside, and those with an odd number wait for a full breakout.
    fn room(people: u32) -> Room {
        let config = RoomConfig {
            id: sideroom_route::RoomId(1),
            name: "math".to_owned(),
            settings: RoomSettings::default(),
            seed: 1,
            created_at: UnixMillis(7),
        };
        let mut room = Room::new(config).unwrap();
        let mut number = 0;
        let mut run = |room: &mut Room, command| {
            number += 1;
            let id = RequestId::new(&format!("q{number}")).unwrap();
            let applied = room.apply(UnixMillis(8), Actor::Operator, &id, command);
            applied.unwrap().outcome
        };
        let create = CreateBreakouts {
            participants: Some(2),
            count: 1,
            media: KindSet::AUDIO,
            auto_move: true,
            ..CreateBreakouts::default()
        };
        if people == 0 {
            return room;
        }
        let made = run(&mut room, Command::CreateBreakouts(create));
        let Outcome::Distributed { breakouts, .. } = made else {
            panic!("{made:?}")
        };
        for person in 0..people {
            let join = Join {
                identity: format!("person-{person}"),
                display_name: "Somebody".to_owned(),
                role: Role::Participant,
                grants: Grants::default(),
                slots: SlotPool { audio: 1, video: 1 },
                offers: Vec::new(),
            };
            let joined = run(&mut room, Command::Join(join));
            let Outcome::Joined { participant, .. } = joined else {
                panic!("{joined:?}")
            };
            let breakout = breakouts[0].summary.breakout;
            let invite = Command::Invite {
                breakout,
                participants: vec![participant],
                force: false,
            };
            if person % 2 == 1 {
                room.state
                    .waiting
                    .insert((breakout, format!("person-{person}")), u64::from(person));
                let mute = Command::Mute {
                    participant,
                    kinds: KindSet::AUDIO,
                };
                run(&mut room, mute);
            } else if person < 2 {
                run(&mut room, invite);
            }
        }
        room.state.forget_changes();
        room
    }

    #[test]
    fn a_layout_is_not_taken_for_another() {
        for people in [0, 1, 2, 5, 40] {
            let room = room(people);
            for (bytes, rules) in [
                (first(&room), Rules::First),
                (waiting(&room), Rules::Waiting),
                (sanctions(&room), Rules::Sanctions),
                (invitations(&room), Rules::Invitations),
            ] {
                let snapshot = OldSnapshot::decode(&bytes).unwrap();
                let snapshot = snapshot.read().unwrap();
                assert_eq!(snapshot.old, Some(rules));
                let restored = Room::restore(snapshot).unwrap();
                let view = |room: &Room| {
                    let mut view = room.view(crate::Viewer::Operator).unwrap();
                    view.version = 0;
                    view
                };
                assert_eq!(view(&restored), view(&room), "{rules:?}");
                if rules >= Rules::Waiting {
                    assert_eq!(restored.state.waiting, room.state.waiting, "{rules:?}");
                }
                assert_eq!(restored.state.people, room.state.people, "{rules:?}");
                assert_eq!(restored.state.ceiling, room.state.ceiling, "{rules:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_snapshot_are_errors() {
        let bytes = invitations(&room(5));
        for length in 0..bytes.len() {
            assert!(OldSnapshot::decode(&bytes[..length]).is_err(), "{length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(OldSnapshot::decode(&longer).is_err());
        let mut unknown = bytes;
        unknown[0] = 9;
        let refused = OldSnapshot::decode(&unknown);
        assert_eq!(refused, Err(ReplayError::Version { found: 9, known: 2 }));
    }
}
