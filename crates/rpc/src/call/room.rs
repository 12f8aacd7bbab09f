//! `RoomService`.

use sideroom_control::{BreakoutSettingsPatch, Command, Outcome, RoomPatch, UnixMillis};
use sideroom_route::{Epoch, GroupId};

use super::{Call, mutation, patch};
use crate::{
    api::{Api, Caller, Requester, room_name},
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
        let size = match self.page_size {
            0 => PAGE,
            size => size.min(MAX_PAGE),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
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
            expected_epoch: self.expected_epoch.map(Epoch),
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
        let answered = api
            .command(requester, &self.request_id, self.expected_epoch, command)
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
                    "" => own_group(api, &requester).await?,
                    id => ids::group(id)?,
                },
                text: self.text,
            },
        };
        let answered = api
            .command(requester, &self.request_id, self.expected_epoch, command)
            .await?;
        Ok(SendMessageResponse {
            answer: Some(encode::answer(&answered)),
        })
    }
}

/// Where the requester is; the signaling server speaks to the parent.
async fn own_group(api: &Api, requester: &Requester) -> Result<GroupId, ApiError> {
    let sideroom_control::Actor::Participant(me) = requester.actor else {
        return Ok(GroupId::Parent);
    };
    let view = api
        .timed(api.backend.room(&requester.room, requester.viewer()))
        .await?;
    let own = view.participants.iter().find(|one| one.participant == me);
    own.map(|one| one.group)
        .ok_or(ApiError::ParticipantNotFound)
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
            participant,
            since: UnixMillis(self.since_ms),
            until: (self.until_ms != 0).then_some(UnixMillis(self.until_ms)),
        };
        let moves = api.timed(api.backend.moves(request)).await?;
        Ok(ListMovesResponse {
            moves: moves.into_iter().map(encode::stay).collect(),
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
