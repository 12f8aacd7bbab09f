//! A room with a short notation for its story, shared by the tests of behaviour.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

pub mod fold;

use std::sync::Arc;

use sideroom_control::*;
use sideroom_route::*;

/// Where the clock of every story starts.
pub const START: UnixMillis = UnixMillis(1_000_000);

pub struct Story {
    pub room: Room,
    pub now: UnixMillis,
    pub records: Vec<Record>,
    pub events: Vec<Arc<Event>>,
    requests: u64,
    config: RoomConfig,
}

pub fn config() -> RoomConfig {
    RoomConfig {
        id: RoomId(7),
        name: "lesson".to_owned(),
        settings: RoomSettings::default(),
        seed: 11,
        created_at: START,
    }
}

impl Story {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: RoomConfig) -> Self {
        Self {
            room: Room::new(config.clone()).unwrap(),
            now: START,
            records: Vec::new(),
            events: Vec::new(),
            requests: 0,
            config,
        }
    }

    /// A room whose breakouts leave the parent live for those who are away.
    pub fn live() -> Self {
        let mut config = config();
        config.settings.breakouts.parent_while_away = ParentWhileAway::Live;
        Self::with(config)
    }

    pub fn request_id(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::new(&format!("q{}", self.requests)).unwrap()
    }

    /// Applies a command, and checks the invariants of every command.
    pub fn try_as(&mut self, actor: Actor, command: Command) -> Result<Applied, BreakoutError> {
        let id = self.request_id();
        let (hash, before, seq) = (self.room.state_hash(), self.room.table(), self.room.seq());
        let result = self.room.apply(self.now, actor, &id, command);
        match &result {
            Ok(applied) => self.keep(applied, &before),
            Err(error) => {
                assert_eq!(self.room.state_hash(), hash, "{error} changed the state");
                assert_eq!(self.room.table(), before, "{error} changed the table");
                assert_eq!(self.room.seq(), seq, "{error} was told");
            }
        }
        result
    }

    fn keep(&mut self, applied: &Applied, before: &RoutePlan) {
        let after = self.room.table();
        match &applied.update {
            Some(update) => assert_eq!(&before.diff(&after), update),
            None => assert_eq!(before, &after),
        }
        check_full_plan(&self.room, before);
        self.records.extend(applied.record.clone());
        self.events.extend(applied.events.iter().cloned());
    }

    pub fn ok_as(&mut self, actor: Actor, command: Command) -> Applied {
        let shown = format!("{command:?}");
        self.try_as(actor, command)
            .unwrap_or_else(|error| panic!("{shown}: {error}"))
    }

    pub fn ok(&mut self, who: ParticipantId, command: Command) -> Applied {
        self.ok_as(Actor::Participant(who), command)
    }

    pub fn refused(&mut self, who: ParticipantId, command: Command) -> BreakoutError {
        self.refused_as(Actor::Participant(who), command)
    }

    pub fn refused_as(&mut self, actor: Actor, command: Command) -> BreakoutError {
        let shown = format!("{command:?}");
        match self.try_as(actor, command) {
            Ok(applied) => panic!("{shown} was accepted: {:?}", applied.outcome),
            Err(error) => error,
        }
    }

    pub fn pass(&mut self, millis: u64) -> Vec<Arc<Event>> {
        self.pass_watching(millis, |_, _| {})
    }

    /// Lets time pass, and shows the tables before and after each update.
    pub fn pass_watching(
        &mut self,
        millis: u64,
        watch: impl Fn(&RoutePlan, &RoutePlan),
    ) -> Vec<Arc<Event>> {
        self.now = self.now + millis;
        let before = self.room.table();
        let all = self.room.tick(self.now);
        let told = all
            .iter()
            .flat_map(|one| one.events.clone())
            .collect::<Vec<_>>();
        self.records
            .extend(all.iter().filter_map(|one| one.record.clone()));
        self.events.extend(told.clone());
        let mut table = before;
        for update in all.iter().filter_map(|one| one.update.as_ref()) {
            let earlier = table.clone();
            table.apply(update).unwrap();
            watch(&earlier, &table);
        }
        assert_eq!(table, self.room.table());
        told
    }

    /// Lets a participant in who publishes everything.
    pub fn join(&mut self, identity: &str, role: Role) -> ParticipantId {
        self.join_with(identity, role, SlotPool { audio: 9, video: 9 })
    }

    pub fn join_with(&mut self, identity: &str, role: Role, slots: SlotPool) -> ParticipantId {
        let applied = self.ok_as(
            Actor::Operator,
            Command::Join(Join {
                identity: identity.to_owned(),
                display_name: format!("{identity} by name"),
                role,
                grants: Grants::of_role(role),
                slots,
                offers: TrackKind::ALL.to_vec(),
            }),
        );
        let Outcome::Joined { participant, .. } = applied.outcome else {
            panic!("{:?}", applied.outcome);
        };
        for kind in TrackKind::ALL {
            self.ok(participant, Command::Publish { participant, kind });
        }
        participant
    }

    pub fn moderator(&mut self, identity: &str) -> ParticipantId {
        self.join(identity, Role::Moderator)
    }

    pub fn person(&mut self, identity: &str) -> ParticipantId {
        self.join(identity, Role::Participant)
    }

    /// Lets a participant without media in, and checks nothing afterwards: in rooms of many the checks take long.
    pub fn listener(&mut self, identity: &str) -> ParticipantId {
        let id = self.request_id();
        let join = Command::Join(Join {
            identity: identity.to_owned(),
            display_name: identity.to_owned(),
            role: Role::Participant,
            grants: Grants::default(),
            slots: SlotPool { audio: 2, video: 0 },
            offers: vec![TrackKind::Audio],
        });
        let applied = self.room.apply(self.now, Actor::Operator, &id, join);
        let applied = applied.unwrap();
        let Outcome::Joined { participant, .. } = applied.outcome else {
            panic!("{:?}", applied.outcome);
        };
        self.records.extend(applied.record);
        self.events.extend(applied.events);
        participant
    }

    pub fn grant(&mut self, participant: ParticipantId, change: impl Fn(&mut Grants)) {
        let mut grants = Grants::default();
        change(&mut grants);
        let command = Command::SetGrants {
            participant,
            grants,
        };
        self.ok_as(Actor::Operator, command);
    }

    /// Open breakouts of the given capacity, created by `who`.
    pub fn create(&mut self, who: ParticipantId, count: u32, capacity: u32) -> Vec<BreakoutId> {
        self.create_as(who, create(count, capacity))
    }

    pub fn create_as(&mut self, who: ParticipantId, create: CreateBreakouts) -> Vec<BreakoutId> {
        breakouts_of(&self.ok(who, Command::CreateBreakouts(create)))
    }

    /// Moves by the operator: a short way to have people somewhere.
    pub fn put(&mut self, people: &[ParticipantId], to: GroupId) {
        let moves = people
            .iter()
            .map(|one| MoveTo {
                participant: *one,
                to,
                stream: None,
            })
            .collect();
        self.ok_as(Actor::Operator, Command::Move { moves });
    }

    pub fn group(&self, who: ParticipantId) -> GroupId {
        self.room.group_of(who).expect("in the room")
    }

    pub fn view(&self) -> RoomView {
        self.room.view(Viewer::Operator).unwrap()
    }

    pub fn breakout(&self, id: BreakoutId) -> BreakoutView {
        let view = self.view();
        let mut all = view.breakouts.into_iter();
        all.find(|one| one.summary.breakout == id)
            .expect("a breakout")
    }

    pub fn gate(&self, who: ParticipantId) -> ParentGate {
        self.room
            .view(Viewer::Participant(who))
            .unwrap()
            .gate
            .unwrap()
    }

    pub fn track(&self, who: ParticipantId, kind: TrackKind) -> Option<TrackId> {
        let table = self.room.table();
        let mut tracks = table.tracks.iter();
        tracks
            .find(|(_, route)| route.publisher == who && route.kind == kind)
            .map(|(track, _)| *track)
    }

    /// True if `to` receives this kind of `from`, and the plan, the table and the five lines agree.
    pub fn hears_kind(&self, to: ParticipantId, from: ParticipantId, kind: TrackKind) -> bool {
        let Some(track) = self.track(from, kind) else {
            return false;
        };
        let table = self.room.table();
        let mut routes = table.routes.iter();
        let routed = routes.any(|((subscriber, _), route)| {
            *subscriber == to && route.track == track && route.gate.is_open()
        });
        assert_eq!(routed, hears(&self.room, to, track), "{to} hears {track}");
        routed
    }

    pub fn hears(&self, to: ParticipantId, from: ParticipantId) -> bool {
        self.hears_kind(to, from, TrackKind::Audio)
    }

    /// The gate of this kind of `from` at `to`, if there is a route.
    pub fn route_gate(
        &self,
        to: ParticipantId,
        from: ParticipantId,
        kind: TrackKind,
    ) -> Option<Gate> {
        let track = self.track(from, kind)?;
        let table = self.room.table();
        let mut routes = table.routes.into_iter();
        routes
            .find(|((subscriber, _), route)| *subscriber == to && route.track == track)
            .map(|(_, route)| route.gate)
    }

    /// The `events` that the participant may see.
    pub fn seen_by(&self, who: ParticipantId, applied: &Applied) -> Vec<EventKind> {
        let viewer = Viewer::Participant(who);
        let events = applied.events.iter();
        events
            .filter_map(|event| self.room.event_for(viewer, event))
            .map(|event| event.kind)
            .collect()
    }

    /// Checks that the journal alone, and a snapshot with the records after it, lead to the same room.
    pub fn check_replay(&self) {
        let mut again = Room::new(self.config.clone()).unwrap();
        let mut events = Vec::new();
        for record in &self.records {
            let bytes = record.encode();
            let read = Record::decode(&bytes).unwrap();
            assert_eq!(&read, record);
            events.extend(again.replay(&read).unwrap());
        }
        assert_eq!(again.state_hash(), self.room.state_hash());
        let text = |event: &&Arc<Event>| {
            matches!(
                event.kind,
                EventKind::Chat { .. } | EventKind::AddressAllText { .. }
            )
        };
        let expected: Vec<_> = self.events.iter().filter(|it| !text(it)).cloned().collect();
        assert_eq!(events, expected);
        assert_eq!(
            (again.seq(), again.version()),
            (self.room.seq(), self.room.version())
        );
        assert_eq!(again.table().tracks, self.room.table().tracks);
        assert_eq!(again.move_log(), self.room.move_log());
        assert_eq!(
            again.view(Viewer::Operator).map(undated),
            self.room.view(Viewer::Operator).map(undated)
        );
        let bytes = self.room.snapshot().encode();
        let restored = Room::restore(Snapshot::decode(&bytes).unwrap()).unwrap();
        assert_eq!(restored.state_hash(), self.room.state_hash());
        assert_eq!(restored.table().tracks, self.room.table().tracks);
    }
}

/// Checks that the table equals the full plan.
pub fn check_full_plan(room: &Room, before: &RoutePlan) {
    let wrong = room.table().diff(&plan_after(room, before));
    assert!(wrong.is_empty(), "the full plan differs by {wrong:#?}");
}

/// Without the epoch: volatile changes count there, and the journal does not know them.
fn undated(mut view: RoomView) -> RoomView {
    view.epoch = Epoch(0);
    view
}

pub fn create(count: u32, capacity: u32) -> CreateBreakouts {
    CreateBreakouts {
        participants: Some(capacity),
        count,
        ..CreateBreakouts::default()
    }
}

pub fn breakouts_of(applied: &Applied) -> Vec<BreakoutId> {
    match &applied.outcome {
        Outcome::Distributed { breakouts, .. } => {
            breakouts.iter().map(|one| one.summary.breakout).collect()
        }
        other => panic!("{other:?}"),
    }
}

pub fn join_breakout(participant: ParticipantId, breakout: BreakoutId) -> Command {
    Command::JoinBreakout {
        participant,
        breakout: Some(breakout),
        stream: Some(KindSet::WITHOUT_CAMERA),
    }
}

pub fn settings(change: impl Fn(&mut BreakoutSettingsPatch)) -> Command {
    let mut patch = BreakoutSettingsPatch::default();
    change(&mut patch);
    Command::UpdateBreakoutSettings(patch)
}

pub fn inside(breakout: BreakoutId) -> GroupId {
    GroupId::Breakout(breakout)
}
