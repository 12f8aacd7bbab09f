//! Rules 19 and 21: intercoms, and hopping.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

/// A moderator in the parent, and two breakouts with `ann` and `bob` in the first and `cem` in the second.
fn two_rooms() -> (Story, [ParticipantId; 4], [BreakoutId; 2]) {
    let (mut story, people) = four();
    let [moderator, ann, bob, cem] = people;
    let made = story.create(moderator, 2, 4);
    story.put(&[ann, bob], inside(made[0]));
    story.put(&[cem], inside(made[1]));
    (story, people, [made[0], made[1]])
}

fn to(groups: &[GroupId], people: &[ParticipantId]) -> Addressed {
    Addressed::Some {
        groups: groups.iter().copied().collect(),
        people: people.iter().copied().collect(),
    }
}

fn speak(participant: ParticipantId, to: Addressed) -> Command {
    speak_with(participant, to, |_| ())
}

fn speak_with(
    participant: ParticipantId,
    to: Addressed,
    change: impl Fn(&mut StartIntercom),
) -> Command {
    let mut start = StartIntercom {
        to,
        kinds: KindSet::AUDIO,
        own_group: OwnGroup::Keep,
        allow_reply: false,
        limit_ms: None,
    };
    change(&mut start);
    Command::StartIntercom { participant, start }
}

fn stop(participant: ParticipantId) -> Command {
    Command::StopIntercom { participant }
}

#[test]
fn rule_19_an_intercom_reaches_the_addressed_and_nobody_else() {
    let (mut story, [host, ann, bob, cem], [one, two]) = two_rooms();
    let dan = story.person("dan");
    for (addressed, heard) in [
        (to(&[inside(one)], &[]), vec![ann, bob, dan]),
        (
            to(&[inside(one), inside(two)], &[]),
            vec![ann, bob, cem, dan],
        ),
        (to(&[], &[bob]), vec![bob, dan]),
        (to(&[inside(two)], &[ann]), vec![ann, cem, dan]),
        (Addressed::All, vec![ann, bob, cem, dan]),
    ] {
        story.ok(host, speak(host, addressed));
        for person in [ann, bob, cem, dan] {
            assert_eq!(
                story.hears(person, host),
                heard.contains(&person),
                "{person}"
            );
            assert!(!story.hears_kind(person, host, TrackKind::Screen) || person == dan);
        }
    }
    story.ok(host, stop(host));
    assert!(!story.hears(ann, host) && !story.hears(cem, host) && story.hears(dan, host));
    story.check_replay();
}

#[test]
fn rule_19_the_own_group_is_kept_or_suspended() {
    let (mut story, [host, ann, ..], [one, _]) = two_rooms();
    let dan = story.person("dan");
    let whisper =
        |own_group| speak_with(host, to(&[], &[ann]), |start| start.own_group = own_group);
    story.ok(host, whisper(OwnGroup::Suspend));
    assert!(story.hears(ann, host) && !story.hears(dan, host));
    assert!(
        story.hears_kind(dan, host, TrackKind::Screen),
        "not of these kinds"
    );
    // Those who listen from elsewhere are no better off than the group itself.
    story.ok(host, whisper(OwnGroup::Keep));
    assert!(story.hears(ann, host) && story.hears(dan, host));
    let all = speak_with(host, to(&[GroupId::Parent, inside(one)], &[]), |start| {
        start.own_group = OwnGroup::Suspend;
    });
    story.ok(host, all);
    assert!(story.hears(dan, host), "it is addressed");
}

#[test]
fn rule_19_the_addressed_answer_within_the_set_if_they_may() {
    let (mut story, [host, ann, bob, cem], [one, two]) = two_rooms();
    let reply = |participant, speaker| Command::StartReply {
        participant,
        speaker,
    };
    let set = to(&[inside(two)], &[ann]);
    story.ok(host, speak(host, set.clone()));
    story.refused(ann, reply(ann, host));
    story.ok(
        host,
        speak_with(host, set, |start| start.allow_reply = true),
    );
    story.refused(bob, reply(bob, host));
    assert!(
        !story.hears(host, ann),
        "nobody is opened who does not ask for it"
    );
    let applied = story.ok(ann, reply(ann, host));
    assert!(story.hears(host, ann) && story.hears(cem, ann) && story.hears(bob, ann));
    assert!(!story.hears(host, cem));
    let told = |who| {
        let seen = story.seen_by(who, &applied);
        seen.iter().any(|event| matches!(event, EventKind::IntercomChanged { intercom } if intercom.replying == [ann]))
    };
    assert!(told(host) && told(cem) && told(ann) && !told(bob));
    let view = story.room.view(Viewer::Participant(cem)).unwrap();
    assert_eq!(view.intercoms[0].replying, [ann]);
    // The answer ends with the intercom, and for those who are not addressed any more.
    story.put(&[cem], inside(one));
    assert!(
        !story.hears(host, cem) && story.hears(cem, ann),
        "the same group now"
    );
    story.ok(host, stop(host));
    assert!(!story.hears(host, ann));
    story.check_replay();
}

#[test]
fn rule_19_it_ends_with_a_stop_a_limit_or_the_speaker() {
    let (mut story, [host, ann, bob, cem], [one, two]) = two_rooms();
    let limited = speak_with(host, to(&[inside(one)], &[]), |start| {
        start.limit_ms = Some(5_000);
    });
    story.ok(host, limited.clone());
    assert!(story.pass(4_999).is_empty() && story.hears(ann, host));
    let told = story.pass(1);
    assert!(
        matches!(told[0].kind, EventKind::IntercomStopped { participant, .. } if participant == host)
    );
    assert!(!story.hears(ann, host));
    // With the groups and people that it addresses.
    story.ok(host, speak(host, to(&[inside(one)], &[cem])));
    let destroy = Command::Destroy(Selection::Some(vec![one]));
    story.ok(host, destroy);
    assert_eq!(story.view().intercoms[0].to, to(&[], &[cem]));
    story.ok(cem, Command::Leave { participant: cem });
    assert!(story.view().intercoms.is_empty());
    // With the power, and with the speaker.
    story.grant(bob, |grants| grants.address_all = true);
    story.ok(bob, speak(bob, to(&[inside(two)], &[])));
    story.grant(bob, |_| ());
    assert!(story.view().intercoms.is_empty());
    story.refused(bob, speak(bob, to(&[inside(two)], &[])));
    story.ok(host, speak(host, to(&[inside(two)], &[])));
    story.ok(host, Command::Leave { participant: host });
    assert!(story.view().intercoms.is_empty());
    story.check_replay();
}

#[test]
fn rule_19_the_addressed_are_told_who_speaks_also_later() {
    let (mut story, [host, ann, bob, cem], [one, two]) = two_rooms();
    let applied = story.ok(host, speak(host, to(&[inside(one)], &[])));
    let changed = |event: &EventKind| matches!(event, EventKind::IntercomChanged { .. });
    for (who, is_told) in [(ann, true), (bob, true), (cem, false), (host, true)] {
        assert_eq!(
            story.seen_by(who, &applied).iter().any(changed),
            is_told,
            "{who}"
        );
    }
    let move_to = |participant, group| Command::Move {
        moves: vec![MoveTo {
            participant,
            to: group,
            stream: None,
        }],
    };
    let applied = story.ok(host, move_to(cem, inside(one)));
    let seen = story.seen_by(cem, &applied);
    assert!(
        seen.iter()
            .any(|event| matches!(event, EventKind::IntercomEntered { .. }))
    );
    assert!(story.hears(cem, host));
    let applied = story.ok(host, move_to(cem, inside(two)));
    let seen = story.seen_by(cem, &applied);
    assert!(
        seen.iter()
            .any(|event| matches!(event, EventKind::IntercomLeft { .. }))
    );
    assert!(!story.hears(cem, host));
}

#[test]
fn rule_19_intercoms_have_bounds() {
    let (mut story, [host, ann, ..], [one, _]) = two_rooms();
    for wrong in [
        to(&[], &[]),
        to(&[inside(BreakoutId(99))], &[]),
        to(&[], &[ParticipantId::new(RoomId(7), 999)]),
        to(&[], &[host]),
    ] {
        story.refused(host, speak(host, wrong));
    }
    let silent = speak_with(host, to(&[inside(one)], &[]), |start| {
        start.kinds = KindSet::NONE
    });
    story.refused(host, silent);
    let endless = speak_with(host, to(&[inside(one)], &[]), |start| {
        start.limit_ms = Some(0)
    });
    story.refused(host, endless);
    for number in 0..bounds::INTERCOMS {
        let speaker = story.moderator(&format!("m{number}"));
        story.ok(speaker, speak(speaker, to(&[], &[ann])));
    }
    story.refused(host, speak(host, to(&[], &[ann])));
}

#[test]
fn rule_21_one_command_goes_from_room_to_room_in_one_epoch() {
    let (mut story, [host, ann, _, cem], [one, two]) = two_rooms();
    let dan = story.person("dan");
    let listen = |breakout, follow| Command::ListenIn {
        participant: host,
        breakout,
        follow,
    };
    let before = story.room.epoch();
    story.ok(host, listen(one, false));
    assert_eq!(story.room.epoch(), before.next());
    assert!(story.hears(host, ann) && story.hears(dan, host));
    let before = story.room.epoch();
    story.ok(host, listen(two, true));
    assert_eq!(story.room.epoch(), before.next());
    assert!(story.hears(host, cem) && !story.hears(host, ann));
    assert!(!story.hears(dan, host), "the own group hears nothing of it");
    assert!(!story.hears_kind(dan, host, TrackKind::Camera));
    assert!(story.hears(host, dan));
    story.ok(host, Command::StopListening { participant: host });
    assert!(story.hears(dan, host));
    story.check_replay();
}

#[test]
fn rule_20_talkers_everywhere_are_for_moderators_who_may_listen_in() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let ids = story.create(moderator, 2, 4);
    story.put(&[ann], inside(ids[0]));
    let near = |story: &Story, who, group| story.room.is_near(who, group);
    assert!(near(&story, ann, inside(ids[0])) && near(&story, bob, GroupId::Parent));
    assert!(!near(&story, moderator, inside(ids[0])) && !near(&story, ann, GroupId::Parent));
    let all = |story: &Story, who| story.room.sees_all_talkers(who);
    assert!(all(&story, moderator));
    assert!(![ann, bob, cem].iter().any(|who| all(&story, *who)));
    story.grant(bob, |grants| grants.listen_in = true);
    assert!(!all(&story, bob), "they are no moderator");
    let listen = Command::ListenIn {
        participant: bob,
        breakout: ids[0],
        follow: false,
    };
    story.ok(bob, listen);
    assert!(near(&story, bob, inside(ids[0])), "they listen in");
    story.grant(moderator, |grants| grants.listen_in = false);
    assert!(!all(&story, moderator), "the grant binds moderators too");
}
