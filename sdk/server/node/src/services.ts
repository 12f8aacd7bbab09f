/**
 * The methods of the API.
 *
 * Generated from crates/rpc/proto by sdk/server/generate. `make generate` writes it anew.
 */
import { type CallOptions, type Input, Service } from './calls.js';
import type * as types from './types.js';

/**
 * Breakouts: smaller groups split off a room, and their members.
 *
 * Callers: an API key with scope `breakouts`; a participant with their client token, as far as their role and
 * grants go. `as_participant_id` (API keys only) gives the command with that participant's rights. Every
 * command happens whole or not at all, and answers after the media plane has applied it: when a move is
 * answered, no packet of the old group follows.
 */
export class BreakoutService extends Service {
  /** Makes breakouts, without anybody in them. From the parent only. */
  createBreakouts(
    request: Input<types.CreateBreakoutsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CreateBreakoutsResponse> {
    return this.call('BreakoutService/CreateBreakouts', 'CreateBreakoutsRequest', request, 'CreateBreakoutsResponse', options);
  }

  /** Makes breakouts and distributes the parent's participants at random and evenly over them. */
  createAndInvite(
    request: Input<types.CreateAndInviteRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CreateAndInviteResponse> {
    return this.call('BreakoutService/CreateAndInvite', 'CreateAndInviteRequest', request, 'CreateAndInviteResponse', options);
  }

  /** Renames a breakout or changes its capacity, media or flags. */
  updateBreakout(
    request: Input<types.UpdateBreakoutRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UpdateBreakoutResponse> {
    return this.call('BreakoutService/UpdateBreakout', 'UpdateBreakoutRequest', request, 'UpdateBreakoutResponse', options);
  }

  /** Opens breakouts: they can be joined, and people assigned to an auto_move one are moved. */
  openBreakouts(
    request: Input<types.OpenBreakoutsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.OpenBreakoutsResponse> {
    return this.call('BreakoutService/OpenBreakouts', 'OpenBreakoutsRequest', request, 'OpenBreakoutsResponse', options);
  }

  /** Closes breakouts: everybody inside returns, nobody can join. */
  closeBreakouts(
    request: Input<types.CloseBreakoutsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CloseBreakoutsResponse> {
    return this.call('BreakoutService/CloseBreakouts', 'CloseBreakoutsRequest', request, 'CloseBreakoutsResponse', options);
  }

  /** Changes the settings of all breakouts of the room, the timer among them. */
  updateSettings(
    request: Input<types.UpdateSettingsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UpdateSettingsResponse> {
    return this.call('BreakoutService/UpdateSettings', 'UpdateSettingsRequest', request, 'UpdateSettingsResponse', options);
  }

  /** Asks participants into a breakout, or with force_join moves them there. */
  invite(
    request: Input<types.InviteRequest> = {},
    options: CallOptions = {},
  ): Promise<types.InviteResponse> {
    return this.call('BreakoutService/Invite', 'InviteRequest', request, 'InviteResponse', options);
  }

  /** Takes invitations back that wait for an answer. A moderator's, or the owner's. */
  withdrawInvites(
    request: Input<types.WithdrawInvitesRequest> = {},
    options: CallOptions = {},
  ): Promise<types.WithdrawInvitesResponse> {
    return this.call('BreakoutService/WithdrawInvites', 'WithdrawInvitesRequest', request, 'WithdrawInvitesResponse', options);
  }

  /** Rejects an invitation; the moderators are told. */
  rejectInvite(
    request: Input<types.RejectInviteRequest> = {},
    options: CallOptions = {},
  ): Promise<types.RejectInviteResponse> {
    return this.call('BreakoutService/RejectInvite', 'RejectInviteRequest', request, 'RejectInviteResponse', options);
  }

  /** Assigns identities to a breakout, also people who are not in the room yet. */
  assign(
    request: Input<types.AssignRequest> = {},
    options: CallOptions = {},
  ): Promise<types.AssignResponse> {
    return this.call('BreakoutService/Assign', 'AssignRequest', request, 'AssignResponse', options);
  }

  /** Takes assignments away. */
  unassign(
    request: Input<types.UnassignRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UnassignResponse> {
    return this.call('BreakoutService/Unassign', 'UnassignRequest', request, 'UnassignResponse', options);
  }

  /** Goes from the parent into a breakout, taking along the kinds of track that are named. */
  joinBreakout(
    request: Input<types.JoinBreakoutRequest> = {},
    options: CallOptions = {},
  ): Promise<types.JoinBreakoutResponse> {
    return this.call('BreakoutService/JoinBreakout', 'JoinBreakoutRequest', request, 'JoinBreakoutResponse', options);
  }

  /** Returns to the parent. */
  leaveBreakout(
    request: Input<types.LeaveBreakoutRequest> = {},
    options: CallOptions = {},
  ): Promise<types.LeaveBreakoutResponse> {
    return this.call('BreakoutService/LeaveBreakout', 'LeaveBreakoutRequest', request, 'LeaveBreakoutResponse', options);
  }

  /** Moves people between groups, each in one step and all in one epoch. A moderator's. */
  moveParticipants(
    request: Input<types.MoveParticipantsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.MoveParticipantsResponse> {
    return this.call('BreakoutService/MoveParticipants', 'MoveParticipantsRequest', request, 'MoveParticipantsResponse', options);
  }

  /** Distributes everybody but moderators anew, avoiding pairs that were together before. */
  shuffle(
    request: Input<types.ShuffleRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ShuffleResponse> {
    return this.call('BreakoutService/Shuffle', 'ShuffleRequest', request, 'ShuffleResponse', options);
  }

  /** Returns everybody and keeps the breakouts. Called by a plain participant: returns that one only. */
  clearBreakouts(
    request: Input<types.ClearBreakoutsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ClearBreakoutsResponse> {
    return this.call('BreakoutService/ClearBreakouts', 'ClearBreakoutsRequest', request, 'ClearBreakoutsResponse', options);
  }

  /** Returns everybody, resumes and unmutes the parent for them, and removes the breakouts. */
  destroyBreakouts(
    request: Input<types.DestroyBreakoutsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.DestroyBreakoutsResponse> {
    return this.call('BreakoutService/DestroyBreakouts', 'DestroyBreakoutsRequest', request, 'DestroyBreakoutsResponse', options);
  }

  /** Lets a moderator be heard (and seen) in every group at once, until stopped. */
  startAddressAll(
    request: Input<types.StartAddressAllRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StartAddressAllResponse> {
    return this.call('BreakoutService/StartAddressAll', 'StartAddressAllRequest', request, 'StartAddressAllResponse', options);
  }

  stopAddressAll(
    request: Input<types.StopAddressAllRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StopAddressAllResponse> {
    return this.call('BreakoutService/StopAddressAll', 'StopAddressAllRequest', request, 'StopAddressAllResponse', options);
  }

  /** Lets a moderator hear and see the inside of a group from outside, until stopped. */
  startListening(
    request: Input<types.StartListeningRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StartListeningResponse> {
    return this.call('BreakoutService/StartListening', 'StartListeningRequest', request, 'StartListeningResponse', options);
  }

  stopListening(
    request: Input<types.StopListeningRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StopListeningResponse> {
    return this.call('BreakoutService/StopListening', 'StopListeningRequest', request, 'StopListeningResponse', options);
  }

  /** Asks the moderators for help, or withdraws that. */
  raiseHelp(
    request: Input<types.RaiseHelpRequest> = {},
    options: CallOptions = {},
  ): Promise<types.RaiseHelpResponse> {
    return this.call('BreakoutService/RaiseHelp', 'RaiseHelpRequest', request, 'RaiseHelpResponse', options);
  }

  /** A moderator answers somebody's call for help. */
  answerHelp(
    request: Input<types.AnswerHelpRequest> = {},
    options: CallOptions = {},
  ): Promise<types.AnswerHelpResponse> {
    return this.call('BreakoutService/AnswerHelp', 'AnswerHelpRequest', request, 'AnswerHelpResponse', options);
  }

  /** Speaks to a set of groups and people until stopped; a second call changes the set. */
  startIntercom(
    request: Input<types.StartIntercomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StartIntercomResponse> {
    return this.call('BreakoutService/StartIntercom', 'StartIntercomRequest', request, 'StartIntercomResponse', options);
  }

  stopIntercom(
    request: Input<types.StopIntercomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StopIntercomResponse> {
    return this.call('BreakoutService/StopIntercom', 'StopIntercomRequest', request, 'StopIntercomResponse', options);
  }

  /** Answers an intercom that allows it: the speaker and those whom they address hear it, until stopped. */
  startReply(
    request: Input<types.StartReplyRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StartReplyResponse> {
    return this.call('BreakoutService/StartReply', 'StartReplyRequest', request, 'StartReplyResponse', options);
  }

  stopReply(
    request: Input<types.StopReplyRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StopReplyResponse> {
    return this.call('BreakoutService/StopReply', 'StopReplyRequest', request, 'StopReplyResponse', options);
  }

  /** Knocks at the door of a breakout, from the parent. It ends by itself after a minute. */
  knock(
    request: Input<types.KnockRequest> = {},
    options: CallOptions = {},
  ): Promise<types.KnockResponse> {
    return this.call('BreakoutService/Knock', 'KnockRequest', request, 'KnockResponse', options);
  }

  stopKnocking(
    request: Input<types.StopKnockingRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StopKnockingResponse> {
    return this.call('BreakoutService/StopKnocking', 'StopKnockingRequest', request, 'StopKnockingResponse', options);
  }

  /** Lets somebody in who knocks, or not. Somebody's inside, the owner's or a moderator's. */
  answerKnock(
    request: Input<types.AnswerKnockRequest> = {},
    options: CallOptions = {},
  ): Promise<types.AnswerKnockResponse> {
    return this.call('BreakoutService/AnswerKnock', 'AnswerKnockRequest', request, 'AnswerKnockResponse', options);
  }

  /** Makes a breakout for oneself and those one invites, and goes in. */
  createSideRoom(
    request: Input<types.CreateSideRoomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CreateSideRoomResponse> {
    return this.call('BreakoutService/CreateSideRoom', 'CreateSideRoomRequest', request, 'CreateSideRoomResponse', options);
  }

  /** Changes when a scheduled command is carried out. Its author's, or a moderator's. */
  changeSchedule(
    request: Input<types.ChangeScheduleRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ChangeScheduleResponse> {
    return this.call('BreakoutService/ChangeSchedule', 'ChangeScheduleRequest', request, 'ChangeScheduleResponse', options);
  }

  /** Takes a scheduled command back. Its author's, or a moderator's. */
  cancelSchedule(
    request: Input<types.CancelScheduleRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CancelScheduleResponse> {
    return this.call('BreakoutService/CancelSchedule', 'CancelScheduleRequest', request, 'CancelScheduleResponse', options);
  }

  /**
   * Plans rounds in which people change breakouts so that pairs meet again as rarely as can be found, and begins
   * the first. With `dry_run` the plan is shown beforehand; its seed gives the same plan again.
   */
  startRotation(
    request: Input<types.StartRotationRequest> = {},
    options: CallOptions = {},
  ): Promise<types.StartRotationResponse> {
    return this.call('BreakoutService/StartRotation', 'StartRotationRequest', request, 'StartRotationResponse', options);
  }

  /** Pauses a rotation, resumes it, begins its next round, or ends it. */
  changeRotation(
    request: Input<types.ChangeRotationRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ChangeRotationResponse> {
    return this.call('BreakoutService/ChangeRotation', 'ChangeRotationRequest', request, 'ChangeRotationResponse', options);
  }

  /**
   * Keeps a set of rooms and the identities that belong in each under a name, in place of an earlier one. A list
   * that cannot be read is refused with every fault and its line, in `lines` of the error.
   */
  saveArrangement(
    request: Input<types.SaveArrangementRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SaveArrangementResponse> {
    return this.call('BreakoutService/SaveArrangement', 'SaveArrangementRequest', request, 'SaveArrangementResponse', options);
  }

  /** An arrangement with its rooms. Moderators, or an API key. */
  getArrangement(
    request: Input<types.GetArrangementRequest> = {},
    options: CallOptions = {},
  ): Promise<types.GetArrangementResponse> {
    return this.call('BreakoutService/GetArrangement', 'GetArrangementRequest', request, 'GetArrangementResponse', options);
  }

  removeArrangement(
    request: Input<types.RemoveArrangementRequest> = {},
    options: CallOptions = {},
  ): Promise<types.RemoveArrangementResponse> {
    return this.call('BreakoutService/RemoveArrangement', 'RemoveArrangementRequest', request, 'RemoveArrangementResponse', options);
  }

  /** Creates the breakouts of an arrangement that are missing and assigns everybody, also those who are not here yet. */
  applyArrangement(
    request: Input<types.ApplyArrangementRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ApplyArrangementResponse> {
    return this.call('BreakoutService/ApplyArrangement', 'ApplyArrangementRequest', request, 'ApplyArrangementResponse', options);
  }
}

/** This node. Needs scope `node`. */
export class NodeService extends Service {
  getStats(
    request: Input<types.GetStatsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.GetStatsResponse> {
    return this.call('NodeService/GetStats', 'GetStatsRequest', request, 'GetStatsResponse', options);
  }

  /** Takes no new rooms and joins from now on, and ends when the last room does or at the deadline. */
  drain(
    request: Input<types.DrainRequest> = {},
    options: CallOptions = {},
  ): Promise<types.DrainResponse> {
    return this.call('NodeService/Drain', 'DrainRequest', request, 'DrainResponse', options);
  }
}

/**
 * The people in a room, their transports, tracks and the gate between them and the parent.
 *
 * Callers: an API key with scope `participants`, for any participant (`as_participant_id` names one on whose
 * behalf the key acts, with their rights; without it the signaling server acts with a moderator's power); a client
 * token, for the participant and the room that the token names. `participant_id` may then be left out.
 */
export class ParticipantService extends Service {
  /**
   * Offer in, answer out: the one negotiation of a session. Called with an API key and a client token in
   * the body, or with the client token as bearer. The same identity again takes its old place back.
   */
  join(
    request: Input<types.JoinRequest> = {},
    options: CallOptions = {},
  ): Promise<types.JoinResponse> {
    return this.call('ParticipantService/Join', 'JoinRequest', request, 'JoinResponse', options);
  }

  /** A further offer on the same transport: more slots or tracks, or an ICE restart. */
  reoffer(
    request: Input<types.ReofferRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ReofferResponse> {
    return this.call('ParticipantService/Reoffer', 'ReofferRequest', request, 'ReofferResponse', options);
  }

  /**
   * A candidate of the client. The server is ICE-lite and learns addresses from checks, so this is
   * validated and otherwise not needed.
   */
  trickle(
    request: Input<types.TrickleRequest> = {},
    options: CallOptions = {},
  ): Promise<types.TrickleResponse> {
    return this.call('ParticipantService/Trickle', 'TrickleRequest', request, 'TrickleResponse', options);
  }

  /** Leaves the room, for good. */
  leave(
    request: Input<types.LeaveRequest> = {},
    options: CallOptions = {},
  ): Promise<types.LeaveResponse> {
    return this.call('ParticipantService/Leave', 'LeaveRequest', request, 'LeaveResponse', options);
  }

  /** Sends somebody away. A moderator's. */
  remove(
    request: Input<types.RemoveRequest> = {},
    options: CallOptions = {},
  ): Promise<types.RemoveResponse> {
    return this.call('ParticipantService/Remove', 'RemoveRequest', request, 'RemoveResponse', options);
  }

  /** Sends a person away and keeps them out, whichever way they come. A moderator's. */
  ban(
    request: Input<types.BanRequest> = {},
    options: CallOptions = {},
  ): Promise<types.BanResponse> {
    return this.call('ParticipantService/Ban', 'BanRequest', request, 'BanResponse', options);
  }

  /** Lifts a ban. A moderator's. */
  unban(
    request: Input<types.UnbanRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UnbanResponse> {
    return this.call('ParticipantService/Unban', 'UnbanRequest', request, 'UnbanResponse', options);
  }

  /** Gives somebody another role; it stays with their identity. A moderator's. */
  setRole(
    request: Input<types.SetRoleRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetRoleResponse> {
    return this.call('ParticipantService/SetRole', 'SetRoleRequest', request, 'SetRoleResponse', options);
  }

  /**
   * Changes a person's grants, which stay with their identity. Moderators may call this, and give no grants
   * beyond their own.
   */
  setGrants(
    request: Input<types.SetGrantsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetGrantsResponse> {
    return this.call('ParticipantService/SetGrants', 'SetGrantsRequest', request, 'SetGrantsResponse', options);
  }

  /** Starts to send a track that was offered: one kind in a call. */
  publish(
    request: Input<types.PublishRequest> = {},
    options: CallOptions = {},
  ): Promise<types.PublishResponse> {
    return this.call('ParticipantService/Publish', 'PublishRequest', request, 'PublishResponse', options);
  }

  /** Stops to send a track: one kind in a call. Its m-line stays. */
  unpublish(
    request: Input<types.UnpublishRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UnpublishResponse> {
    return this.call('ParticipantService/Unpublish', 'UnpublishRequest', request, 'UnpublishResponse', options);
  }

  /** Mutes tracks: one's own, or (a moderator) somebody else's. Both mutes are kept apart. */
  mute(
    request: Input<types.MuteRequest> = {},
    options: CallOptions = {},
  ): Promise<types.MuteResponse> {
    return this.call('ParticipantService/Mute', 'MuteRequest', request, 'MuteResponse', options);
  }

  /** Lifts the caller's own kind of mute. */
  unmute(
    request: Input<types.UnmuteRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UnmuteResponse> {
    return this.call('ParticipantService/Unmute', 'UnmuteRequest', request, 'UnmuteResponse', options);
  }

  /** Changes the kinds that somebody brings into the breakout that they are in. */
  setStream(
    request: Input<types.SetStreamRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetStreamResponse> {
    return this.call('ParticipantService/SetStream', 'SetStreamRequest', request, 'SetStreamResponse', options);
  }

  /**
   * Changes the media of the parent that one participant who is away receives: pauses, resumes, mutes or
   * unmutes, one of the four in a call.
   */
  setParentGate(
    request: Input<types.SetParentGateRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetParentGateResponse> {
    return this.call('ParticipantService/SetParentGate', 'SetParentGateRequest', request, 'SetParentGateResponse', options);
  }

  /** Changes the gate of everybody who is away. Moderators only. */
  setRoomGate(
    request: Input<types.SetRoomGateRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetRoomGateResponse> {
    return this.call('ParticipantService/SetRoomGate', 'SetRoomGateRequest', request, 'SetRoomGateResponse', options);
  }

  /** Which videos a participant wants to see, and how large. Not journalled. */
  setViews(
    request: Input<types.SetViewsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetViewsResponse> {
    return this.call('ParticipantService/SetViews', 'SetViewsRequest', request, 'SetViewsResponse', options);
  }

  /** Mints a client token. Needs scope `tokens`. */
  createToken(
    request: Input<types.CreateTokenRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CreateTokenResponse> {
    return this.call('ParticipantService/CreateToken', 'CreateTokenRequest', request, 'CreateTokenResponse', options);
  }
}

/**
 * Rooms. Every mutation takes `request_id`: the same id with the same body gives the first answer again,
 * with another body INVALID_ARGUMENT. An empty one is replaced by a fresh one, so the call is then not
 * safe to repeat. `expected_version`, where given, must be the room's, or the call is ABORTED and tells it. It
 * moves with every change of the room and with nothing else. `expected_epoch` is for callers from before there
 * were versions: the room's version passes, too, and any epoch at which its state was as it is.
 *
 * Callers: an API key with scope `rooms`; GetRoom and SendMessage also the room's participants.
 */
export class RoomService extends Service {
  /** Makes a room. A room that exists under this name is an error unless this very request made it. */
  createRoom(
    request: Input<types.CreateRoomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.CreateRoomResponse> {
    return this.call('RoomService/CreateRoom', 'CreateRoomRequest', request, 'CreateRoomResponse', options);
  }

  /** A room as the caller may see it. */
  getRoom(
    request: Input<types.GetRoomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.GetRoomResponse> {
    return this.call('RoomService/GetRoom', 'GetRoomRequest', request, 'GetRoomResponse', options);
  }

  /** All rooms of this node. */
  listRooms(
    request: Input<types.ListRoomsRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ListRoomsResponse> {
    return this.call('RoomService/ListRooms', 'ListRoomsRequest', request, 'ListRoomsResponse', options);
  }

  /**
   * Changes the room's own settings, or its mode, or (as UpdateSettings of BreakoutService) those of its
   * breakouts: one of the three in a call. Lecture mode is refused while breakouts exist.
   */
  updateRoom(
    request: Input<types.UpdateRoomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.UpdateRoomResponse> {
    return this.call('RoomService/UpdateRoom', 'UpdateRoomRequest', request, 'UpdateRoomResponse', options);
  }

  /** Stops or resumes admitting people. Scope `rooms`. */
  setDraining(
    request: Input<types.SetDrainingRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SetDrainingResponse> {
    return this.call('RoomService/SetDraining', 'SetDrainingRequest', request, 'SetDrainingResponse', options);
  }

  /** Sends everybody away and forgets the room. Scope `rooms` or a moderator, who ends the meeting for all. */
  deleteRoom(
    request: Input<types.DeleteRoomRequest> = {},
    options: CallOptions = {},
  ): Promise<types.DeleteRoomResponse> {
    return this.call('RoomService/DeleteRoom', 'DeleteRoomRequest', request, 'DeleteRoomResponse', options);
  }

  /** A chat message, to a group or (moderators) to every group. An event, kept nowhere. */
  sendMessage(
    request: Input<types.SendMessageRequest> = {},
    options: CallOptions = {},
  ): Promise<types.SendMessageResponse> {
    return this.call('RoomService/SendMessage', 'SendMessageRequest', request, 'SendMessageResponse', options);
  }

  /** The move journal: the stays of people in groups, with times and reasons. Scope `rooms` or a moderator. */
  listMoves(
    request: Input<types.ListMovesRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ListMovesResponse> {
    return this.call('RoomService/ListMoves', 'ListMovesRequest', request, 'ListMovesResponse', options);
  }

  /** Attendance: the stays of identities with the times that they were connected. Scope `rooms` or a moderator. */
  listAttendance(
    request: Input<types.ListAttendanceRequest> = {},
    options: CallOptions = {},
  ): Promise<types.ListAttendanceResponse> {
    return this.call('RoomService/ListAttendance', 'ListAttendanceRequest', request, 'ListAttendanceResponse', options);
  }
}
