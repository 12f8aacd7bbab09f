//! The room remembers of a person beyond their stay: sanctions, changed rights, and the breakout that
//! they may not return from (rules 13 and 18).
//!
//! A person has one identity and may be in the room several times: the streams that WHIP and WHEP make
//! for it are the same person.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, ParticipantId};

use crate::state::State;
use crate::{Actor, BanView, Grants, KindSet, Rights, Role, UnixMillis};

/// How the identity of a person's WHIP stream ends.
pub const WHIP_SUFFIX: &str = "/whip";
/// How the identities of a person's WHEP streams go on; a name of the stream follows.
pub const WHEP_SUFFIX: &str = "/whep-";
/// Bytes of the name of a WHEP stream.
pub const WHEP_NAME: usize = 8;

/// The person behind an identity: the owner of a WHIP or WHEP stream, or else the identity itself.
pub fn person_of(identity: &str) -> &str {
    if let Some(person) = identity.strip_suffix(WHIP_SUFFIX)
        && !person.is_empty()
    {
        return person;
    }
    let Some((person, name)) = identity.rsplit_once(WHEP_SUFFIX) else {
        return identity;
    };
    let named = name.len() == WHEP_NAME && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if named && !person.is_empty() {
        person
    } else {
        identity
    }
}

/// The record of one person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The kinds that a moderator has muted.
    pub(crate) muted: KindSet,
    /// The role that the room gave, if it is not the token's.
    pub(crate) role: Option<Role>,
    /// Grants beyond the token's.
    pub(crate) given: Grants,
    /// Grants of the token that do not hold.
    pub(crate) taken: Grants,
    /// The breakout that the person left the room from while returning was not allowed.
    pub(crate) held: Option<BreakoutId>,
    pub(crate) ban: Option<Ban>,
}

/// Keeps a person out of the room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Ban {
    pub(crate) reason: String,
    /// `None`: for the room's life.
    pub(crate) until: Option<UnixMillis>,
    pub(crate) by: Actor,
    pub(crate) since: UnixMillis,
}

impl Ban {
    pub(crate) fn holds(&self, now: UnixMillis) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Person {
    /// A person without any record.
    pub(crate) const UNKNOWN: Self = Self {
        muted: KindSet::NONE,
        role: None,
        given: Grants::NONE,
        taken: Grants::NONE,
        held: None,
        ban: None,
    };

    /// The rights of a token's bearer in this room.
    pub(crate) fn rights(&self, token: Rights) -> Rights {
        Rights {
            role: self.role.unwrap_or(token.role),
            grants: token.grants.union(self.given).difference(self.taken),
        }
    }

    /// From now on the grants are these, whatever the token says.
    pub(crate) const fn set_grants(&mut self, token: Rights, grants: Grants) {
        self.given = grants.difference(token.grants);
        self.taken = token.grants.difference(grants);
    }
}

impl State {
    pub(crate) fn person(&self, identity: &str) -> &Person {
        self.people
            .get(person_of(identity))
            .unwrap_or(&Person::UNKNOWN)
    }

    /// Changes the record of a person; an empty record is dropped.
    pub(crate) fn change_person(&mut self, identity: &str, change: impl FnOnce(&mut Person)) {
        let person = person_of(identity);
        let mut known = self
            .people
            .remove(&person.to_owned())
            .unwrap_or(Person::UNKNOWN);
        change(&mut known);
        if known != Person::UNKNOWN {
            self.people.insert(person.to_owned(), known);
        }
    }

    /// Every participant that is this person, streams included.
    pub(crate) fn participants_of(&self, identity: &str) -> Vec<ParticipantId> {
        let person = person_of(identity);
        let itself = self.identities.get(person).copied();
        let streams = self.streams_of(person);
        itself.into_iter().chain(streams).collect()
    }

    /// The WHIP and WHEP streams of a person.
    pub(crate) fn streams_of(&self, person: &str) -> Vec<ParticipantId> {
        let first = format!("{person}/wh");
        self.identities
            .range(first.clone()..)
            .take_while(|(identity, _)| identity.starts_with(&first))
            .filter(|(identity, _)| person_of(identity) == person)
            .map(|(_, participant)| *participant)
            .collect()
    }

    /// Completes states from before there were rights of people: limits are those of the settings, rights
    /// those of the tokens, and mutes belong to the person.
    pub(crate) fn remember_people(&mut self) {
        if self.ceiling.is_some() {
            return;
        }
        self.ceiling = Some(self.ceiling());
        let present: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for id in present {
            if let Some(one) = self.participants.get_mut(&id) {
                (one.token.role, one.token.grants) = (one.role, one.grants);
            }
        }
        let present = self.participants.values();
        let muted = present.filter(|one| !one.muted_by_moderator.is_empty());
        let muted: Vec<(String, KindSet)> = muted
            .map(|one| (one.identity.clone(), one.muted_by_moderator))
            .collect();
        for (identity, kinds) in muted {
            self.change_person(&identity, |known| known.muted = known.muted.union(kinds));
        }
    }

    /// Bans that were not lifted. An expired ban is shown until it is forgotten.
    pub(crate) fn bans(&self) -> Vec<BanView> {
        let banned = self.people.iter();
        banned
            .filter_map(|(identity, person)| {
                let ban = person.ban.as_ref()?;
                Some(BanView {
                    identity: identity.clone(),
                    reason: ban.reason.clone(),
                    until: ban.until,
                    by: ban.by,
                    since: ban.since,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_belong_to_their_person() {
        for (identity, person) in [
            ("ann", "ann"),
            ("ann/whip", "ann"),
            ("ann/whep-0123abcd", "ann"),
            ("ann/whep-12", "ann/whep-12"),
            ("ann/whep-0123abcz", "ann/whep-0123abcz"),
            ("/whip", "/whip"),
            ("/whep-0123abcd", "/whep-0123abcd"),
            ("team/ann", "team/ann"),
            ("ann/whip/whip", "ann/whip"),
        ] {
            assert_eq!(person_of(identity), person, "{identity}");
        }
    }

    #[test]
    fn what_the_room_changed_holds_over_any_token() {
        let token = Rights::of_role(Role::Moderator);
        let mut person = Person::UNKNOWN;
        assert_eq!(person.rights(token), token);
        let fewer = Grants {
            listen_in: false,
            ..Grants::ALL
        };
        person.set_grants(token, fewer);
        assert_eq!(person.rights(token).grants, fewer);
        let weaker = Rights::of_role(Role::Participant);
        assert_eq!(
            person.rights(weaker),
            weaker,
            "a weaker token is not made stronger"
        );
        person.set_grants(weaker, fewer);
        assert!(person.rights(weaker).grants.move_others);
    }

    fn lesson() -> crate::Room {
        let config = crate::RoomConfig {
            id: sideroom_route::RoomId(1),
            name: "lesson".to_owned(),
            settings: crate::RoomSettings::default(),
            seed: 1,
            created_at: UnixMillis(0),
        };
        crate::Room::new(config).unwrap()
    }

    fn apply(room: &mut crate::Room, actor: Actor, command: crate::Command) {
        let id = crate::RequestId::new(&format!("q{}", room.seq())).unwrap();
        room.apply(UnixMillis(1), actor, &id, command).unwrap();
    }

    fn join(room: &mut crate::Room, identity: &str, role: Role) -> ParticipantId {
        let join = crate::Join {
            identity: identity.to_owned(),
            display_name: identity.to_owned(),
            role,
            grants: Grants::of_role(role),
            slots: crate::SlotPool { audio: 1, video: 1 },
            offers: Vec::new(),
        };
        apply(room, Actor::Operator, crate::Command::Join(join));
        room.participant_id(identity).unwrap()
    }

    #[test]
    fn a_state_from_before_rights_of_people_keeps_roles_mutes_and_limits() {
        let mut room = lesson();
        let host = join(&mut room, "host", Role::Moderator);
        let ann = join(&mut room, "ann", Role::Participant);
        let mute = crate::Command::Mute {
            participant: ann,
            kinds: KindSet::AUDIO,
        };
        apply(&mut room, Actor::Participant(host), mute);
        let mut before = room.snapshot();
        before.state.ceiling = None;
        before.state.people.clear();
        for id in [host, ann] {
            before.state.participants.get_mut(&id).unwrap().token = Rights::default();
        }
        let mut restored = crate::Room::restore(before).unwrap();
        assert_eq!(restored.state_hash(), room.state_hash());
        apply(
            &mut restored,
            Actor::Operator,
            crate::Command::Leave { participant: ann },
        );
        let again = join(&mut restored, "ann", Role::Participant);
        let again = &restored.state.participants[&again];
        assert_eq!(again.muted_by_moderator, KindSet::AUDIO);
    }
}
