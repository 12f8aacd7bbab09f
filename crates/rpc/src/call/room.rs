//! `RoomService`.

use sideroom_control::{
    BreakoutSettingsPatch, Command, MovesQuery, Outcome, RoomPatch, UnixMillis,
};

use super::{Call, expected, mutation, patch};
use crate::{
    api::{Api, Caller, room_name},
    auth::Scope,
    backend::{CommandRequest, CreateRoom, MovesRequest},
    encode,
    error::ApiError,
    ids,
    proto::*,
};

/// Rooms a page, if nothing else is asked for, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;
/// Moves a page, if nothing else is asked for, and at most.
const MOVES_PAGE: u32 = 1000;
const MAX_MOVES_PAGE: u32 = 5000;

/// How many a page has.
fn page_of(asked: u32, usual: u32, most: u32) -> usize {
    let size = if asked == 0 { usual } else { asked.min(most) };
    usize::try_from(size).unwrap_or(usize::MAX)
}

impl Call for CreateRoomRequest {
    type Response = CreateRoomResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<CreateRoomResponse, ApiError> {
        who.operator(Scope::Rooms)?;
        let wire = self.settings.unwrap_or_default();
        let request = CreateRoom {
            name: room_name(&self.room)?.to_owned(),
            request_id: ids::request_id_or_fresh(&self.request_id)?,
            mode: patch::mode(&wire)?,
            settings: patch::room(&wire)?,
            breakouts: patch::breakouts(wire.breakouts)?,
        };
        let view = api.timed(api.backend.create_room(request)).await?;
        Ok(CreateRoomResponse {
            room: Some(encode::room(view)),
        })
    }
}

impl Call for GetRoomRequest {
    type Response = GetRoomResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<GetRoomResponse, ApiError> {
        let requester = api.requester(who, Scope::Rooms, &self.room, "").await?;
        let view = api
            .timed(api.backend.room(&requester.room, requester.viewer()))
            .await?;
        Ok(GetRoomResponse {
            room: Some(encode::room(view)),
        })
    }
}

impl Call for ListRoomsRequest {
    type Response = ListRoomsResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<ListRoomsResponse, ApiError> {
        who.operator(Scope::Rooms)?;
        let size = page_of(self.page_size, PAGE, MAX_PAGE);
        let mut rooms = api
            .timed(api.backend.list_rooms(&self.after, size + 1))
            .await?;
        let more = rooms.len() > size;
        rooms.truncate(size);
        Ok(ListRoomsResponse {
            rooms: rooms.into_iter().map(encode::room_summary).collect(),
            more,
        })
    }
}

impl Call for DeleteRoomRequest {
    type Response = DeleteRoomResponse;

    fn set_request_id(&mut self, id: &str) {
        id.clone_into(&mut self.request_id);
    }

    async fn call(self, api: &Api, who: &Caller) -> Result<DeleteRoomResponse, ApiError> {
        let requester = api.requester(who, Scope::Rooms, &self.room, "").await?;
        let request = CommandRequest {
            room: requester.room,
            actor: requester.actor,
            request_id: ids::request_id_or_fresh(&self.request_id)?,
            expected: expected(self.expected_version, self.expected_epoch)?,
            command: Command::CloseRoom,
        };
        api.timed(api.backend.delete_room(request)).await?;
        Ok(DeleteRoomResponse {})
    }
}

impl Call for SetDrainingRequest {
    type Response = SetDrainingResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<SetDrainingResponse, ApiError> {
        who.operator(Scope::Rooms)?;
        let requester = api.requester(who, Scope::Rooms, &self.room, "").await?;
        let command = Command::Drain(self.draining);
        let expected = expected(self.expected_version, self.expected_epoch)?;
        let answered = api
            .command(requester, &self.request_id, expected, command)
            .await?;
        Ok(SetDrainingResponse {
            answer: Some(encode::answer(&answered)),
        })
    }
}

impl Call for SendMessageRequest {
    type Response = SendMessageResponse;

    fn set_request_id(&mut self, id: &str) {
        id.clone_into(&mut self.request_id);
    }

    async fn call(self, api: &Api, who: &Caller) -> Result<SendMessageResponse, ApiError> {
        let act_as = &self.as_participant_id;
        let requester = api.requester(who, Scope::Rooms, &self.room, act_as).await?;
        let command = match (self.all_groups, self.group_id.as_str()) {
            (true, "") => Command::AddressAllText { text: self.text },
            (true, _) => {
                return Err(ApiError::BadRequest(
                    "Give either `allGroups` or a `groupId`, not both.".to_owned(),
                ));
            }
            (false, id) => Command::Chat {
                group: match id {
                    "" => None,
                    id => Some(ids::group(id)?),
                },
                text: self.text,
            },
        };
        let expected = expected(self.expected_version, self.expected_epoch)?;
        let answered = api
            .command(requester, &self.request_id, expected, command)
            .await?;
        Ok(SendMessageResponse {
            answer: Some(encode::answer(&answered)),
        })
    }
}

impl Call for ListMovesRequest {
    type Response = ListMovesResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<ListMovesResponse, ApiError> {
        let requester = api.requester(who, Scope::Rooms, &self.room, "").await?;
        let viewer = requester.viewer();
        let participant = match self.participant_id.as_str() {
            "" => None,
            id => Some(ids::participant(id)?),
        };
        let request = MovesRequest {
            room: requester.room,
            viewer,
            query: MovesQuery {
                participant,
                identity: None,
                since: UnixMillis(self.since_ms),
                until: (self.until_ms != 0).then_some(UnixMillis(self.until_ms)),
                after: self.after,
                limit: page_of(self.page_size, MOVES_PAGE, MAX_MOVES_PAGE),
            },
        };
        let page = api.timed(api.backend.moves(request)).await?;
        Ok(ListMovesResponse {
            moves: page.stays.into_iter().map(encode::stay).collect(),
            last: page.last,
            more: page.more,
        })
    }
}

impl Call for ListAttendanceRequest {
    type Response = ListAttendanceResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<ListAttendanceResponse, ApiError> {
        let requester = api.requester(who, Scope::Rooms, &self.room, "").await?;
        let viewer = requester.viewer();
        let request = MovesRequest {
            room: requester.room,
            viewer,
            query: MovesQuery {
                participant: None,
                identity: (!self.identity.is_empty()).then_some(self.identity),
                since: UnixMillis(self.since_ms),
                until: (self.until_ms != 0).then_some(UnixMillis(self.until_ms)),
                after: self.after,
                limit: page_of(self.page_size, MOVES_PAGE, MAX_MOVES_PAGE),
            },
        };
        let page = api.timed(api.backend.attendance(request)).await?;
        Ok(ListAttendanceResponse {
            rows: page.rows.into_iter().map(encode::attendance).collect(),
            last: page.last,
            more: page.more,
        })
    }
}

mutation! {
    UpdateRoomRequest => UpdateRoomResponse needs Rooms {
        |this, requester| one_change(this.settings)?,
        |answer, outcome| UpdateRoomResponse { answer, settings: settings_of(outcome) },
    }
}

/// The room's own settings, its mode and those of its breakouts are three commands, and a call is one.
fn one_change(wire: Option<RoomSettingsPatch>) -> Result<Command, ApiError> {
    let wire = wire.unwrap_or_default();
    let mode = patch::mode(&wire)?;
    let own = patch::room(&wire)?;
    let breakouts = patch::breakouts(wire.breakouts)?;
    let changes_breakouts = breakouts != BreakoutSettingsPatch::default();
    match (mode, changes_breakouts, own == RoomPatch::default()) {
        (Some(mode), false, true) => Ok(Command::SetMode(mode)),
        (None, true, true) => Ok(Command::UpdateBreakoutSettings(breakouts)),
        (None, false, _) => Ok(Command::UpdateRoom(own)),
        _ => Err(ApiError::BadRequest(
            "Change the mode, the settings of the breakouts, or the others: one of the three in a \
             call."
                .to_owned(),
        )),
    }
}

fn settings_of(outcome: &Outcome) -> Option<RoomSettings> {
    match outcome {
        Outcome::RoomSettings { settings } => Some(encode::room_settings(settings)),
        Outcome::BreakoutSettings { settings } => Some(RoomSettings {
            breakouts: Some(encode::breakout_settings(settings)),
            ..RoomSettings::default()
        }),
        _ => None,
    }
}
