//! `BreakoutService`.

use sideroom_control::{
    BreakoutError, BreakoutPatch, Command, CreateBreakouts, CreateSideRoom, KindSet, MoveTo,
    Selection,
};
use sideroom_route::GroupId;

use super::{Call, Timing, expected, mutation, patch};
use crate::{
    api::{Api, Caller},
    auth::Scope,
    encode::{
        answer, breakout_ids, breakouts, left_over, moved, one_breakout, placed, placed_at,
        returned, seed_of,
    },
    error::ApiError,
    ids,
    proto::{self, *},
};

mutation! {
    CreateBreakoutsRequest => CreateBreakoutsResponse needs Breakouts and timing {
        |this, requester| Command::CreateBreakouts(definition(this.definition)?),
        |answer, outcome| CreateBreakoutsResponse { answer, breakouts: breakouts(outcome) },
    }
    CreateAndInviteRequest => CreateAndInviteResponse needs Breakouts and timing {
        |this, requester| Command::CreateAndInvite {
            create: definition(this.definition)?,
            seed: this.seed,
            force: this.force_join,
        },
        |answer, outcome| CreateAndInviteResponse {
            answer,
            breakouts: breakouts(outcome),
            left_over_ids: left_over(outcome),
            placed: placed(outcome),
            seed: seed_of(outcome),
        },
    }
    UpdateBreakoutRequest => UpdateBreakoutResponse needs Breakouts and timing {
        |this, requester| Command::UpdateBreakout {
            breakout: ids::breakout(&this.breakout_id)?,
            patch: BreakoutPatch {
                name: this.display_name,
                capacity: this.capacity,
                media: this.media.map(ids::flags),
                auto_move: this.auto_move,
                self_select: this.self_select,
                owner: this.owner_id.as_deref().map(ids::participant).transpose()?,
                thread_id: this.thread_id,
                door: this.door.map(ids::door).transpose()?,
                timer: this.ends_at_ms.map(patch::timer),
            },
        },
        |answer, outcome| UpdateBreakoutResponse { answer, breakout: one_breakout(outcome) },
    }
    OpenBreakoutsRequest => OpenBreakoutsResponse needs Breakouts and timing {
        |this, requester| Command::Open(selection(&this.breakout_ids)?),
        |answer, outcome| OpenBreakoutsResponse {
            answer,
            breakout_ids: breakout_ids(outcome),
            moved: moved(outcome),
        },
    }
    CloseBreakoutsRequest => CloseBreakoutsResponse needs Breakouts and timing {
        |this, requester| Command::Close(selection(&this.breakout_ids)?),
        |answer, outcome| CloseBreakoutsResponse {
            answer,
            breakout_ids: breakout_ids(outcome),
            returned_ids: returned(outcome),
        },
    }
    UpdateSettingsRequest => UpdateSettingsResponse needs Breakouts and timing {
        |this, requester| Command::UpdateBreakoutSettings(patch::breakouts(this.settings)?),
        |answer, outcome| UpdateSettingsResponse {
            answer,
            settings: patch::breakout_settings_of(outcome),
        },
    }
    InviteRequest => InviteResponse needs Breakouts and timing {
        |this, requester| Command::Invite {
            breakout: ids::breakout(&this.breakout_id)?,
            participants: ids::participants(&this.participant_ids)?,
            force: this.force_join,
        },
        |answer, outcome| InviteResponse { answer, breakout: one_breakout(outcome) },
    }
    WithdrawInvitesRequest => WithdrawInvitesResponse needs Breakouts and timing {
        |this, requester| Command::WithdrawInvitations {
            breakout: ids::breakout(&this.breakout_id)?,
            participants: ids::participants(&this.participant_ids)?,
        },
        |answer, outcome| WithdrawInvitesResponse { answer, breakout: one_breakout(outcome) },
    }
    RejectInviteRequest => RejectInviteResponse needs Breakouts and timing {
        |this, requester| Command::Reject {
            participant: requester.subject(&this.participant_id)?,
            breakout: ids::breakout(&this.breakout_id)?,
        },
        |answer, outcome| RejectInviteResponse { answer },
    }
    AssignRequest => AssignResponse needs Breakouts and timing {
        |this, requester| Command::Assign {
            breakout: Some(ids::breakout(&this.breakout_id)?),
            identities: this.identities,
        },
        |answer, outcome| AssignResponse { answer, breakout: one_breakout(outcome) },
    }
    UnassignRequest => UnassignResponse needs Breakouts and timing {
        |this, requester| Command::Assign { breakout: None, identities: this.identities },
        |answer, outcome| UnassignResponse { answer },
    }
    LeaveBreakoutRequest => LeaveBreakoutResponse needs Breakouts and timing {
        |this, requester| Command::LeaveBreakout {
            participant: requester.subject(&this.participant_id)?,
        },
        |answer, outcome| {
            let (participant_id, group_id) = placed_at(outcome);
            LeaveBreakoutResponse { answer, participant_id, group_id }
        },
    }
    MoveParticipantsRequest => MoveParticipantsResponse needs Breakouts and timing {
        |this, requester| Command::Move {
            moves: this.moves.iter().map(move_to).collect::<Result<_, _>>()?,
        },
        |answer, outcome| MoveParticipantsResponse { answer, moved: moved(outcome) },
    }
    ShuffleRequest => ShuffleResponse needs Breakouts and timing {
        |this, requester| Command::Shuffle {
            breakouts: selection(&this.breakout_ids)?,
            seed: this.seed,
        },
        |answer, outcome| ShuffleResponse {
            answer,
            left_over_ids: left_over(outcome),
            placed: placed(outcome),
            seed: seed_of(outcome),
            breakouts: breakouts(outcome),
        },
    }
    ClearBreakoutsRequest => ClearBreakoutsResponse needs Breakouts and timing {
        |this, requester| Command::Clear(selection(&this.breakout_ids)?),
        |answer, outcome| ClearBreakoutsResponse {
            answer,
            returned_ids: returned(outcome),
            breakout_ids: breakout_ids(outcome),
        },
    }
    DestroyBreakoutsRequest => DestroyBreakoutsResponse needs Breakouts and timing {
        |this, requester| Command::Destroy(selection(&this.breakout_ids)?),
        |answer, outcome| DestroyBreakoutsResponse {
            answer,
            returned_ids: returned(outcome),
            breakout_ids: breakout_ids(outcome),
        },
    }
    StartAddressAllRequest => StartAddressAllResponse needs Breakouts and timing {
        |this, requester| Command::StartAddressAll {
            participant: requester.subject(&this.participant_id)?,
            kinds: if this.kinds.is_empty() { KindSet::AUDIO } else { ids::kinds(&this.kinds)? },
        },
        |answer, outcome| StartAddressAllResponse { answer },
    }
    StopAddressAllRequest => StopAddressAllResponse needs Breakouts and timing {
        |this, requester| Command::StopAddressAll {
            participant: requester.subject(&this.participant_id)?,
        },
        |answer, outcome| StopAddressAllResponse { answer },
    }
    StartListeningRequest => StartListeningResponse needs Breakouts and timing {
        |this, requester| Command::ListenIn {
            participant: requester.subject(&this.participant_id)?,
            breakout: ids::breakout(&this.group_id)?,
            follow: this.follow,
        },
        |answer, outcome| StartListeningResponse { answer },
    }
    StopListeningRequest => StopListeningResponse needs Breakouts and timing {
        |this, requester| Command::StopListening {
            participant: requester.subject(&this.participant_id)?,
        },
        |answer, outcome| StopListeningResponse { answer },
    }
    RaiseHelpRequest => RaiseHelpResponse needs Breakouts and timing {
        |this, requester| {
            let participant = requester.subject(&this.participant_id)?;
            // To withdraw a request is to answer it oneself.
            if this.withdraw {
                Command::AnswerHelp { participant, note: this.text }
            } else {
                Command::AskForHelp { participant, note: this.text }
            }
        },
        |answer, outcome| RaiseHelpResponse { answer },
    }
    AnswerHelpRequest => AnswerHelpResponse needs Breakouts and timing {
        |this, requester| Command::AnswerHelp {
            participant: requester.subject(&this.participant_id)?,
            note: this.text,
        },
        |answer, outcome| AnswerHelpResponse { answer },
    }
    CreateSideRoomRequest => CreateSideRoomResponse needs Breakouts and timing {
        |this, requester| Command::CreateSideRoom(CreateSideRoom {
            participant: requester.subject(&this.participant_id)?,
            name: this.display_name,
            capacity: this.capacity,
            media: this.media.map_or(KindSet::WITHOUT_CAMERA, ids::flags),
            door: this.door.map(ids::door).transpose()?.unwrap_or_default(),
            invite: ids::participants(&this.invite_ids)?,
        }),
        |answer, outcome| CreateSideRoomResponse { answer, breakouts: breakouts(outcome) },
    }
}

impl Call for JoinBreakoutRequest {
    type Response = JoinBreakoutResponse;

    fn set_request_id(&mut self, id: &str) {
        id.clone_into(&mut self.request_id);
    }

    /// The room decides on what the request leaves out, after it has looked for an answer given before.
    async fn call(self, api: &Api, who: &Caller) -> Result<JoinBreakoutResponse, ApiError> {
        let act_as = &self.as_participant_id;
        let requester = api
            .requester(who, Scope::Breakouts, &self.room, act_as)
            .await?;
        let command = Command::JoinBreakout {
            participant: requester.subject(&self.participant_id)?,
            breakout: match self.breakout_id.as_str() {
                "" => None,
                id => Some(ids::breakout(id)?),
            },
            stream: self.stream_info.map(ids::flags),
        };
        let expected = expected(self.expected_version, self.expected_epoch)?;
        let timing = Timing::of(self.at_ms, self.if_late, self.dry_run)?;
        let command = timing.scheduled(command);
        if timing.dry_run {
            let rehearsed = api.dry_run(requester, expected, command).await?;
            let (participant_id, group_id) = placed_at(&rehearsed.outcome);
            return Ok(JoinBreakoutResponse {
                answer: Some(crate::encode::rehearsed(&rehearsed)),
                participant_id,
                group_id,
            });
        }
        let answered = api
            .command(requester, &self.request_id, expected, command)
            .await?;
        let (participant_id, group_id) = placed_at(&answered.outcome);
        Ok(JoinBreakoutResponse {
            answer: Some(answer(&answered)),
            participant_id,
            group_id,
        })
    }
}

fn definition(wire: Option<BreakoutDefinition>) -> Result<CreateBreakouts, ApiError> {
    let wire = wire.ok_or(BreakoutError::DetailsUnreadable("`definition` is missing"))?;
    let open = match wire.state.map(proto::BreakoutState::try_from) {
        None | Some(Ok(proto::BreakoutState::Unspecified | proto::BreakoutState::Open)) => true,
        Some(Ok(proto::BreakoutState::Closed)) => false,
        Some(Err(_)) => return Err(BreakoutError::DetailsUnreadable("`state` is unknown").into()),
    };
    // A negative count is as unusable as 0, and beyond 32 bits every one is too large.
    let count = |count: i64| u32::try_from(count.max(0)).unwrap_or(u32::MAX);
    Ok(CreateBreakouts {
        participants: wire.participants.map(count),
        count: wire.max_rooms,
        names: wire.names,
        media: wire.media.map_or(KindSet::WITHOUT_CAMERA, ids::flags),
        open,
        auto_move: wire.auto_move,
        self_select: wire.self_select,
        door: wire.door.map(ids::door).transpose()?.unwrap_or_default(),
    })
}

pub(super) fn selection(ids: &[String]) -> Result<Selection, ApiError> {
    if ids.is_empty() {
        return Ok(Selection::All);
    }
    Ok(Selection::Some(ids::breakouts(ids)?))
}

fn move_to(target: &MoveTarget) -> Result<MoveTo, ApiError> {
    let to: GroupId = ids::group(&target.to_group_id)?;
    Ok(MoveTo {
        participant: ids::participant(&target.participant_id)?,
        to,
        stream: target.stream_info.map(ids::flags),
    })
}
