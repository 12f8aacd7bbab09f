//! The rules on rights in `docs/rpc.md`, and tokens to check them with.

use sideroom_route::TrackKind;
use sideroom_rpc::auth::{GrantClaims, RoleClaim};

/// A power that a token names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grant {
    CreateBreakouts,
    MoveOthers,
    ListenIn,
    AddressAll,
    CreateSideRooms,
    PublishAudio,
}

/// The right that the rules require of the author of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    /// No right: it concerns the caller only.
    Nothing,
    /// To be a moderator.
    Moderator,
    /// A grant, whatever the role.
    Has(Grant),
    /// To be a moderator with a grant.
    ModeratorWith(Grant),
    /// An API key.
    Key,
}

use Grant::*;
use Need::*;

/// Every command with the right that it requires. `{me}`, `{other}`, `{asked}` and `b1` are there; `other` is
/// in `b1` and has asked for help, and `asked` is invited there and knocks at `b2`. A command is scheduled.
pub(super) const COMMANDS: [(&str, &str, Need); 83] = [
    // Required roles, for commands on others and on the room.
    (
        "RoomService/UpdateRoom",
        r#"{"settings":{"maxBreakouts":4}}"#,
        Moderator,
    ),
    (
        "ParticipantService/Mute",
        r#"{"participantId":"{other}","kinds":["TRACK_KIND_AUDIO"]}"#,
        Moderator,
    ),
    (
        "ParticipantService/Unmute",
        r#"{"participantId":"{other}","kinds":["TRACK_KIND_AUDIO"]}"#,
        Moderator,
    ),
    (
        "ParticipantService/SetRoomGate",
        r#"{"paused":true}"#,
        Moderator,
    ),
    (
        "ParticipantService/SetRole",
        r#"{"participantId":"{other}","role":"ROLE_PARTICIPANT"}"#,
        Moderator,
    ),
    (
        "ParticipantService/SetGrants",
        r#"{"participantId":"{other}","grants":{}}"#,
        Moderator,
    ),
    (
        "ParticipantService/Remove",
        r#"{"participantId":"{other}"}"#,
        Moderator,
    ),
    (
        "ParticipantService/Ban",
        r#"{"participantId":"{other}","reason":"noise"}"#,
        Moderator,
    ),
    (
        "ParticipantService/Unban",
        r#"{"identity":"zed"}"#,
        Moderator,
    ),
    ("RoomService/ListMoves", "{}", Moderator),
    ("RoomService/ListAttendance", "{}", Moderator),
    (
        "BreakoutService/GetArrangement",
        r#"{"name":"kept"}"#,
        Moderator,
    ),
    ("RoomService/DeleteRoom", "{}", Moderator),
    (
        "BreakoutService/AnswerHelp",
        r#"{"participantId":"{other}"}"#,
        Moderator,
    ),
    (
        "BreakoutService/StopAddressAll",
        r#"{"participantId":"{other}"}"#,
        Moderator,
    ),
    (
        "BreakoutService/StopIntercom",
        r#"{"participantId":"{other}"}"#,
        Moderator,
    ),
    (
        "BreakoutService/StopReply",
        r#"{"participantId":"{other}"}"#,
        Moderator,
    ),
    (
        "BreakoutService/AnswerKnock",
        r#"{"participantId":"{asked}","breakoutId":"b2","admit":true}"#,
        Moderator,
    ),
    (
        "BreakoutService/ChangeSchedule",
        r#"{"scheduleId":1,"atMs":"1790086500000"}"#,
        Moderator,
    ),
    (
        "BreakoutService/CancelSchedule",
        r#"{"scheduleId":1}"#,
        Moderator,
    ),
    // Required grants, which bind moderators too.
    (
        "BreakoutService/StartIntercom",
        r#"{"groupIds":["b1"]}"#,
        Has(AddressAll),
    ),
    ("BreakoutService/CreateSideRoom", "{}", Has(CreateSideRooms)),
    (
        "BreakoutService/CreateBreakouts",
        r#"{"definition":{"maxRooms":1,"participants":3}}"#,
        Has(CreateBreakouts),
    ),
    (
        "BreakoutService/CreateAndInvite",
        r#"{"definition":{"maxRooms":1,"participants":3}}"#,
        Has(CreateBreakouts),
    ),
    (
        "BreakoutService/UpdateBreakout",
        r#"{"breakoutId":"b1","displayName":"mine"}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/OpenBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/CloseBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/DestroyBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/UpdateSettings",
        r#"{"settings":{"allowReturn":false}}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/Invite",
        r#"{"breakoutId":"b1","participantIds":["{me}"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/WithdrawInvites",
        r#"{"breakoutId":"b1","participantIds":["{asked}"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/Assign",
        r#"{"breakoutId":"b1","identities":["late"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/Unassign",
        r#"{"identities":["late"]}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/MoveParticipants",
        r#"{"moves":[{"participantId":"{other}","toGroupId":"parent"}]}"#,
        Has(MoveOthers),
    ),
    ("BreakoutService/Shuffle", "{}", ModeratorWith(MoveOthers)),
    (
        "BreakoutService/StartRotation",
        r#"{"rounds":2,"roundMs":60000}"#,
        ModeratorWith(MoveOthers),
    ),
    (
        "BreakoutService/ChangeRotation",
        r#"{"step":"ROTATION_STEP_PAUSE"}"#,
        ModeratorWith(MoveOthers),
    ),
    (
        "BreakoutService/SaveArrangement",
        r#"{"name":"new","list":"Red,ann"}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/RemoveArrangement",
        r#"{"name":"kept"}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/ApplyArrangement",
        r#"{"name":"kept"}"#,
        ModeratorWith(CreateBreakouts),
    ),
    (
        "BreakoutService/StartListening",
        r#"{"groupId":"b1"}"#,
        Has(ListenIn),
    ),
    ("BreakoutService/StartAddressAll", "{}", Has(AddressAll)),
    (
        "RoomService/SendMessage",
        r#"{"text":"hello","allGroups":true}"#,
        Has(AddressAll),
    ),
    (
        "ParticipantService/Publish",
        r#"{"kinds":["TRACK_KIND_AUDIO"]}"#,
        Has(PublishAudio),
    ),
    // The caller's own affairs.
    ("RoomService/GetRoom", "{}", Nothing),
    ("RoomService/SendMessage", r#"{"text":"hello"}"#, Nothing),
    (
        "ParticipantService/Mute",
        r#"{"kinds":["TRACK_KIND_AUDIO"]}"#,
        Nothing,
    ),
    (
        "ParticipantService/SetParentGate",
        r#"{"paused":true}"#,
        Nothing,
    ),
    ("ParticipantService/SetViews", "{}", Nothing),
    ("BreakoutService/RaiseHelp", "{}", Nothing),
    ("BreakoutService/ClearBreakouts", "{}", Nothing),
    ("BreakoutService/LeaveBreakout", "{}", Nothing),
    ("BreakoutService/StopListening", "{}", Nothing),
    ("BreakoutService/StopAddressAll", "{}", Nothing),
    ("BreakoutService/StopReply", "{}", Nothing),
    ("BreakoutService/Knock", r#"{"breakoutId":"b2"}"#, Nothing),
    (
        "BreakoutService/StopKnocking",
        r#"{"breakoutId":"b2"}"#,
        Nothing,
    ),
    (
        "ParticipantService/SetStream",
        r#"{"stream":{"audio":true}}"#,
        Nothing,
    ),
    ("ParticipantService/Leave", "{}", Nothing),
    // Joining needs an invitation, which a moderator needs not.
    (
        "BreakoutService/JoinBreakout",
        r#"{"breakoutId":"b1"}"#,
        Moderator,
    ),
    // The affairs of somebody else are nobody's, whatever the role: only the signaling server speaks for them.
    (
        "ParticipantService/Leave",
        r#"{"participantId":"{other}"}"#,
        Key,
    ),
    (
        "ParticipantService/Trickle",
        r#"{"participantId":"{other}","candidate":""}"#,
        Key,
    ),
    (
        "ParticipantService/SetViews",
        r#"{"participantId":"{other}"}"#,
        Key,
    ),
    (
        "ParticipantService/Publish",
        r#"{"participantId":"{other}","kinds":["TRACK_KIND_AUDIO"]}"#,
        Key,
    ),
    (
        "ParticipantService/Unpublish",
        r#"{"participantId":"{other}","kinds":["TRACK_KIND_AUDIO"]}"#,
        Key,
    ),
    (
        "ParticipantService/SetStream",
        r#"{"participantId":"{other}","stream":{"audio":true}}"#,
        Key,
    ),
    (
        "ParticipantService/SetParentGate",
        r#"{"participantId":"{other}","paused":true}"#,
        Key,
    ),
    (
        "BreakoutService/RejectInvite",
        r#"{"participantId":"{asked}","breakoutId":"b1"}"#,
        Key,
    ),
    (
        "BreakoutService/JoinBreakout",
        r#"{"participantId":"{asked}","breakoutId":"b1"}"#,
        Key,
    ),
    (
        "BreakoutService/LeaveBreakout",
        r#"{"participantId":"{other}"}"#,
        Key,
    ),
    (
        "BreakoutService/StopListening",
        r#"{"participantId":"{other}"}"#,
        Key,
    ),
    (
        "BreakoutService/StartListening",
        r#"{"participantId":"{other}","groupId":"b1"}"#,
        Key,
    ),
    (
        "BreakoutService/StartAddressAll",
        r#"{"participantId":"{other}"}"#,
        Key,
    ),
    (
        "BreakoutService/RaiseHelp",
        r#"{"participantId":"{other}"}"#,
        Key,
    ),
    (
        "BreakoutService/StartIntercom",
        r#"{"participantId":"{other}","all":true}"#,
        Key,
    ),
    (
        "BreakoutService/StartReply",
        r#"{"participantId":"{other}","speakerId":"{me}"}"#,
        Key,
    ),
    (
        "BreakoutService/CreateSideRoom",
        r#"{"participantId":"{asked}"}"#,
        Key,
    ),
    // The signaling server's.
    ("RoomService/CreateRoom", r#"{"room":"another"}"#, Key),
    ("RoomService/ListRooms", "{}", Key),
    ("RoomService/SetDraining", r#"{"draining":true}"#, Key),
    (
        "ParticipantService/CreateToken",
        r#"{"identity":"zed"}"#,
        Key,
    ),
    ("NodeService/GetStats", "{}", Key),
    ("NodeService/Drain", "{}", Key),
];

/// Methods without a row: they bring a token of their own, or answer an offer of the caller's.
pub(super) const WITHOUT_A_ROW: [&str; 2] =
    ["ParticipantService/Join", "ParticipantService/Reoffer"];

/// The token of one row: a role, and grants that differ from those of the role.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    pub(super) role: RoleClaim,
    pub(super) grants: Option<GrantClaims>,
}

impl Bearer {
    pub(super) fn has(&self, grant: Grant) -> bool {
        let all = self.role == RoleClaim::Moderator;
        let Some(named) = &self.grants else {
            return all || grant == PublishAudio;
        };
        match grant {
            CreateBreakouts => named.create_breakouts,
            MoveOthers => named.move_others,
            ListenIn => named.listen_in,
            AddressAll => named.address_all,
            CreateSideRooms => named.create_side_rooms,
            PublishAudio => named.publish.contains(&TrackKind::Audio),
        }
    }

    pub(super) fn may(&self, need: Need) -> bool {
        let moderates = self.role == RoleClaim::Moderator;
        match need {
            Nothing => true,
            Moderator => moderates,
            Has(grant) => self.has(grant),
            ModeratorWith(grant) => moderates && self.has(grant),
            Key => false,
        }
    }
}

/// No grants named, none, all, all but one, and only one; for either role.
pub(super) fn bearers() -> Vec<Bearer> {
    let all = GrantClaims::of_role(RoleClaim::Moderator);
    let none = GrantClaims::default();
    let mut sets = vec![None, Some(none.clone()), Some(all.clone())];
    for grant in [
        CreateBreakouts,
        MoveOthers,
        ListenIn,
        AddressAll,
        CreateSideRooms,
        PublishAudio,
    ] {
        for (mut set, given) in [(all.clone(), false), (none.clone(), true)] {
            match grant {
                CreateBreakouts => set.create_breakouts = given,
                MoveOthers => set.move_others = given,
                ListenIn => set.listen_in = given,
                AddressAll => set.address_all = given,
                CreateSideRooms => set.create_side_rooms = given,
                PublishAudio if given => set.publish = vec![TrackKind::Audio],
                PublishAudio => set.publish = vec![TrackKind::Screen],
            }
            sets.push(Some(set));
        }
    }
    let roles = [RoleClaim::Participant, RoleClaim::Moderator];
    let with_role = |role| {
        sets.iter()
            .cloned()
            .map(move |grants| Bearer { role, grants })
    };
    roles.into_iter().flat_map(with_role).collect()
}
