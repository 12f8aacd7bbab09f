//! Whatever is asked of a room, in whatever order: a refusal changes nothing, the table follows the full
//! plan, the plan says what the five lines say, nobody is heard where it is not, and the journal tells it
//! all again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sideroom_control::*;
use sideroom_route::*;
use story::fold::Accounts;
use story::{START, Story, config};

/// What happens next, in numbers that mean something only in the room that they meet.
#[derive(Clone, Debug)]
struct Step {
    what: u8,
    actor: u8,
    a: u8,
    b: u8,
    c: u16,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        any::<u8>(),
        any::<u16>(),
    )
        .prop_map(|(what, actor, a, b, c)| Step {
            what,
            actor,
            a,
            b,
            c,
        });
    prop::collection::vec(step, 1..90)
}

struct Random {
    story: Story,
    /// What each participant makes of what it is told, if that is of interest.
    accounts: Option<Accounts>,
}

impl Random {
    fn participant(&self, pick: u8) -> ParticipantId {
        let all: Vec<_> = self.story.room.participants().collect();
        if all.is_empty() || pick == 255 {
            return ParticipantId::new(RoomId(7), 999);
        }
        all[usize::from(pick) % all.len()]
    }

    fn breakout(&self, pick: u8) -> BreakoutId {
        let all = self.story.view().breakouts;
        if all.is_empty() || pick == 255 {
            return BreakoutId(999);
        }
        all[usize::from(pick) % all.len()].summary.breakout
    }

    fn group(&self, pick: u8) -> GroupId {
        if pick.is_multiple_of(3) {
            GroupId::Parent
        } else {
            GroupId::Breakout(self.breakout(pick))
        }
    }

    fn selection(&self, pick: u8) -> Selection {
        if pick.is_multiple_of(2) {
            Selection::All
        } else {
            Selection::Some(vec![self.breakout(pick)])
        }
    }

    fn scope(&self, step: &Step) -> GateScope {
        if step.b.is_multiple_of(4) {
            GateScope::Room
        } else {
            GateScope::Participant(self.participant(step.a))
        }
    }

    fn create(step: &Step) -> CreateBreakouts {
        CreateBreakouts {
            participants: (step.a != 0).then_some(u32::from(step.a % 12)),
            count: u32::from(step.b % 5),
            names: Vec::new(),
            media: kinds(step.c),
            open: step.c & 0x100 == 0,
            auto_move: step.c & 0x200 != 0,
            self_select: step.c & 0x400 != 0,
        }
    }

    fn join(step: &Step) -> Command {
        let offers = kinds(step.c >> 4).iter().collect();
        let identity = format!("i{}", step.a % 12);
        let slots = SlotPool {
            audio: step.b % 5,
            video: (step.b >> 4) % 5,
        };
        if step.c & 7 == 0 {
            return Command::Reconnect(Reconnect {
                identity,
                slots,
                offers,
            });
        }
        Command::Join(Join {
            display_name: identity.clone(),
            identity,
            role: role(step.c & 3 == 0),
            grants: grants(step.c >> 8),
            slots,
            offers,
        })
    }

    fn settings(&self, step: &Step) -> Command {
        match step.b % 7 {
            0 => Command::SetMode(if step.a < 40 {
                RoomMode::Lecture
            } else {
                RoomMode::Group
            }),
            1 => Command::UpdateRoom(RoomPatch {
                max_active_talkers: Some(step.a % 16),
                max_participants: Some(8),
                ..RoomPatch::default()
            }),
            2 => story::settings(|patch| {
                patch.timer = Some(TimerChange::EndAt(self.story.now + u64::from(step.c)));
            }),
            3 => story::settings(|patch| patch.allow_return = Some(step.a < 128)),
            4 => story::settings(|patch| patch.self_select = Some(step.a < 128)),
            5 => story::settings(|patch| patch.announce_presence = Some(step.a < 128)),
            _ => story::settings(|patch| {
                patch.parent_while_away = Some(if step.a < 128 {
                    ParentWhileAway::Live
                } else {
                    ParentWhileAway::Paused
                });
            }),
        }
    }

    fn breakout_command(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        let breakout = self.breakout(step.b);
        match step.what % 15 {
            0 => Command::CreateBreakouts(Self::create(step)),
            1 => Command::CreateAndInvite {
                create: Self::create(step),
                seed: Some(u64::from(step.c)),
                force: step.c & 0x800 != 0,
            },
            2 => Command::Invite {
                breakout,
                participants: vec![participant, self.participant(step.a ^ 3)],
                force: step.c & 1 == 0,
            },
            3 if step.c & 3 == 0 => Command::WithdrawInvitations {
                breakout,
                participants: vec![participant],
            },
            3 => Command::Reject {
                participant,
                breakout,
            },
            4 => Command::Assign {
                breakout: (step.c & 7 != 0).then_some(breakout),
                identities: vec![format!("i{}", step.a % 12)],
            },
            5 | 6 => Command::JoinBreakout {
                participant,
                breakout: (step.c & 3 != 0).then_some(breakout),
                stream: (step.c & 4 != 0).then(|| kinds(step.c)),
            },
            7 => Command::LeaveBreakout { participant },
            8 | 9 => Command::Move {
                moves: [step.a, step.a ^ 1, step.a ^ 2]
                    .iter()
                    .map(|one| MoveTo {
                        participant: self.participant(*one),
                        to: self.group(step.b ^ *one),
                        stream: (step.c & 1 == 0).then(|| kinds(step.c >> 1)),
                    })
                    .take(usize::from(step.c % 3) + 1)
                    .collect(),
            },
            10 => Command::Shuffle {
                breakouts: self.selection(step.b),
                seed: None,
            },
            11 => Command::Open(self.selection(step.b)),
            12 => match step.c % 3 {
                0 => Command::Close(self.selection(step.b)),
                1 => Command::Clear(self.selection(step.b)),
                _ => Command::Destroy(self.selection(step.b)),
            },
            13 => Command::UpdateBreakout {
                breakout,
                patch: BreakoutPatch {
                    capacity: Some(u32::from(step.a % 12)),
                    media: Some(kinds(step.c)),
                    auto_move: Some(step.c & 0x100 == 0),
                    self_select: (step.c & 0x200 == 0).then_some(step.c & 0x400 == 0),
                    owner: (step.c & 0x1800 == 0).then(|| self.participant(step.a)),
                    ..BreakoutPatch::default()
                },
            },
            _ => self.settings(step),
        }
    }

    fn other_command(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        let kind = TrackKind::ALL[usize::from(step.b % 4)];
        let both = GateKinds {
            audio: step.c & 1 == 0,
            video: step.c & 2 == 0,
        };
        match step.what % 20 {
            0..4 => Command::Publish { participant, kind },
            4 => Command::Unpublish { participant, kind },
            5 => Command::Mute {
                participant,
                kinds: kinds(step.c),
            },
            6 => Command::Unmute {
                participant,
                kinds: kinds(step.c),
            },
            7 => Command::PauseParent(self.scope(step)),
            8 => Command::ResumeParent(self.scope(step)),
            9 => Command::MuteParent {
                scope: self.scope(step),
                kinds: both,
            },
            10 => Command::UnmuteParent {
                scope: self.scope(step),
                kinds: both,
            },
            11 => Command::StartAddressAll {
                participant,
                kinds: kinds(step.c),
            },
            12 => Command::StopAddressAll { participant },
            13 => Command::ListenIn {
                participant,
                breakout: self.breakout(step.b),
            },
            14 => Command::StopListening { participant },
            15 => Command::SetRole {
                participant,
                role: role(step.b & 1 == 0),
            },
            16 => Command::SetGrants {
                participant,
                grants: grants(step.c),
            },
            17 => Command::SetStream {
                participant,
                stream: kinds(step.c),
            },
            18 => self.words(step),
            _ => match step.c % 8 {
                0 => Command::Leave { participant },
                1 => Command::Remove { participant },
                _ => Command::Drop { participant },
            },
        }
    }

    fn words(&self, step: &Step) -> Command {
        let participant = self.participant(step.a);
        match step.c % 4 {
            0 => Command::AskForHelp {
                participant,
                note: "come".to_owned(),
            },
            1 => Command::AnswerHelp {
                participant,
                note: String::new(),
            },
            2 => Command::AddressAllText {
                text: "all".to_owned(),
            },
            _ => Command::Chat {
                group: (step.c & 3 != 0).then(|| self.group(step.b)),
                text: "hello".to_owned(),
            },
        }
    }

    fn take(&mut self, step: &Step) {
        let actor = match step.actor % 6 {
            0..=2 => Actor::Operator,
            _ => Actor::Participant(self.participant(step.actor >> 2)),
        };
        let before = self.story.room.table();
        match step.what {
            0..60 => {
                let _ = self.story.try_as(Actor::Operator, Self::join(step));
            }
            60..140 => {
                let command = self.breakout_command(step);
                self.again(actor, command);
            }
            140..220 => {
                let command = self.other_command(step);
                self.again(actor, command);
            }
            220..230 => self.talk(step),
            230..240 => self.look(step),
            _ => {
                self.story.pass(u64::from(step.c) * 2);
            }
        }
        let after = self.story.room.table();
        check_slots_stay(&before, &after);
        match &mut self.accounts {
            Some(accounts) => accounts.follow(&self.story.room),
            None => check_room(&self.story.room),
        }
    }

    /// Applies; and if it was accepted, once more under the same id.
    fn again(&mut self, actor: Actor, command: Command) {
        let Ok(first) = self.story.try_as(actor, command.clone()) else {
            return;
        };
        let id = first.record.as_ref().unwrap().request_id.clone();
        let (hash, seq) = (self.story.room.state_hash(), self.story.room.seq());
        let later = self.story.now + 5;
        match self.story.room.apply(later, actor, &id, command) {
            Ok(second) => {
                assert!(second.repeated && second.events.is_empty() && second.update.is_none());
                assert_eq!((second.outcome, second.epoch), (first.outcome, first.epoch));
            }
            // The actor may have left by its own command, and is still answered.
            Err(error) => panic!("{error}"),
        }
        assert_eq!(
            (self.story.room.state_hash(), self.story.room.seq()),
            (hash, seq)
        );
    }

    fn talk(&mut self, step: &Step) {
        let before = self.story.room.table();
        let mut ranked: Vec<TrackId> = before.tracks.keys().copied().collect();
        let turn = usize::from(step.a) % ranked.len().max(1);
        ranked.rotate_left(turn);
        ranked.truncate(usize::from(step.c % 5));
        let update = self.story.room.handle_talkers(self.group(step.b), &ranked);
        self.check_volatile(&before, update);
    }

    fn look(&mut self, step: &Step) {
        let before = self.story.room.table();
        let wishes = [
            (step.b, Wish::Pinned),
            (step.b ^ 1, Wish::Hidden),
            (step.b ^ 2, Wish::Shown),
        ]
        .iter()
        .map(|(pick, wish)| View {
            publisher: self.participant(*pick),
            kind: TrackKind::ALL[usize::from(step.c) % 3 + 1],
            wish: *wish,
            max_height: Some(step.c % 1080),
        })
        .take(usize::from(step.c >> 8) % 4)
        .collect();
        let views = Views {
            everything_else: step.c & 16 == 0,
            wishes,
        };
        if let Ok(update) = self.story.room.set_views(self.participant(step.a), views) {
            self.check_volatile(&before, update);
        }
    }

    fn check_volatile(&self, before: &RoutePlan, update: Option<RouteUpdate>) {
        let after = self.story.room.table();
        match update {
            Some(update) => assert_eq!(before.diff(&after), update),
            None => assert_eq!(before, &after),
        }
        story::check_full_plan(&self.story.room, before);
    }
}

fn kinds(bits: u16) -> KindSet {
    let all = TrackKind::ALL.iter().enumerate();
    all.filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, kind)| *kind)
        .collect()
}

fn role(moderator: bool) -> Role {
    if moderator {
        Role::Moderator
    } else {
        Role::Participant
    }
}

fn grants(bits: u16) -> Grants {
    Grants {
        publish: if bits & 1 == 0 {
            KindSet::ALL
        } else {
            kinds(bits >> 4)
        },
        create_breakouts: bits & 2 != 0,
        move_others: bits & 4 != 0,
        listen_in: bits & 8 != 0,
        address_all: bits & 1 != 0,
    }
}

/// A source that is still wanted keeps its slot.
fn check_slots_stay(before: &RoutePlan, after: &RoutePlan) {
    let slot_of: BTreeMap<(ParticipantId, TrackId), SlotId> = after
        .routes
        .iter()
        .map(|((subscriber, slot), route)| ((*subscriber, route.track), *slot))
        .collect();
    assert_eq!(slot_of.len(), after.routes.len(), "a track has two slots");
    for ((subscriber, slot), route) in &before.routes {
        if let Some(now) = slot_of.get(&(*subscriber, route.track)) {
            // A pool that became smaller may have lost the slot.
            let lost = !after.routes.contains_key(&(*subscriber, *slot)) && now.index < slot.index;
            assert!(
                now == slot || lost,
                "{subscriber} had {} in {slot}",
                route.track
            );
        }
    }
}

/// What must hold in every room, said without a word of the planner's.
fn check_room(room: &Room) {
    let view = room.view(Viewer::Operator).unwrap();
    let people: BTreeMap<_, _> = view
        .participants
        .iter()
        .map(|one| (one.participant, one))
        .collect();
    let mut placed = BTreeSet::new();
    assert!(view.breakouts.len() <= usize::from(view.settings.max_breakouts));
    for breakout in &view.breakouts {
        let id = breakout.summary.breakout;
        assert!(breakout.members.len() <= usize::from(breakout.summary.capacity));
        assert!(breakout.summary.capacity >= 2);
        assert!(breakout.summary.capacity <= view.settings.largest_capacity());
        for member in &breakout.members {
            assert!(placed.insert(*member), "{member} is in two breakouts");
            assert_eq!(people[member].group, GroupId::Breakout(id));
        }
    }
    let away = view.participants.iter().filter(|one| one.away);
    assert_eq!(away.count(), placed.len());
    let table = room.table();
    for ((subscriber, slot), route) in &table.routes {
        let track = table.tracks.get(&route.track).expect("a routed track");
        assert_ne!(track.publisher, *subscriber);
        assert_eq!(slot.media, track.kind.media());
        let (to, from) = (people[subscriber], people[&track.publisher]);
        assert!(!to.dropped && !from.dropped);
        assert_eq!(track.group, from.group);
        if route.gate.is_open() {
            check_may_hear(room, &view, to, (from, track));
        }
    }
    check_five_lines(room, &view, &table);
}

/// Isolation: whoever hears has one of the four reasons.
fn check_may_hear(
    room: &Room,
    view: &RoomView,
    to: &ParticipantView,
    (from, track): (&ParticipantView, &TrackRoute),
) {
    let addressed = view.addressing.iter();
    let addressed = addressed
        .filter(|(speaker, kinds)| *speaker == from.participant && kinds.contains(track.kind))
        .count();
    let own = room.view(Viewer::Participant(to.participant)).unwrap();
    let gate = own.gate.unwrap();
    let shut = |gate: ParentGate| gate.paused || gate.mutes(track.kind.media());
    let parent = from.group == GroupId::Parent && !shut(gate) && !shut(view.room_gate);
    let powerful = to.role == Role::Moderator || own_grants(&own, to).listen_in;
    let visible = own.breakouts.iter().any(|one| {
        // The view shows plain participants only what they are inside of, own, or listen in on.
        GroupId::Breakout(one.summary.breakout) == from.group
    });
    let listening = powerful && visible;
    assert!(
        to.group == from.group || addressed > 0 || parent || listening,
        "{} in {} hears {} in {}",
        to.participant,
        to.group,
        from.participant,
        from.group
    );
    let view = from
        .tracks
        .iter()
        .find(|one| one.kind == track.kind)
        .unwrap();
    assert!(!view.muted_by_self && !view.muted_by_moderator);
}

fn own_grants(view: &RoomView, who: &ParticipantView) -> Grants {
    let mut all = view.participants.iter();
    let own = all.find(|one| one.participant == who.participant).unwrap();
    own.grants.unwrap()
}

fn check_five_lines(room: &Room, view: &RoomView, table: &RoutePlan) {
    let open: BTreeSet<(ParticipantId, TrackId)> = table
        .routes
        .iter()
        .filter(|(_, route)| route.gate.is_open())
        .map(|((subscriber, _), route)| (*subscriber, route.track))
        .collect();
    for one in &view.participants {
        for track in view.participants.iter().flat_map(|one| &one.tracks) {
            let pair = (one.participant, track.track);
            assert_eq!(
                hears(room, pair.0, pair.1),
                open.contains(&pair),
                "{pair:?}"
            );
        }
    }
}

fn run(steps: &[Step], live: bool, accounts: Option<Accounts>) {
    let mut config = config();
    if live {
        config.settings.breakouts.parent_while_away = ParentWhileAway::Live;
    }
    config.settings.max_active_talkers = 5;
    let mut random = Random {
        story: Story::with(config),
        accounts,
    };
    for pick in 0..4 {
        random.story.join_with(
            &format!("i{pick}"),
            role(pick == 0),
            SlotPool { audio: 3, video: 3 },
        );
    }
    // So that something is at stake from the beginning: two are away.
    let breakouts = story::breakouts_of(&random.story.ok_as(
        Actor::Operator,
        Command::CreateBreakouts(story::create(2, 3)),
    ));
    let away: Vec<_> = random.story.room.participants().skip(2).collect();
    random.story.put(&away, GroupId::Breakout(breakouts[0]));
    assert!(random.story.now == START);
    for step in steps {
        random.take(step);
    }
    random.story.check_replay();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_room_stays_right(steps in steps(), live in any::<bool>()) {
        run(&steps, live, None);
    }

    /// What a viewer sees, kept by the events that it is told, is what a fresh view shows.
    #[test]
    fn what_each_is_told_adds_up_to_a_fresh_view(steps in steps(), live in any::<bool>()) {
        run(&steps, live, Some(Accounts::default()));
    }
}

/// `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(96)
}
