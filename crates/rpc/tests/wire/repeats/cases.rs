//! The methods that change state, each with the bodies of its two requests.

/// One method: the preparation, an accepted body, and another one. `$ann` and the like stand for ids.
pub(super) struct Case {
    pub(super) method: &'static str,
    pub(super) before: &'static [(&'static str, &'static str)],
    pub(super) body: &'static str,
    /// Empty: everything that could differ is the room itself.
    pub(super) other: &'static str,
}

const fn case(method: &'static str, body: &'static str, other: &'static str) -> Case {
    after(&[], method, body, other)
}

const fn after(
    before: &'static [(&'static str, &'static str)],
    method: &'static str,
    body: &'static str,
    other: &'static str,
) -> Case {
    Case {
        method,
        before,
        body,
        other,
    }
}

const BANNED: (&str, &str) = ("ParticipantService/Ban", r#"{"identity":"gil"}"#);
const BANNED_TOO: (&str, &str) = ("ParticipantService/Ban", r#"{"identity":"hal"}"#);
const PUBLISH: (&str, &str) = (
    "ParticipantService/Publish",
    r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
);
const INVITE: (&str, &str) = (
    "BreakoutService/Invite",
    r#"{"breakoutId":"b1","participantIds":["$ann"]}"#,
);
const AWAY: (&str, &str) = (
    "BreakoutService/MoveParticipants",
    r#"{"moves":[{"participantId":"$ann","toGroupId":"b1"},{"participantId":"$bob","toGroupId":"b2"}]}"#,
);
const ADDRESS: (&str, &str) = (
    "BreakoutService/StartAddressAll",
    r#"{"participantId":"$mo","kinds":["TRACK_KIND_AUDIO"]}"#,
);
const LISTEN: (&str, &str) = (
    "BreakoutService/StartListening",
    r#"{"participantId":"$mo","groupId":"b1"}"#,
);
const INTERCOM: (&str, &str) = (
    "BreakoutService/StartIntercom",
    r#"{"participantId":"$mo","all":true,"allowReply":true}"#,
);
const REPLY: (&str, &str) = (
    "BreakoutService/StartReply",
    r#"{"participantId":"$ann","speakerId":"$mo"}"#,
);
const DOOR: (&str, &str) = (
    "BreakoutService/UpdateBreakout",
    r#"{"breakoutId":"b1","door":"DOOR_KNOCKING"}"#,
);
const KNOCK: (&str, &str) = (
    "BreakoutService/Knock",
    r#"{"participantId":"$ann","breakoutId":"b1"}"#,
);
const LATER: (&str, &str) = (
    "BreakoutService/OpenBreakouts",
    r#"{"atMs":"1790086400000"}"#,
);
const ROTATE: (&str, &str) = (
    "BreakoutService/StartRotation",
    r#"{"rounds":3,"roundMs":60000}"#,
);
const KEPT: (&str, &str) = (
    "BreakoutService/SaveArrangement",
    r#"{"name":"kept","list":"Breakout 1,ann"}"#,
);
const HELP: (&str, &str) = (
    "BreakoutService/RaiseHelp",
    r#"{"participantId":"$ann","text":"stuck"}"#,
);
const MUTED: (&str, &str) = (
    "ParticipantService/Mute",
    r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
);

const ROOMS: [Case; 5] = [
    case(
        "RoomService/CreateRoom",
        r#"{"room":"new","settings":{"maxBreakouts":3}}"#,
        r#"{"room":"new","settings":{"maxBreakouts":4}}"#,
    ),
    case(
        "RoomService/UpdateRoom",
        r#"{"settings":{"maxBreakouts":3}}"#,
        r#"{"settings":{"maxBreakouts":4}}"#,
    ),
    case(
        "RoomService/SetDraining",
        r#"{"draining":true}"#,
        r#"{"draining":false}"#,
    ),
    case(
        "RoomService/SendMessage",
        r#"{"text":"one","groupId":"parent"}"#,
        r#"{"text":"two","groupId":"parent"}"#,
    ),
    case("RoomService/DeleteRoom", "{}", ""),
];

const PEOPLE: [Case; 16] = [
    case(
        "ParticipantService/Join",
        r#"{"clientToken":"$token","offer":"$offer"}"#,
        r#"{"clientToken":"$token","offer":"$offerm=audio 9\r\na=recvonly\r\n"}"#,
    ),
    case(
        "ParticipantService/Reoffer",
        r#"{"participantId":"$ann","offer":"$offer"}"#,
        r#"{"participantId":"$ann","offer":"$offerm=audio 9\r\na=recvonly\r\n"}"#,
    ),
    case(
        "ParticipantService/Leave",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    case(
        "ParticipantService/Remove",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    case(
        "ParticipantService/Ban",
        r#"{"identity":"eve"}"#,
        r#"{"identity":"fay"}"#,
    ),
    after(
        &[BANNED, BANNED_TOO],
        "ParticipantService/Unban",
        r#"{"identity":"gil"}"#,
        r#"{"identity":"hal"}"#,
    ),
    case(
        "ParticipantService/SetRole",
        r#"{"participantId":"$ann","role":"ROLE_MODERATOR"}"#,
        r#"{"participantId":"$bob","role":"ROLE_MODERATOR"}"#,
    ),
    case(
        "ParticipantService/SetGrants",
        r#"{"participantId":"$ann","grants":{"moveOthers":true}}"#,
        r#"{"participantId":"$ann","grants":{"listenIn":true}}"#,
    ),
    case(
        "ParticipantService/Publish",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_SCREEN"]}"#,
    ),
    after(
        &[PUBLISH],
        "ParticipantService/Unpublish",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_SCREEN"]}"#,
    ),
    after(
        &[PUBLISH],
        "ParticipantService/Mute",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$bob","kinds":["TRACK_KIND_AUDIO"]}"#,
    ),
    after(
        &[PUBLISH, MUTED],
        "ParticipantService/Unmute",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$bob","kinds":["TRACK_KIND_AUDIO"]}"#,
    ),
    after(
        &[PUBLISH, AWAY],
        "ParticipantService/SetStream",
        r#"{"participantId":"$ann","stream":{"audio":true}}"#,
        r#"{"participantId":"$ann","stream":{}}"#,
    ),
    after(
        &[AWAY],
        "ParticipantService/SetParentGate",
        r#"{"participantId":"$ann","audioMuted":true}"#,
        r#"{"participantId":"$ann","videoMuted":true}"#,
    ),
    case(
        "ParticipantService/SetRoomGate",
        r#"{"paused":true}"#,
        r#"{"audioMuted":true}"#,
    ),
    case(
        "ParticipantService/SetViews",
        r#"{"participantId":"$ann","onlyThese":true}"#,
        r#"{"participantId":"$ann"}"#,
    ),
];

const BREAKOUTS: [Case; 23] = [
    case(
        "BreakoutService/CreateBreakouts",
        r#"{"definition":{"maxRooms":1,"participants":"4"}}"#,
        r#"{"definition":{"maxRooms":2,"participants":"4"}}"#,
    ),
    case(
        "BreakoutService/CreateAndInvite",
        r#"{"definition":{"maxRooms":1,"participants":"4"},"seed":"1"}"#,
        r#"{"definition":{"maxRooms":1,"participants":"4"},"seed":"2"}"#,
    ),
    case(
        "BreakoutService/UpdateBreakout",
        r#"{"breakoutId":"b1","displayName":"Red"}"#,
        r#"{"breakoutId":"b1","displayName":"Blue"}"#,
    ),
    case(
        "BreakoutService/OpenBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        "{}",
    ),
    case(
        "BreakoutService/CloseBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        "{}",
    ),
    case(
        "BreakoutService/UpdateSettings",
        r#"{"settings":{"allowReturn":false}}"#,
        r#"{"settings":{"selfSelect":true}}"#,
    ),
    case(
        "BreakoutService/Invite",
        INVITE.1,
        r#"{"breakoutId":"b2","participantIds":["$ann"]}"#,
    ),
    after(
        &[INVITE],
        "BreakoutService/RejectInvite",
        r#"{"participantId":"$ann","breakoutId":"b1"}"#,
        r#"{"participantId":"$ann","breakoutId":"b2"}"#,
    ),
    after(
        &[INVITE],
        "BreakoutService/WithdrawInvites",
        INVITE.1,
        r#"{"breakoutId":"b2","participantIds":["$ann"]}"#,
    ),
    case(
        "BreakoutService/Assign",
        r#"{"breakoutId":"b1","identities":["ann"]}"#,
        r#"{"breakoutId":"b2","identities":["ann"]}"#,
    ),
    case(
        "BreakoutService/Unassign",
        r#"{"identities":["ann"]}"#,
        r#"{"identities":["bob"]}"#,
    ),
    after(
        &[INVITE],
        "BreakoutService/JoinBreakout",
        r#"{"participantId":"$ann","breakoutId":"b1"}"#,
        r#"{"participantId":"$ann","breakoutId":"b2"}"#,
    ),
    after(
        &[AWAY],
        "BreakoutService/LeaveBreakout",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    case(
        "BreakoutService/MoveParticipants",
        AWAY.1,
        r#"{"moves":[{"participantId":"$ann","toGroupId":"b2"}]}"#,
    ),
    case(
        "BreakoutService/Shuffle",
        r#"{"seed":"7"}"#,
        r#"{"seed":"8"}"#,
    ),
    after(
        &[AWAY],
        "BreakoutService/ClearBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        r#"{"breakoutIds":["b2"]}"#,
    ),
    case(
        "BreakoutService/DestroyBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        r#"{"breakoutIds":["b2"]}"#,
    ),
    case(
        "BreakoutService/StartAddressAll",
        ADDRESS.1,
        r#"{"participantId":"$mo","kinds":["TRACK_KIND_CAMERA"]}"#,
    ),
    after(
        &[ADDRESS],
        "BreakoutService/StopAddressAll",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$ann"}"#,
    ),
    case(
        "BreakoutService/StartListening",
        LISTEN.1,
        r#"{"participantId":"$mo","groupId":"b2"}"#,
    ),
    after(
        &[LISTEN],
        "BreakoutService/StopListening",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$ann"}"#,
    ),
    case(
        "BreakoutService/RaiseHelp",
        HELP.1,
        r#"{"participantId":"$ann","text":"other"}"#,
    ),
    after(
        &[HELP],
        "BreakoutService/AnswerHelp",
        r#"{"participantId":"$ann","text":"coming"}"#,
        r#"{"participantId":"$ann","text":"later"}"#,
    ),
];

const PRESENCE: [Case; 15] = [
    case(
        "BreakoutService/StartIntercom",
        INTERCOM.1,
        r#"{"participantId":"$mo","groupIds":["b2"]}"#,
    ),
    after(
        &[INTERCOM],
        "BreakoutService/StopIntercom",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$ann"}"#,
    ),
    after(
        &[INTERCOM],
        "BreakoutService/StartReply",
        REPLY.1,
        r#"{"participantId":"$bob","speakerId":"$mo"}"#,
    ),
    after(
        &[INTERCOM, REPLY],
        "BreakoutService/StopReply",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    after(
        &[DOOR],
        "BreakoutService/Knock",
        KNOCK.1,
        r#"{"participantId":"$bob","breakoutId":"b1"}"#,
    ),
    after(
        &[DOOR, KNOCK],
        "BreakoutService/StopKnocking",
        KNOCK.1,
        r#"{"participantId":"$bob","breakoutId":"b1"}"#,
    ),
    after(
        &[DOOR, KNOCK],
        "BreakoutService/AnswerKnock",
        r#"{"participantId":"$ann","breakoutId":"b1","admit":true}"#,
        r#"{"participantId":"$ann","breakoutId":"b1"}"#,
    ),
    case(
        "BreakoutService/CreateSideRoom",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$mo","capacity":3}"#,
    ),
    after(
        &[LATER],
        "BreakoutService/ChangeSchedule",
        r#"{"scheduleId":1,"atMs":"1790086500000"}"#,
        r#"{"scheduleId":1,"atMs":"1790086600000"}"#,
    ),
    after(
        &[LATER],
        "BreakoutService/CancelSchedule",
        r#"{"scheduleId":1}"#,
        r#"{"scheduleId":2}"#,
    ),
    case(
        "BreakoutService/StartRotation",
        r#"{"rounds":3,"roundMs":60000}"#,
        r#"{"rounds":4,"roundMs":60000}"#,
    ),
    after(
        &[ROTATE],
        "BreakoutService/ChangeRotation",
        r#"{"step":"ROTATION_STEP_PAUSE"}"#,
        r#"{"step":"ROTATION_STEP_END"}"#,
    ),
    case(
        "BreakoutService/SaveArrangement",
        r#"{"name":"new","list":"Red,ann"}"#,
        r#"{"name":"new","list":"Red,bob"}"#,
    ),
    after(
        &[KEPT],
        "BreakoutService/RemoveArrangement",
        r#"{"name":"kept"}"#,
        r#"{"name":"other"}"#,
    ),
    after(
        &[KEPT],
        "BreakoutService/ApplyArrangement",
        r#"{"name":"kept"}"#,
        r#"{"name":"kept","open":true}"#,
    ),
];

pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    let all = ROOMS.iter().chain(&PEOPLE).chain(&BREAKOUTS);
    all.chain(&PRESENCE)
}
