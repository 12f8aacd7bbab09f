//! Every unary method, in one table: by name for JSON, by trait for gRPC.

use axum::body::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tonic::{Request, Response, Status};

use super::Call;
use crate::{
    api::{Api, Caller},
    error::ApiError,
    grpc::Grpc,
    proto::*,
};

/// Answers a method by its path, such as `BreakoutService/Invite`, JSON in and JSON out. On a socket the
/// request's id comes beside the body.
pub(crate) async fn call_json(
    api: &Api,
    who: &Caller,
    method: &str,
    body: &[u8],
    request_id: Option<&str>,
) -> Result<Bytes, ApiError> {
    route_json(api, who, method, (body, request_id)).await
}

async fn answer<R>(
    api: &Api,
    who: &Caller,
    (body, request_id): (&[u8], Option<&str>),
) -> Result<Bytes, ApiError>
where
    R: Call + DeserializeOwned + Send,
    R::Response: Serialize,
{
    let body = if body.is_empty() { b"{}" } else { body };
    let mut request: R = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    if let Some(id) = request_id {
        request.set_request_id(id);
    }
    let response = request.call(api, who).await?;
    let json = serde_json::to_vec(&response).map_err(|_| ApiError::Internal)?;
    Ok(json.into())
}

/// An error that names the unreadable field, but not at length: the names of known fields help.
fn unreadable(error: &serde_json::Error) -> ApiError {
    let mut sentence = format!("The body is not what this method takes: {error}.");
    if sentence.len() > 512 {
        let end = (0..=509).rev().find(|at| sentence.is_char_boundary(*at));
        sentence.truncate(end.unwrap_or(0));
        sentence.push_str("...");
    }
    ApiError::BadRequest(sentence)
}

macro_rules! services {
    ($($service:literal is $trait:path {
        $($method:literal, $function:ident: $request:ident => $response:ident;)+
    })+) => {
        async fn route_json(
            api: &Api,
            who: &Caller,
            method: &str,
            body: (&[u8], Option<&str>),
        ) -> Result<Bytes, ApiError> {
            match method {
                $($(concat!($service, "/", $method) => answer::<$request>(api, who, body).await,)+)+
                _ => Err(ApiError::no_such_method(method)),
            }
        }

        /// Every unary method, as the path of its JSON form spells it.
        pub const METHODS: &[&str] = &[$($(concat!($service, "/", $method),)+)+];

        $(
            #[tonic::async_trait]
            impl $trait for Grpc {
                $(
                    async fn $function(
                        &self,
                        request: Request<$request>,
                    ) -> Result<Response<$response>, Status> {
                        self.answer(request).await
                    }
                )+
            }
        )+
    };
}

services! {
    "RoomService" is room_service_server::RoomService {
        "CreateRoom", create_room: CreateRoomRequest => CreateRoomResponse;
        "GetRoom", get_room: GetRoomRequest => GetRoomResponse;
        "ListRooms", list_rooms: ListRoomsRequest => ListRoomsResponse;
        "UpdateRoom", update_room: UpdateRoomRequest => UpdateRoomResponse;
        "SetDraining", set_draining: SetDrainingRequest => SetDrainingResponse;
        "DeleteRoom", delete_room: DeleteRoomRequest => DeleteRoomResponse;
        "SendMessage", send_message: SendMessageRequest => SendMessageResponse;
        "ListMoves", list_moves: ListMovesRequest => ListMovesResponse;
        "ListAttendance", list_attendance: ListAttendanceRequest => ListAttendanceResponse;
    }
    "ParticipantService" is participant_service_server::ParticipantService {
        "Join", join: JoinRequest => JoinResponse;
        "Reoffer", reoffer: ReofferRequest => ReofferResponse;
        "Trickle", trickle: TrickleRequest => TrickleResponse;
        "Leave", leave: LeaveRequest => LeaveResponse;
        "Remove", remove: RemoveRequest => RemoveResponse;
        "Ban", ban: BanRequest => BanResponse;
        "Unban", unban: UnbanRequest => UnbanResponse;
        "SetRole", set_role: SetRoleRequest => SetRoleResponse;
        "SetGrants", set_grants: SetGrantsRequest => SetGrantsResponse;
        "Publish", publish: PublishRequest => PublishResponse;
        "Unpublish", unpublish: UnpublishRequest => UnpublishResponse;
        "Mute", mute: MuteRequest => MuteResponse;
        "Unmute", unmute: UnmuteRequest => UnmuteResponse;
        "SetStream", set_stream: SetStreamRequest => SetStreamResponse;
        "SetParentGate", set_parent_gate: SetParentGateRequest => SetParentGateResponse;
        "SetRoomGate", set_room_gate: SetRoomGateRequest => SetRoomGateResponse;
        "SetViews", set_views: SetViewsRequest => SetViewsResponse;
        "CreateToken", create_token: CreateTokenRequest => CreateTokenResponse;
    }
    "BreakoutService" is breakout_service_server::BreakoutService {
        "CreateBreakouts", create_breakouts: CreateBreakoutsRequest => CreateBreakoutsResponse;
        "CreateAndInvite", create_and_invite: CreateAndInviteRequest => CreateAndInviteResponse;
        "UpdateBreakout", update_breakout: UpdateBreakoutRequest => UpdateBreakoutResponse;
        "OpenBreakouts", open_breakouts: OpenBreakoutsRequest => OpenBreakoutsResponse;
        "CloseBreakouts", close_breakouts: CloseBreakoutsRequest => CloseBreakoutsResponse;
        "UpdateSettings", update_settings: UpdateSettingsRequest => UpdateSettingsResponse;
        "Invite", invite: InviteRequest => InviteResponse;
        "WithdrawInvites", withdraw_invites: WithdrawInvitesRequest => WithdrawInvitesResponse;
        "RejectInvite", reject_invite: RejectInviteRequest => RejectInviteResponse;
        "Assign", assign: AssignRequest => AssignResponse;
        "Unassign", unassign: UnassignRequest => UnassignResponse;
        "JoinBreakout", join_breakout: JoinBreakoutRequest => JoinBreakoutResponse;
        "LeaveBreakout", leave_breakout: LeaveBreakoutRequest => LeaveBreakoutResponse;
        "MoveParticipants", move_participants: MoveParticipantsRequest => MoveParticipantsResponse;
        "Shuffle", shuffle: ShuffleRequest => ShuffleResponse;
        "ClearBreakouts", clear_breakouts: ClearBreakoutsRequest => ClearBreakoutsResponse;
        "DestroyBreakouts", destroy_breakouts: DestroyBreakoutsRequest => DestroyBreakoutsResponse;
        "StartAddressAll", start_address_all: StartAddressAllRequest => StartAddressAllResponse;
        "StopAddressAll", stop_address_all: StopAddressAllRequest => StopAddressAllResponse;
        "StartListening", start_listening: StartListeningRequest => StartListeningResponse;
        "StopListening", stop_listening: StopListeningRequest => StopListeningResponse;
        "RaiseHelp", raise_help: RaiseHelpRequest => RaiseHelpResponse;
        "AnswerHelp", answer_help: AnswerHelpRequest => AnswerHelpResponse;
        "StartIntercom", start_intercom: StartIntercomRequest => StartIntercomResponse;
        "StopIntercom", stop_intercom: StopIntercomRequest => StopIntercomResponse;
        "StartReply", start_reply: StartReplyRequest => StartReplyResponse;
        "StopReply", stop_reply: StopReplyRequest => StopReplyResponse;
        "Knock", knock: KnockRequest => KnockResponse;
        "StopKnocking", stop_knocking: StopKnockingRequest => StopKnockingResponse;
        "AnswerKnock", answer_knock: AnswerKnockRequest => AnswerKnockResponse;
        "CreateSideRoom", create_side_room: CreateSideRoomRequest => CreateSideRoomResponse;
        "ChangeSchedule", change_schedule: ChangeScheduleRequest => ChangeScheduleResponse;
        "CancelSchedule", cancel_schedule: CancelScheduleRequest => CancelScheduleResponse;
        "StartRotation", start_rotation: StartRotationRequest => StartRotationResponse;
        "ChangeRotation", change_rotation: ChangeRotationRequest => ChangeRotationResponse;
        "SaveArrangement", save_arrangement: SaveArrangementRequest => SaveArrangementResponse;
        "GetArrangement", get_arrangement: GetArrangementRequest => GetArrangementResponse;
        "RemoveArrangement", remove_arrangement: RemoveArrangementRequest => RemoveArrangementResponse;
        "ApplyArrangement", apply_arrangement: ApplyArrangementRequest => ApplyArrangementResponse;
    }
    "NodeService" is node_service_server::NodeService {
        "GetStats", get_stats: GetStatsRequest => GetStatsResponse;
        "Drain", drain: DrainRequest => DrainResponse;
    }
}
