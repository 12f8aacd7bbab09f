//! gRPC calls of a method by its name, with a body that is given as JSON.

use serde_json::Value;
use sideroom_rpc::proto::*;
use tonic::{Request, transport::Channel};

/// Calls a method by its name, with a message that is given as JSON; the reason of the refusal.
async fn by_grpc<T>(channel: &Channel, method: &str, body: Value, token: &str) -> Option<String>
where
    T: prost::Message + serde::de::DeserializeOwned + 'static,
{
    use tonic_types::StatusExt as _;

    let message: T = serde_json::from_value(body).unwrap();
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = format!("/sideroom.v1.{method}").parse().unwrap();
    // The answer is of no interest: it is read as an empty message, which skips every field.
    let codec = tonic_prost::ProstCodec::<T, ()>::default();
    let answer = grpc.unary(request, path, codec).await.err()?;
    let info = answer.get_details_error_info();
    Some(info.map_or_else(|| answer.to_string(), |info| info.reason))
}

macro_rules! typed {
    ($method:expr, $channel:expr, $body:expr, $token:expr; $($name:literal => $request:ty),+ $(,)?) => {
        match $method {
            $($name => by_grpc::<$request>($channel, $name, $body, $token).await,)+
            other => panic!("{other} has no type here"),
        }
    };
}

pub(super) async fn call_typed(
    channel: &Channel,
    method: &str,
    body: Value,
    token: &str,
) -> Option<String> {
    typed!(method, channel, body, token;
        "RoomService/CreateRoom" => CreateRoomRequest,
        "RoomService/GetRoom" => GetRoomRequest,
        "RoomService/ListRooms" => ListRoomsRequest,
        "RoomService/UpdateRoom" => UpdateRoomRequest,
        "RoomService/SetDraining" => SetDrainingRequest,
        "RoomService/DeleteRoom" => DeleteRoomRequest,
        "RoomService/SendMessage" => SendMessageRequest,
        "RoomService/ListMoves" => ListMovesRequest,
        "RoomService/ListAttendance" => ListAttendanceRequest,
        "ParticipantService/Leave" => LeaveRequest,
        "ParticipantService/Remove" => RemoveRequest,
        "ParticipantService/Ban" => BanRequest,
        "ParticipantService/Unban" => UnbanRequest,
        "ParticipantService/SetRole" => SetRoleRequest,
        "ParticipantService/SetGrants" => SetGrantsRequest,
        "ParticipantService/Publish" => PublishRequest,
        "ParticipantService/Mute" => MuteRequest,
        "ParticipantService/Unmute" => UnmuteRequest,
        "ParticipantService/SetParentGate" => SetParentGateRequest,
        "ParticipantService/SetRoomGate" => SetRoomGateRequest,
        "ParticipantService/SetViews" => SetViewsRequest,
        "ParticipantService/Trickle" => TrickleRequest,
        "ParticipantService/Unpublish" => UnpublishRequest,
        "ParticipantService/SetStream" => SetStreamRequest,
        "BreakoutService/RejectInvite" => RejectInviteRequest,
        "BreakoutService/LeaveBreakout" => LeaveBreakoutRequest,
        "BreakoutService/StopAddressAll" => StopAddressAllRequest,
        "BreakoutService/StopListening" => StopListeningRequest,
        "BreakoutService/AnswerHelp" => AnswerHelpRequest,
        "ParticipantService/CreateToken" => CreateTokenRequest,
        "BreakoutService/CreateBreakouts" => CreateBreakoutsRequest,
        "BreakoutService/CreateAndInvite" => CreateAndInviteRequest,
        "BreakoutService/UpdateBreakout" => UpdateBreakoutRequest,
        "BreakoutService/OpenBreakouts" => OpenBreakoutsRequest,
        "BreakoutService/CloseBreakouts" => CloseBreakoutsRequest,
        "BreakoutService/UpdateSettings" => UpdateSettingsRequest,
        "BreakoutService/Invite" => InviteRequest,
        "BreakoutService/WithdrawInvites" => WithdrawInvitesRequest,
        "BreakoutService/Assign" => AssignRequest,
        "BreakoutService/Unassign" => UnassignRequest,
        "BreakoutService/JoinBreakout" => JoinBreakoutRequest,
        "BreakoutService/MoveParticipants" => MoveParticipantsRequest,
        "BreakoutService/Shuffle" => ShuffleRequest,
        "BreakoutService/ClearBreakouts" => ClearBreakoutsRequest,
        "BreakoutService/DestroyBreakouts" => DestroyBreakoutsRequest,
        "BreakoutService/StartAddressAll" => StartAddressAllRequest,
        "BreakoutService/StartListening" => StartListeningRequest,
        "BreakoutService/RaiseHelp" => RaiseHelpRequest,
        "BreakoutService/StartIntercom" => StartIntercomRequest,
        "BreakoutService/StopIntercom" => StopIntercomRequest,
        "BreakoutService/StartReply" => StartReplyRequest,
        "BreakoutService/StopReply" => StopReplyRequest,
        "BreakoutService/Knock" => KnockRequest,
        "BreakoutService/StopKnocking" => StopKnockingRequest,
        "BreakoutService/AnswerKnock" => AnswerKnockRequest,
        "BreakoutService/CreateSideRoom" => CreateSideRoomRequest,
        "BreakoutService/ChangeSchedule" => ChangeScheduleRequest,
        "BreakoutService/CancelSchedule" => CancelScheduleRequest,
        "BreakoutService/StartRotation" => StartRotationRequest,
        "BreakoutService/ChangeRotation" => ChangeRotationRequest,
        "BreakoutService/SaveArrangement" => SaveArrangementRequest,
        "BreakoutService/GetArrangement" => GetArrangementRequest,
        "BreakoutService/RemoveArrangement" => RemoveArrangementRequest,
        "BreakoutService/ApplyArrangement" => ApplyArrangementRequest,
        "NodeService/GetStats" => GetStatsRequest,
        "NodeService/Drain" => DrainRequest,
    )
}
