//! A room whose store and workers answer when the test says so.

use std::time::Duration;

use sideroom_control::{
    Actor, Command, Digest, Grants, Join, Record, RequestId, Role, Room, RoomConfig, RoomPatch,
    RoomSettings, SlotPool, UnixMillis,
};
use sideroom_room::{
    Action, Admission, Asked, CommitId, JoinAsk, Now, Order, Refusal, Request, Response,
    RoomMachine, RoomOptions, Token,
};
use sideroom_route::{ParticipantId, RoomId, Time, TrackKind};

/// A machine and its two clocks.
pub(crate) struct TestRoom {
    pub machine: RoomMachine,
    pub now: Now,
    tokens: u64,
}

impl TestRoom {
    /// A room that is stored.
    pub(crate) fn new() -> Self {
        Self::with(1_000, Duration::ZERO)
    }

    /// A test room with these options.
    pub(crate) fn with(snapshot_every: u32, empty_timeout: Duration) -> Self {
        let now = Now {
            at: Time::from_millis(1_000),
            wall: UnixMillis(1_700_000_000_000),
        };
        let room = Room::new(RoomConfig {
            id: RoomId(1),
            name: "lesson".into(),
            settings: RoomSettings::default(),
            seed: 1,
            created_at: now.wall,
        });
        let options = RoomOptions {
            snapshot_every,
            empty_timeout,
            max_participants: 100,
            keeps_events: true,
            seed: 1,
        };
        let asked = asked("create");
        let room = room.expect("the settings can be");
        let machine = RoomMachine::create(now, options, room, asked.clone());
        let mut room = Self {
            machine,
            now,
            tokens: 0,
        };
        room.ask(Request::Create(asked));
        assert!(matches!(room.settle().as_slice(), [Ok(Response::Created)]));
        room
    }

    pub(crate) fn pass(&mut self, wait: Duration) {
        self.now.at = self.now.at + wait;
        self.now.wall = self.now.wall + wait.as_millis() as u64;
    }

    pub(crate) fn ask(&mut self, request: Request) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.machine.handle_request(self.now, token, request);
        token
    }

    /// Lets a person in. Returns their id and the name of their transport.
    pub(crate) fn join(&mut self, identity: &str) -> (ParticipantId, u64) {
        self.ask(Request::Join(Box::new(JoinAsk {
            join: Join {
                identity: identity.into(),
                display_name: identity.into(),
                role: Role::Participant,
                grants: Grants::ALL,
                slots: SlotPool { audio: 2, video: 1 },
                offers: vec![TrackKind::Audio],
            },
            asked: asked(identity),
            publish: true,
            admission: Admission::Open,
        })));
        let joined = self.settle().into_iter().find_map(|reply| match reply {
            Ok(Response::Joined { participant, .. }) => Some(participant),
            _ => None,
        });
        let participant = joined.expect("the join is answered");
        let held = self.machine.connection(participant);
        let transport = held.expect("they are connected").transport;
        self.machine.handle_up(self.now, participant, transport);
        self.settle();
        (participant, transport)
    }

    /// Runs until the machine asks for a commit.
    pub(crate) fn until_commit(&mut self) -> (CommitId, Vec<Record>) {
        while let Some(action) = self.machine.poll_action() {
            if let Action::Commit { id, records, .. } = action {
                return (id, records);
            }
        }
        panic!("nothing to commit");
    }

    /// The store and the workers do all they are asked at once, until nothing is left. Returns the replies.
    pub(crate) fn settle(&mut self) -> Vec<Result<Response, Refusal>> {
        let (mut replies, now) = (Vec::new(), self.now);
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Commit { id, .. } => self.machine.handle_committed(now, id, true),
                Action::Publish(id, _) | Action::PublishWhole(id, _) => {
                    self.machine.handle_published(now, id);
                }
                Action::Connect {
                    participant,
                    transport,
                    ..
                } => self
                    .machine
                    .handle_transport(now, participant, transport, true),
                Action::Reply(_, reply) => replies.push(reply),
                _ => {}
            }
        }
        replies
    }

    pub(crate) fn has(&self, participant: ParticipantId) -> bool {
        let room = self.machine.room().expect("the room is live");
        room.participants().any(|one| one == participant)
    }

    /// Asks for a command that leaves a record.
    pub(crate) fn change(&mut self) {
        self.tokens += 1;
        let patch = RoomPatch {
            max_breakouts: Some(2 + (self.tokens % 8) as u16),
            ..RoomPatch::default()
        };
        self.order(Command::UpdateRoom(patch));
    }

    fn order(&mut self, command: Command) {
        self.ask(Request::Command(Order {
            actor: Actor::Operator,
            request_id: RequestId::new(&self.tokens.to_string()).expect("it is short"),
            expected: None,
            command,
        }));
    }

    /// Gives a command, which is carried out.
    pub(crate) fn give(&mut self, command: Command) {
        self.order(command);
        assert!(self.settle().iter().all(Result::is_ok));
    }

    pub(crate) fn wake(&mut self) {
        self.machine.handle_timeout(self.now);
        self.settle();
    }
}

fn asked(name: &str) -> Asked {
    Asked {
        id: RequestId::new(name).expect("the name is short"),
        body: Digest([0; 32]),
    }
}
