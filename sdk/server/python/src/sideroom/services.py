"""The methods of the API.

Generated from crates/rpc/proto by sdk/server/generate. `make generate` writes it anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import types
from .calls import Service


class BreakoutService(Service):
    """Breakouts: smaller groups split off a room, and their members.

    Callers: an API key with scope `breakouts`; a participant with their client token, as far as their role and
    grants go. `as_participant_id` (API keys only) gives the command with that participant's rights. Every
    command happens whole or not at all, and answers after the media plane has applied it: when a move is
    answered, no packet of the old group follows.
    """

    def create_breakouts(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        definition: types.BreakoutDefinition | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.CreateBreakoutsResponse:
        """Makes breakouts, without anybody in them. From the parent only."""
        request = types.CreateBreakoutsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            definition=definition,
        )
        return self.call("BreakoutService/CreateBreakouts", request, types.CreateBreakoutsResponse, timeout)

    def create_and_invite(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        definition: types.BreakoutDefinition | None = None,
        force_join: bool = False,
        seed: int | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.CreateAndInviteResponse:
        """Makes breakouts and distributes the parent's participants at random and evenly over them."""
        request = types.CreateAndInviteRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            definition=definition,
            force_join=force_join,
            seed=seed,
        )
        return self.call("BreakoutService/CreateAndInvite", request, types.CreateAndInviteResponse, timeout)

    def update_breakout(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_id: str = "",
        display_name: str | None = None,
        capacity: int | None = None,
        media: types.MediaFlags | None = None,
        auto_move: bool | None = None,
        self_select: bool | None = None,
        owner_id: str | None = None,
        thread_id: str | None = None,
        door: types.Door | None = None,
        ends_at_ms: int | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UpdateBreakoutResponse:
        """Renames a breakout or changes its capacity, media or flags."""
        request = types.UpdateBreakoutRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_id=breakout_id,
            display_name=display_name,
            capacity=capacity,
            media=media,
            auto_move=auto_move,
            self_select=self_select,
            owner_id=owner_id,
            thread_id=thread_id,
            door=door,
            ends_at_ms=ends_at_ms,
        )
        return self.call("BreakoutService/UpdateBreakout", request, types.UpdateBreakoutResponse, timeout)

    def open_breakouts(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.OpenBreakoutsResponse:
        """Opens breakouts: they can be joined, and people assigned to an auto_move one are moved."""
        request = types.OpenBreakoutsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_ids=list(breakout_ids),
        )
        return self.call("BreakoutService/OpenBreakouts", request, types.OpenBreakoutsResponse, timeout)

    def close_breakouts(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.CloseBreakoutsResponse:
        """Closes breakouts: everybody inside returns, nobody can join."""
        request = types.CloseBreakoutsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_ids=list(breakout_ids),
        )
        return self.call("BreakoutService/CloseBreakouts", request, types.CloseBreakoutsResponse, timeout)

    def update_settings(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        settings: types.BreakoutSettingsPatch | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UpdateSettingsResponse:
        """Changes the settings of all breakouts of the room, the timer among them."""
        request = types.UpdateSettingsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            settings=settings,
        )
        return self.call("BreakoutService/UpdateSettings", request, types.UpdateSettingsResponse, timeout)

    def invite(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_id: str = "",
        participant_ids: Sequence[str] = (),
        force_join: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.InviteResponse:
        """Asks participants into a breakout, or with force_join moves them there."""
        request = types.InviteRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_id=breakout_id,
            participant_ids=list(participant_ids),
            force_join=force_join,
        )
        return self.call("BreakoutService/Invite", request, types.InviteResponse, timeout)

    def withdraw_invites(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_id: str = "",
        participant_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.WithdrawInvitesResponse:
        """Takes invitations back that wait for an answer. A moderator's, or the owner's."""
        request = types.WithdrawInvitesRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_id=breakout_id,
            participant_ids=list(participant_ids),
        )
        return self.call("BreakoutService/WithdrawInvites", request, types.WithdrawInvitesResponse, timeout)

    def reject_invite(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        breakout_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.RejectInviteResponse:
        """Rejects an invitation; the moderators are told."""
        request = types.RejectInviteRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            breakout_id=breakout_id,
        )
        return self.call("BreakoutService/RejectInvite", request, types.RejectInviteResponse, timeout)

    def assign(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_id: str = "",
        identities: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.AssignResponse:
        """Assigns identities to a breakout, also people who are not in the room yet."""
        request = types.AssignRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_id=breakout_id,
            identities=list(identities),
        )
        return self.call("BreakoutService/Assign", request, types.AssignResponse, timeout)

    def unassign(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        identities: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UnassignResponse:
        """Takes assignments away."""
        request = types.UnassignRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            identities=list(identities),
        )
        return self.call("BreakoutService/Unassign", request, types.UnassignResponse, timeout)

    def join_breakout(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        breakout_id: str = "",
        stream_info: types.MediaFlags | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.JoinBreakoutResponse:
        """Goes from the parent into a breakout, taking along the kinds of track that are named."""
        request = types.JoinBreakoutRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            breakout_id=breakout_id,
            stream_info=stream_info,
        )
        return self.call("BreakoutService/JoinBreakout", request, types.JoinBreakoutResponse, timeout)

    def leave_breakout(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.LeaveBreakoutResponse:
        """Returns to the parent."""
        request = types.LeaveBreakoutRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
        )
        return self.call("BreakoutService/LeaveBreakout", request, types.LeaveBreakoutResponse, timeout)

    def move_participants(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        moves: Sequence[types.MoveTarget] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.MoveParticipantsResponse:
        """Moves people between groups, each in one step and all in one epoch. A moderator's."""
        request = types.MoveParticipantsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            moves=list(moves),
        )
        return self.call("BreakoutService/MoveParticipants", request, types.MoveParticipantsResponse, timeout)

    def shuffle(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        seed: int | None = None,
        breakout_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.ShuffleResponse:
        """Distributes everybody but moderators anew, avoiding pairs that were together before."""
        request = types.ShuffleRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            seed=seed,
            breakout_ids=list(breakout_ids),
        )
        return self.call("BreakoutService/Shuffle", request, types.ShuffleResponse, timeout)

    def clear_breakouts(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.ClearBreakoutsResponse:
        """Returns everybody and keeps the breakouts. Called by a plain participant: returns that one only."""
        request = types.ClearBreakoutsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_ids=list(breakout_ids),
        )
        return self.call("BreakoutService/ClearBreakouts", request, types.ClearBreakoutsResponse, timeout)

    def destroy_breakouts(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.DestroyBreakoutsResponse:
        """Returns everybody, resumes and unmutes the parent for them, and removes the breakouts."""
        request = types.DestroyBreakoutsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_ids=list(breakout_ids),
        )
        return self.call("BreakoutService/DestroyBreakouts", request, types.DestroyBreakoutsResponse, timeout)

    def start_address_all(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        kinds: Sequence[types.TrackKind] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StartAddressAllResponse:
        """Lets a moderator be heard (and seen) in every group at once, until stopped."""
        request = types.StartAddressAllRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            kinds=list(kinds),
        )
        return self.call("BreakoutService/StartAddressAll", request, types.StartAddressAllResponse, timeout)

    def stop_address_all(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StopAddressAllResponse:
        request = types.StopAddressAllRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
        )
        return self.call("BreakoutService/StopAddressAll", request, types.StopAddressAllResponse, timeout)

    def start_listening(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        group_id: str = "",
        follow: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StartListeningResponse:
        """Lets a moderator hear and see the inside of a group from outside, until stopped."""
        request = types.StartListeningRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            group_id=group_id,
            follow=follow,
        )
        return self.call("BreakoutService/StartListening", request, types.StartListeningResponse, timeout)

    def stop_listening(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StopListeningResponse:
        request = types.StopListeningRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
        )
        return self.call("BreakoutService/StopListening", request, types.StopListeningResponse, timeout)

    def raise_help(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        text: str = "",
        withdraw: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.RaiseHelpResponse:
        """Asks the moderators for help, or withdraws that."""
        request = types.RaiseHelpRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            text=text,
            withdraw=withdraw,
        )
        return self.call("BreakoutService/RaiseHelp", request, types.RaiseHelpResponse, timeout)

    def answer_help(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        text: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.AnswerHelpResponse:
        """A moderator answers somebody's call for help."""
        request = types.AnswerHelpRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            text=text,
        )
        return self.call("BreakoutService/AnswerHelp", request, types.AnswerHelpResponse, timeout)

    def start_intercom(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        kinds: Sequence[types.TrackKind] = (),
        all: bool = False,
        group_ids: Sequence[str] = (),
        to_participant_ids: Sequence[str] = (),
        suspend_own_group: bool = False,
        allow_reply: bool = False,
        limit_ms: int | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StartIntercomResponse:
        """Speaks to a set of groups and people until stopped; a second call changes the set."""
        request = types.StartIntercomRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            kinds=list(kinds),
            all=all,
            group_ids=list(group_ids),
            to_participant_ids=list(to_participant_ids),
            suspend_own_group=suspend_own_group,
            allow_reply=allow_reply,
            limit_ms=limit_ms,
        )
        return self.call("BreakoutService/StartIntercom", request, types.StartIntercomResponse, timeout)

    def stop_intercom(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StopIntercomResponse:
        request = types.StopIntercomRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
        )
        return self.call("BreakoutService/StopIntercom", request, types.StopIntercomResponse, timeout)

    def start_reply(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        speaker_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StartReplyResponse:
        """Answers an intercom that allows it: the speaker and those whom they address hear it, until stopped."""
        request = types.StartReplyRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            speaker_id=speaker_id,
        )
        return self.call("BreakoutService/StartReply", request, types.StartReplyResponse, timeout)

    def stop_reply(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StopReplyResponse:
        request = types.StopReplyRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
        )
        return self.call("BreakoutService/StopReply", request, types.StopReplyResponse, timeout)

    def knock(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        breakout_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.KnockResponse:
        """Knocks at the door of a breakout, from the parent. It ends by itself after a minute."""
        request = types.KnockRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            breakout_id=breakout_id,
        )
        return self.call("BreakoutService/Knock", request, types.KnockResponse, timeout)

    def stop_knocking(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        breakout_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StopKnockingResponse:
        request = types.StopKnockingRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            breakout_id=breakout_id,
        )
        return self.call("BreakoutService/StopKnocking", request, types.StopKnockingResponse, timeout)

    def answer_knock(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        breakout_id: str = "",
        admit: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.AnswerKnockResponse:
        """Lets somebody in who knocks, or not. Somebody's inside, the owner's or a moderator's."""
        request = types.AnswerKnockRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            breakout_id=breakout_id,
            admit=admit,
        )
        return self.call("BreakoutService/AnswerKnock", request, types.AnswerKnockResponse, timeout)

    def create_side_room(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        participant_id: str = "",
        display_name: str | None = None,
        capacity: int | None = None,
        media: types.MediaFlags | None = None,
        door: types.Door | None = None,
        invite_ids: Sequence[str] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.CreateSideRoomResponse:
        """Makes a breakout for oneself and those one invites, and goes in."""
        request = types.CreateSideRoomRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            participant_id=participant_id,
            display_name=display_name,
            capacity=capacity,
            media=media,
            door=door,
            invite_ids=list(invite_ids),
        )
        return self.call("BreakoutService/CreateSideRoom", request, types.CreateSideRoomResponse, timeout)

    def change_schedule(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        schedule_id: int = 0,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.ChangeScheduleResponse:
        """Changes when a scheduled command is carried out. Its author's, or a moderator's."""
        request = types.ChangeScheduleRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            schedule_id=schedule_id,
            at_ms=at_ms,
            if_late=if_late,
        )
        return self.call("BreakoutService/ChangeSchedule", request, types.ChangeScheduleResponse, timeout)

    def cancel_schedule(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        schedule_id: int = 0,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.CancelScheduleResponse:
        """Takes a scheduled command back. Its author's, or a moderator's."""
        request = types.CancelScheduleRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            schedule_id=schedule_id,
        )
        return self.call("BreakoutService/CancelSchedule", request, types.CancelScheduleResponse, timeout)

    def start_rotation(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        breakout_ids: Sequence[str] = (),
        rounds: int = 0,
        round_ms: int = 0,
        seed: int | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.StartRotationResponse:
        """Plans rounds in which people change breakouts so that pairs meet again as rarely as can be found, and begins
        the first. With `dry_run` the plan is shown beforehand; its seed gives the same plan again.
        """
        request = types.StartRotationRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            breakout_ids=list(breakout_ids),
            rounds=rounds,
            round_ms=round_ms,
            seed=seed,
        )
        return self.call("BreakoutService/StartRotation", request, types.StartRotationResponse, timeout)

    def change_rotation(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        step: types.RotationStep = types.RotationStep.UNSPECIFIED,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.ChangeRotationResponse:
        """Pauses a rotation, resumes it, begins its next round, or ends it."""
        request = types.ChangeRotationRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            step=step,
        )
        return self.call("BreakoutService/ChangeRotation", request, types.ChangeRotationResponse, timeout)

    def save_arrangement(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        name: str = "",
        list_: str = "",
        rooms: Sequence[types.ArrangedRoom] = (),
        as_it_stands: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SaveArrangementResponse:
        """Keeps a set of rooms and the identities that belong in each under a name, in place of an earlier one. A list
        that cannot be read is refused with every fault and its line, in `lines` of the error.
        """
        request = types.SaveArrangementRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            name=name,
            list_=list_,
            rooms=list(rooms),
            as_it_stands=as_it_stands,
        )
        return self.call("BreakoutService/SaveArrangement", request, types.SaveArrangementResponse, timeout)

    def get_arrangement(
        self,
        room: str = "",
        *,
        name: str = "",
        timeout: float | None = None,
    ) -> types.GetArrangementResponse:
        """An arrangement with its rooms. Moderators, or an API key."""
        request = types.GetArrangementRequest(
            room=room,
            name=name,
        )
        return self.call("BreakoutService/GetArrangement", request, types.GetArrangementResponse, timeout)

    def remove_arrangement(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        name: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.RemoveArrangementResponse:
        request = types.RemoveArrangementRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            name=name,
        )
        return self.call("BreakoutService/RemoveArrangement", request, types.RemoveArrangementResponse, timeout)

    def apply_arrangement(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        at_ms: int | None = None,
        if_late: types.IfLate | None = None,
        dry_run: bool = False,
        name: str = "",
        open: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.ApplyArrangementResponse:
        """Creates the breakouts of an arrangement that are missing and assigns everybody, also those who are not here yet.
        """
        request = types.ApplyArrangementRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            at_ms=at_ms,
            if_late=if_late,
            dry_run=dry_run,
            name=name,
            open=open,
        )
        return self.call("BreakoutService/ApplyArrangement", request, types.ApplyArrangementResponse, timeout)


class NodeService(Service):
    """This node. Needs scope `node`."""

    def get_stats(
        self,
        *,
        timeout: float | None = None,
    ) -> types.GetStatsResponse:
        request = types.GetStatsRequest()
        return self.call("NodeService/GetStats", request, types.GetStatsResponse, timeout)

    def drain(
        self,
        *,
        deadline_ms: int = 0,
        timeout: float | None = None,
    ) -> types.DrainResponse:
        """Takes no new rooms and joins from now on, and ends when the last room does or at the deadline."""
        request = types.DrainRequest(
            deadline_ms=deadline_ms,
        )
        return self.call("NodeService/Drain", request, types.DrainResponse, timeout)


class ParticipantService(Service):
    """The people in a room, their transports, tracks and the gate between them and the parent.

    Callers: an API key with scope `participants`, for any participant (`as_participant_id` names one on whose
    behalf the key acts, with their rights; without it the signaling server acts with a moderator's power); a client
    token, for the participant and the room that the token names. `participant_id` may then be left out.
    """

    def join(
        self,
        room: str = "",
        *,
        client_token: str = "",
        offer: str = "",
        tracks: Sequence[types.TrackHint] = (),
        request_id: str = "",
        timeout: float | None = None,
    ) -> types.JoinResponse:
        """Offer in, answer out: the one negotiation of a session. Called with an API key and a client token in
        the body, or with the client token as bearer. The same identity again takes its old place back.
        """
        request = types.JoinRequest(
            room=room,
            request_id=request_id,
            client_token=client_token,
            offer=offer,
            tracks=list(tracks),
        )
        return self.call("ParticipantService/Join", request, types.JoinResponse, timeout)

    def reoffer(
        self,
        room: str = "",
        *,
        participant_id: str = "",
        offer: str = "",
        tracks: Sequence[types.TrackHint] = (),
        request_id: str = "",
        timeout: float | None = None,
    ) -> types.ReofferResponse:
        """A further offer on the same transport: more slots or tracks, or an ICE restart."""
        request = types.ReofferRequest(
            room=room,
            request_id=request_id,
            participant_id=participant_id,
            offer=offer,
            tracks=list(tracks),
        )
        return self.call("ParticipantService/Reoffer", request, types.ReofferResponse, timeout)

    def trickle(
        self,
        room: str = "",
        *,
        participant_id: str = "",
        candidate: str = "",
        mid: str = "",
        timeout: float | None = None,
    ) -> types.TrickleResponse:
        """A candidate of the client. The server is ICE-lite and learns addresses from checks, so this is
        validated and otherwise not needed.
        """
        request = types.TrickleRequest(
            room=room,
            participant_id=participant_id,
            candidate=candidate,
            mid=mid,
        )
        return self.call("ParticipantService/Trickle", request, types.TrickleResponse, timeout)

    def leave(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        timeout: float | None = None,
    ) -> types.LeaveResponse:
        """Leaves the room, for good."""
        request = types.LeaveRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            participant_id=participant_id,
        )
        return self.call("ParticipantService/Leave", request, types.LeaveResponse, timeout)

    def remove(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.RemoveResponse:
        """Sends somebody away. A moderator's."""
        request = types.RemoveRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
        )
        return self.call("ParticipantService/Remove", request, types.RemoveResponse, timeout)

    def ban(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        identity: str = "",
        reason: str = "",
        until_ms: int = 0,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.BanResponse:
        """Sends a person away and keeps them out, whichever way they come. A moderator's."""
        request = types.BanRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            identity=identity,
            reason=reason,
            until_ms=until_ms,
        )
        return self.call("ParticipantService/Ban", request, types.BanResponse, timeout)

    def unban(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        identity: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UnbanResponse:
        """Lifts a ban. A moderator's."""
        request = types.UnbanRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            identity=identity,
        )
        return self.call("ParticipantService/Unban", request, types.UnbanResponse, timeout)

    def set_role(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        role: types.Role = types.Role.UNSPECIFIED,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SetRoleResponse:
        """Gives somebody another role; it stays with their identity. A moderator's."""
        request = types.SetRoleRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            role=role,
        )
        return self.call("ParticipantService/SetRole", request, types.SetRoleResponse, timeout)

    def set_grants(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        grants: types.Grants | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SetGrantsResponse:
        """Changes a person's grants, which stay with their identity. Moderators may call this, and give no grants
        beyond their own.
        """
        request = types.SetGrantsRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            grants=grants,
        )
        return self.call("ParticipantService/SetGrants", request, types.SetGrantsResponse, timeout)

    def publish(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        kinds: Sequence[types.TrackKind] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.PublishResponse:
        """Starts to send a track that was offered: one kind in a call."""
        request = types.PublishRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            kinds=list(kinds),
        )
        return self.call("ParticipantService/Publish", request, types.PublishResponse, timeout)

    def unpublish(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        kinds: Sequence[types.TrackKind] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UnpublishResponse:
        """Stops to send a track: one kind in a call. Its m-line stays."""
        request = types.UnpublishRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            kinds=list(kinds),
        )
        return self.call("ParticipantService/Unpublish", request, types.UnpublishResponse, timeout)

    def mute(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        kinds: Sequence[types.TrackKind] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.MuteResponse:
        """Mutes tracks: one's own, or (a moderator) somebody else's. Both mutes are kept apart."""
        request = types.MuteRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            kinds=list(kinds),
        )
        return self.call("ParticipantService/Mute", request, types.MuteResponse, timeout)

    def unmute(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        kinds: Sequence[types.TrackKind] = (),
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UnmuteResponse:
        """Lifts the caller's own kind of mute."""
        request = types.UnmuteRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            kinds=list(kinds),
        )
        return self.call("ParticipantService/Unmute", request, types.UnmuteResponse, timeout)

    def set_stream(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        stream: types.MediaFlags | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SetStreamResponse:
        """Changes the kinds that somebody brings into the breakout that they are in."""
        request = types.SetStreamRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            stream=stream,
        )
        return self.call("ParticipantService/SetStream", request, types.SetStreamResponse, timeout)

    def set_parent_gate(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        participant_id: str = "",
        paused: bool | None = None,
        audio_muted: bool | None = None,
        video_muted: bool | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SetParentGateResponse:
        """Changes the media of the parent that one participant who is away receives: pauses, resumes, mutes or
        unmutes, one of the four in a call.
        """
        request = types.SetParentGateRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            participant_id=participant_id,
            paused=paused,
            audio_muted=audio_muted,
            video_muted=video_muted,
        )
        return self.call("ParticipantService/SetParentGate", request, types.SetParentGateResponse, timeout)

    def set_room_gate(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        paused: bool | None = None,
        audio_muted: bool | None = None,
        video_muted: bool | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SetRoomGateResponse:
        """Changes the gate of everybody who is away. Moderators only."""
        request = types.SetRoomGateRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            paused=paused,
            audio_muted=audio_muted,
            video_muted=video_muted,
        )
        return self.call("ParticipantService/SetRoomGate", request, types.SetRoomGateResponse, timeout)

    def set_views(
        self,
        room: str = "",
        *,
        participant_id: str = "",
        views: Sequence[types.View] = (),
        only_these: bool = False,
        request_id: str = "",
        timeout: float | None = None,
    ) -> types.SetViewsResponse:
        """Which videos a participant wants to see, and how large. Not journalled."""
        request = types.SetViewsRequest(
            room=room,
            request_id=request_id,
            participant_id=participant_id,
            views=list(views),
            only_these=only_these,
        )
        return self.call("ParticipantService/SetViews", request, types.SetViewsResponse, timeout)

    def create_token(
        self,
        room: str = "",
        *,
        identity: str = "",
        display_name: str = "",
        role: types.Role = types.Role.UNSPECIFIED,
        grants: types.Grants | None = None,
        valid_for_s: int = 0,
        timeout: float | None = None,
    ) -> types.CreateTokenResponse:
        """Mints a client token. Needs scope `tokens`."""
        request = types.CreateTokenRequest(
            room=room,
            identity=identity,
            display_name=display_name,
            role=role,
            grants=grants,
            valid_for_s=valid_for_s,
        )
        return self.call("ParticipantService/CreateToken", request, types.CreateTokenResponse, timeout)


class RoomService(Service):
    """Rooms. Every mutation takes `request_id`: the same id with the same body gives the first answer again,
    with another body INVALID_ARGUMENT. An empty one is replaced by a fresh one, so the call is then not
    safe to repeat. `expected_version`, where given, must be the room's, or the call is ABORTED and tells it. It
    moves with every change of the room and with nothing else. `expected_epoch` is for callers from before there
    were versions: the room's version passes, too, and any epoch at which its state was as it is.

    Callers: an API key with scope `rooms`; GetRoom and SendMessage also the room's participants.
    """

    def create_room(
        self,
        room: str = "",
        *,
        settings: types.RoomSettingsPatch | None = None,
        request_id: str = "",
        timeout: float | None = None,
    ) -> types.CreateRoomResponse:
        """Makes a room. A room that exists under this name is an error unless this very request made it."""
        request = types.CreateRoomRequest(
            room=room,
            request_id=request_id,
            settings=settings,
        )
        return self.call("RoomService/CreateRoom", request, types.CreateRoomResponse, timeout)

    def get_room(
        self,
        room: str = "",
        *,
        timeout: float | None = None,
    ) -> types.GetRoomResponse:
        """A room as the caller may see it."""
        request = types.GetRoomRequest(
            room=room,
        )
        return self.call("RoomService/GetRoom", request, types.GetRoomResponse, timeout)

    def list_rooms(
        self,
        *,
        page_size: int = 0,
        after: str = "",
        timeout: float | None = None,
    ) -> types.ListRoomsResponse:
        """All rooms of this node."""
        request = types.ListRoomsRequest(
            page_size=page_size,
            after=after,
        )
        return self.call("RoomService/ListRooms", request, types.ListRoomsResponse, timeout)

    def update_room(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        settings: types.RoomSettingsPatch | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.UpdateRoomResponse:
        """Changes the room's own settings, or its mode, or (as UpdateSettings of BreakoutService) those of its
        breakouts: one of the three in a call. Lecture mode is refused while breakouts exist.
        """
        request = types.UpdateRoomRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            settings=settings,
        )
        return self.call("RoomService/UpdateRoom", request, types.UpdateRoomResponse, timeout)

    def set_draining(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        draining: bool = False,
        request_id: str = "",
        expected_epoch: int | None = None,
        timeout: float | None = None,
    ) -> types.SetDrainingResponse:
        """Stops or resumes admitting people. Scope `rooms`."""
        request = types.SetDrainingRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            draining=draining,
        )
        return self.call("RoomService/SetDraining", request, types.SetDrainingResponse, timeout)

    def delete_room(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        request_id: str = "",
        expected_epoch: int | None = None,
        timeout: float | None = None,
    ) -> types.DeleteRoomResponse:
        """Sends everybody away and forgets the room. Scope `rooms` or a moderator, who ends the meeting for all.
        """
        request = types.DeleteRoomRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
        )
        return self.call("RoomService/DeleteRoom", request, types.DeleteRoomResponse, timeout)

    def send_message(
        self,
        room: str = "",
        *,
        expected_version: int | None = None,
        group_id: str = "",
        all_groups: bool = False,
        text: str = "",
        request_id: str = "",
        expected_epoch: int | None = None,
        as_participant_id: str = "",
        timeout: float | None = None,
    ) -> types.SendMessageResponse:
        """A chat message, to a group or (moderators) to every group. An event, kept nowhere."""
        request = types.SendMessageRequest(
            room=room,
            request_id=request_id,
            expected_epoch=expected_epoch,
            expected_version=expected_version,
            as_participant_id=as_participant_id,
            group_id=group_id,
            all_groups=all_groups,
            text=text,
        )
        return self.call("RoomService/SendMessage", request, types.SendMessageResponse, timeout)

    def list_moves(
        self,
        room: str = "",
        *,
        participant_id: str = "",
        since_ms: int = 0,
        until_ms: int = 0,
        page_size: int = 0,
        after: int = 0,
        timeout: float | None = None,
    ) -> types.ListMovesResponse:
        """The move journal: the stays of people in groups, with times and reasons. Scope `rooms` or a moderator.
        """
        request = types.ListMovesRequest(
            room=room,
            participant_id=participant_id,
            since_ms=since_ms,
            until_ms=until_ms,
            page_size=page_size,
            after=after,
        )
        return self.call("RoomService/ListMoves", request, types.ListMovesResponse, timeout)

    def list_attendance(
        self,
        room: str = "",
        *,
        identity: str = "",
        since_ms: int = 0,
        until_ms: int = 0,
        page_size: int = 0,
        after: int = 0,
        timeout: float | None = None,
    ) -> types.ListAttendanceResponse:
        """Attendance: the stays of identities with the times that they were connected. Scope `rooms` or a moderator.
        """
        request = types.ListAttendanceRequest(
            room=room,
            identity=identity,
            since_ms=since_ms,
            until_ms=until_ms,
            page_size=page_size,
            after=after,
        )
        return self.call("RoomService/ListAttendance", request, types.ListAttendanceResponse, timeout)
