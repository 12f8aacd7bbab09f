//! `ParticipantService`.

use sideroom_control::{Command, GateKinds, GateScope, Grants, KindSet, Role, UnixMillis, Whom};
use sideroom_route::TrackKind;

use super::{Call, mutation};
use crate::{
    api::{Api, Caller, room_name},
    auth::{ClientClaims, GrantClaims, RoleClaim, Scope},
    clock,
    encode::gate_of,
    error::ApiError,
    ids,
    proto::{self, *},
};

mutation! {
    RemoveRequest => RemoveResponse needs Participants {
        |this, requester| Command::Remove { participant: ids::participant(&this.participant_id)? },
        |answer, outcome| RemoveResponse { answer },
    }
    BanRequest => BanResponse needs Participants {
        |this, requester| Command::Ban {
            whom: whom(&this.participant_id, this.identity)?,
            reason: this.reason,
            until: (this.until_ms != 0).then_some(UnixMillis(this.until_ms)),
        },
        |answer, outcome| BanResponse { answer },
    }
    UnbanRequest => UnbanResponse needs Participants {
        |this, requester| Command::Unban { identity: this.identity },
        |answer, outcome| UnbanResponse { answer },
    }
    SetRoleRequest => SetRoleResponse needs Participants {
        |this, requester| Command::SetRole {
            participant: requester.subject(&this.participant_id)?,
            role: role(this.role)?,
        },
        |answer, outcome| SetRoleResponse { answer },
    }
    SetGrantsRequest => SetGrantsResponse needs Participants {
        |this, requester| Command::SetGrants {
            participant: requester.subject(&this.participant_id)?,
            grants: grants(&this.grants.unwrap_or_default())?,
        },
        |answer, outcome| SetGrantsResponse { answer },
    }
    SetStreamRequest => SetStreamResponse needs Participants {
        |this, requester| Command::SetStream {
            participant: requester.subject(&this.participant_id)?,
            stream: this.stream.map_or(KindSet::NONE, ids::flags),
        },
        |answer, outcome| SetStreamResponse { answer },
    }
    PublishRequest => PublishResponse needs Participants {
        |this, requester| Command::Publish {
            participant: requester.subject(&this.participant_id)?,
            kind: one_kind(&this.kinds)?,
        },
        |answer, outcome| PublishResponse { answer },
    }
    UnpublishRequest => UnpublishResponse needs Participants {
        |this, requester| Command::Unpublish {
            participant: requester.subject(&this.participant_id)?,
            kind: one_kind(&this.kinds)?,
        },
        |answer, outcome| UnpublishResponse { answer },
    }
    MuteRequest => MuteResponse needs Participants {
        |this, requester| Command::Mute {
            participant: requester.subject(&this.participant_id)?,
            kinds: ids::kinds(&this.kinds)?,
        },
        |answer, outcome| MuteResponse { answer },
    }
    UnmuteRequest => UnmuteResponse needs Participants {
        |this, requester| Command::Unmute {
            participant: requester.subject(&this.participant_id)?,
            kinds: ids::kinds(&this.kinds)?,
        },
        |answer, outcome| UnmuteResponse { answer },
    }
    SetParentGateRequest => SetParentGateResponse needs Participants {
        |this, requester| {
            let scope = GateScope::Participant(requester.subject(&this.participant_id)?);
            gate_change(scope, this.paused, this.audio_muted, this.video_muted)?
        },
        |answer, outcome| SetParentGateResponse { answer, gate: gate_of(outcome) },
    }
    SetRoomGateRequest => SetRoomGateResponse needs Participants {
        |this, requester| {
            gate_change(GateScope::Room, this.paused, this.audio_muted, this.video_muted)?
        },
        |answer, outcome| SetRoomGateResponse { answer, gate: gate_of(outcome) },
    }
}

fn whom(participant: &str, identity: String) -> Result<Whom, ApiError> {
    match (participant, identity.as_str()) {
        ("", "") => Err(ApiError::BadRequest(
            "Say whom to ban: give `participantId` or `identity`.".to_owned(),
        )),
        ("", _) => Ok(Whom::Identity(identity)),
        (id, "") => Ok(Whom::Participant(ids::participant(id)?)),
        _ => Err(ApiError::BadRequest(
            "Give either `participantId` or `identity`, not both.".to_owned(),
        )),
    }
}

/// A pause, a resume, a mute or an unmute: one of the four is one command.
fn gate_change(
    scope: GateScope,
    paused: Option<bool>,
    audio: Option<bool>,
    video: Option<bool>,
) -> Result<Command, ApiError> {
    let kinds = GateKinds {
        audio: audio.is_some(),
        video: video.is_some(),
    };
    let muted = match (audio, video) {
        (Some(audio), Some(video)) if audio != video => return Err(one_at_a_time()),
        (audio, video) => audio.or(video),
    };
    match (paused, muted) {
        (Some(true), None) => Ok(Command::PauseParent(scope)),
        (Some(false), None) => Ok(Command::ResumeParent(scope)),
        (None, Some(true)) => Ok(Command::MuteParent { scope, kinds }),
        (None, Some(false)) => Ok(Command::UnmuteParent { scope, kinds }),
        (Some(_), Some(_)) | (None, None) => Err(one_at_a_time()),
    }
}

fn one_at_a_time() -> ApiError {
    ApiError::BadRequest(
        "Pause, resume, mute or unmute: give `paused`, or `audioMuted` and `videoMuted` with one \
         value."
            .to_owned(),
    )
}

fn one_kind(kinds: &[i32]) -> Result<TrackKind, ApiError> {
    match kinds {
        [one] => ids::kind(*one),
        _ => Err(ApiError::BadRequest(
            "Give one kind of track in `kinds`; call again for the next.".to_owned(),
        )),
    }
}

fn role(wire: i32) -> Result<Role, ApiError> {
    match proto::Role::try_from(wire) {
        Ok(proto::Role::Participant) => Ok(Role::Participant),
        Ok(proto::Role::Moderator) => Ok(Role::Moderator),
        Ok(proto::Role::Unspecified) | Err(_) => Err(ApiError::BadRequest(
            "`role` is missing or unknown; give ROLE_PARTICIPANT or ROLE_MODERATOR.".to_owned(),
        )),
    }
}

fn grants(wire: &proto::Grants) -> Result<Grants, ApiError> {
    let publish = wire.publish.iter().map(|kind| ids::kind(*kind));
    Ok(Grants {
        publish: publish.collect::<Result<_, _>>()?,
        create_breakouts: wire.create_breakouts,
        move_others: wire.move_others,
        listen_in: wire.listen_in,
        address_all: wire.address_all,
        create_side_rooms: wire.create_side_rooms,
    })
}

impl Call for CreateTokenRequest {
    type Response = CreateTokenResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<CreateTokenResponse, ApiError> {
        let operator = who.operator(Scope::Tokens)?;
        let role = match self.role {
            0 => RoleClaim::Participant,
            given => match role(given)? {
                Role::Participant => RoleClaim::Participant,
                Role::Moderator => RoleClaim::Moderator,
            },
        };
        let life = match self.valid_for_s {
            0 => 3600,
            seconds => u64::from(seconds).min(api.keyring().rules().max_client_life_s),
        };
        let exp = clock::unix_s() + life;
        let mut claims = ClientClaims::new(room_name(&self.room)?, &self.identity, role, exp);
        claims.name = self.display_name;
        claims.grants = self.grants.as_ref().map(claimed).transpose()?;
        claims
            .check_names()
            .map_err(|sentence| ApiError::BadRequest(sentence.to_owned()))?;
        let keyring = api.keyring();
        let key = keyring.signing_key_of(operator).ok_or_else(|| {
            ApiError::NotSupported(
                "A certificate signs nothing, and there is no API key that may sign client tokens. \
                 Add one to `auth.keys`."
                    .to_owned(),
            )
        })?;
        let token = keyring.mint_client(key, &claims);
        Ok(CreateTokenResponse {
            token: token.map_err(|_| ApiError::Internal)?,
            expires_at_ms: exp * 1000,
        })
    }
}

fn claimed(wire: &proto::Grants) -> Result<GrantClaims, ApiError> {
    let grants = grants(wire)?;
    Ok(GrantClaims {
        publish: grants.publish.iter().collect(),
        create_breakouts: grants.create_breakouts,
        move_others: grants.move_others,
        listen_in: grants.listen_in,
        address_all: grants.address_all,
        create_side_rooms: grants.create_side_rooms,
    })
}
