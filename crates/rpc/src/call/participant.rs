//! `ParticipantService`.

use sideroom_control::{
    Actor, Command, GateKinds, GateScope, Grants, KindSet, RequestId, Role, View as Wished, Views,
    Wish,
};
use sideroom_route::{ParticipantId, TrackKind};

use super::{Call, mutation};
use crate::{
    api::{Api, Who, request_id_or_fresh, room_name},
    auth::{ClientClaims, GrantClaims, RoleClaim, Scope},
    backend::{JoinRequest as ToJoin, Joined, ReofferRequest as ToReoffer},
    clock,
    encode::{self, gate_of},
    error::ApiError,
    ids,
    proto::{self, *},
};

mutation! {
    RemoveRequest => RemoveResponse needs Participants {
        |this, asker| Command::Remove { participant: ids::participant(&this.participant_id)? },
        |answer, outcome| RemoveResponse { answer },
    }
    SetRoleRequest => SetRoleResponse needs Participants {
        |this, asker| Command::SetRole {
            participant: asker.subject(&this.participant_id)?,
            role: role(this.role)?,
        },
        |answer, outcome| SetRoleResponse { answer },
    }
    SetGrantsRequest => SetGrantsResponse needs Participants {
        |this, asker| Command::SetGrants {
            participant: asker.subject(&this.participant_id)?,
            grants: grants(&this.grants.unwrap_or_default())?,
        },
        |answer, outcome| SetGrantsResponse { answer },
    }
    SetStreamRequest => SetStreamResponse needs Participants {
        |this, asker| Command::SetStream {
            participant: asker.subject(&this.participant_id)?,
            stream: this.stream.map_or(KindSet::NONE, ids::flags),
        },
        |answer, outcome| SetStreamResponse { answer },
    }
    PublishRequest => PublishResponse needs Participants {
        |this, asker| Command::Publish {
            participant: asker.subject(&this.participant_id)?,
            kind: one_kind(&this.kinds)?,
        },
        |answer, outcome| PublishResponse { answer },
    }
    UnpublishRequest => UnpublishResponse needs Participants {
        |this, asker| Command::Unpublish {
            participant: asker.subject(&this.participant_id)?,
            kind: one_kind(&this.kinds)?,
        },
        |answer, outcome| UnpublishResponse { answer },
    }
    MuteRequest => MuteResponse needs Participants {
        |this, asker| Command::Mute {
            participant: asker.subject(&this.participant_id)?,
            kinds: ids::kinds(&this.kinds)?,
        },
        |answer, outcome| MuteResponse { answer },
    }
    UnmuteRequest => UnmuteResponse needs Participants {
        |this, asker| Command::Unmute {
            participant: asker.subject(&this.participant_id)?,
            kinds: ids::kinds(&this.kinds)?,
        },
        |answer, outcome| UnmuteResponse { answer },
    }
    SetParentGateRequest => SetParentGateResponse needs Participants {
        |this, asker| {
            let scope = GateScope::Participant(asker.subject(&this.participant_id)?);
            gate_change(scope, this.paused, this.audio_muted, this.video_muted)?
        },
        |answer, outcome| SetParentGateResponse { answer, gate: gate_of(outcome) },
    }
    SetRoomGateRequest => SetRoomGateResponse needs Participants {
        |this, asker| {
            gate_change(GateScope::Room, this.paused, this.audio_muted, this.video_muted)?
        },
        |answer, outcome| SetRoomGateResponse { answer, gate: gate_of(outcome) },
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
    })
}

/// What a token grants, in the room's words.
fn grants_of_claims(claims: &GrantClaims) -> Grants {
    Grants {
        publish: claims.publish.iter().copied().collect(),
        create_breakouts: claims.create_breakouts,
        move_others: claims.move_others,
        listen_in: claims.listen_in,
        address_all: claims.address_all,
    }
}

/// The role of a token, in the room's words.
const fn role_of_claim(claim: RoleClaim) -> Role {
    match claim {
        RoleClaim::Participant => Role::Participant,
        RoleClaim::Moderator => Role::Moderator,
    }
}

/// What the client says that its m-lines are for.
pub(crate) fn hints(wire: &[TrackHint]) -> Result<Vec<(String, TrackKind)>, ApiError> {
    let hint = |hint: &TrackHint| Ok((hint.mid.clone(), ids::kind(hint.kind)?));
    wire.iter().map(hint).collect()
}

/// Lets somebody in on the strength of its token.
pub(crate) async fn join_as(
    api: &Api,
    claims: &ClientClaims,
    offer: String,
    hints: Vec<(String, TrackKind)>,
    request_id: &str,
) -> Result<Joined, ApiError> {
    let request = to_join(api, claims, offer, request_id)?;
    let request = ToJoin { hints, ..request };
    api.timed(api.backend.join(request)).await
}

/// What the backend is asked on the strength of a token.
pub(crate) fn to_join(
    api: &Api,
    claims: &ClientClaims,
    offer: String,
    request_id: &str,
) -> Result<ToJoin, ApiError> {
    check_offer(api, &offer)?;
    let name = if claims.name.is_empty() {
        &claims.sub
    } else {
        &claims.name
    };
    Ok(ToJoin {
        room: claims.room.clone(),
        identity: claims.sub.clone(),
        display_name: name.clone(),
        role: role_of_claim(claims.role),
        grants: grants_of_claims(&claims.effective_grants()),
        offer,
        hints: Vec::new(),
        publish: false,
        request_id: request_id_or_fresh(request_id)?,
    })
}

pub(crate) fn check_offer(api: &Api, offer: &str) -> Result<(), ApiError> {
    let limit = api.config.max_offer_bytes;
    let sentence = match offer.len() {
        0 => "The offer is missing. Send the client's session description.".to_owned(),
        length if length > limit => format!("The offer is longer than {limit} bytes."),
        _ => return Ok(()),
    };
    Err(ApiError::BadOffer {
        sentence,
        line: None,
    })
}

impl Call for JoinRequest {
    type Response = JoinResponse;

    async fn call(self, api: &Api, who: &Who) -> Result<JoinResponse, ApiError> {
        let claims = match who {
            Who::Operator(operator) => {
                operator.require(Scope::Participants)?;
                api.keyring
                    .verify_client(&self.client_token, clock::unix_s())?
            }
            Who::Client(claims) => claims.as_ref().clone(),
            Who::Seated { .. } => return Err(ApiError::NoSuchMethod("Join".to_owned())),
        };
        if !self.room.is_empty() && self.room != claims.room {
            return Err(ApiError::PermissionDenied(
                "The client token is for another room.".to_owned(),
            ));
        }
        let hints = hints(&self.tracks)?;
        let joined = join_as(api, &claims, self.offer, hints, &self.request_id).await?;
        Ok(JoinResponse {
            answer: Some(Answer {
                epoch: joined.room.epoch.0,
                seq: joined.room.seq,
                replayed: joined.repeated,
            }),
            participant_id: joined.participant.to_string(),
            tracks: encode::tracks(&joined.media),
            slots: encode::slots(&joined.media),
            sdp: joined.media.answer,
            room: Some(encode::room(joined.room)),
            resumed: joined.resumed,
        })
    }
}

impl Call for ReofferRequest {
    type Response = ReofferResponse;

    async fn call(self, api: &Api, who: &Who) -> Result<ReofferResponse, ApiError> {
        let (room, participant) = own(api, who, &self.room, &self.participant_id).await?;
        check_offer(api, &self.offer)?;
        let request = ToReoffer {
            room,
            participant,
            hints: hints(&self.tracks)?,
            offer: self.offer,
        };
        let media = api.timed(api.backend.reoffer(request)).await?;
        Ok(ReofferResponse {
            tracks: encode::tracks(&media),
            slots: encode::slots(&media),
            sdp: media.answer,
        })
    }
}

impl Call for TrickleRequest {
    type Response = TrickleResponse;

    async fn call(self, api: &Api, who: &Who) -> Result<TrickleResponse, ApiError> {
        let (room, participant) = own(api, who, &self.room, &self.participant_id).await?;
        let line = &self.candidate;
        if line.len() > 1024 || !(line.is_empty() || line.starts_with("candidate:")) {
            return Err(ApiError::BadRequest(
                "`candidate` is what follows `a=` and starts with `candidate:`.".to_owned(),
            ));
        }
        api.timed(api.backend.trickle(&room, participant, line))
            .await?;
        Ok(TrickleResponse {})
    }
}

impl Call for LeaveRequest {
    type Response = LeaveResponse;

    async fn call(self, api: &Api, who: &Who) -> Result<LeaveResponse, ApiError> {
        let (room, participant) = own(api, who, &self.room, &self.participant_id).await?;
        let request_id: RequestId = request_id_or_fresh(&self.request_id)?;
        let left = api
            .timed(api.backend.leave(&room, participant, request_id))
            .await?;
        Ok(LeaveResponse {
            answer: Some(encode::answer(&left)),
        })
    }
}

impl Call for SetViewsRequest {
    type Response = SetViewsResponse;

    async fn call(self, api: &Api, who: &Who) -> Result<SetViewsResponse, ApiError> {
        let (room, participant) = own(api, who, &self.room, &self.participant_id).await?;
        let views = Views {
            everything_else: !self.only_these,
            wishes: self.views.iter().map(wish).collect::<Result<_, _>>()?,
        };
        api.timed(api.backend.set_views(&room, participant, views))
            .await?;
        Ok(SetViewsResponse {})
    }
}

fn wish(wire: &View) -> Result<Wished, ApiError> {
    let height = u16::try_from(wire.max_height).unwrap_or(u16::MAX);
    Ok(Wished {
        publisher: ids::participant(&wire.participant_id)?,
        kind: ids::kind(wire.kind)?,
        wish: match (wire.pinned, wire.hidden) {
            (_, true) => Wish::Hidden,
            (true, false) => Wish::Pinned,
            (false, false) => Wish::Shown,
        },
        max_height: (height != 0).then_some(height),
    })
}

/// A transport or a view is its owner's alone: a client's own, or for an operator the one it names.
async fn own(
    api: &Api,
    who: &Who,
    room: &str,
    named: &str,
) -> Result<(String, ParticipantId), ApiError> {
    let asker = api.asker(who, Scope::Participants, room, "").await?;
    let subject = asker.subject(named)?;
    match asker.actor {
        Actor::Participant(me) if me != subject => Err(ApiError::PermissionDenied(
            "This is for oneself only; leave `participantId` out.".to_owned(),
        )),
        _ => Ok((asker.room, subject)),
    }
}

impl Call for CreateTokenRequest {
    type Response = CreateTokenResponse;

    async fn call(self, api: &Api, who: &Who) -> Result<CreateTokenResponse, ApiError> {
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
            seconds => u64::from(seconds).min(api.config.tokens.max_client_life_s),
        };
        let exp = clock::unix_s() + life;
        let mut claims = ClientClaims::new(room_name(&self.room)?, &self.identity, role, exp);
        claims.name = self.display_name;
        claims.grants = self.grants.as_ref().map(claimed).transpose()?;
        claims
            .check_names()
            .map_err(|sentence| ApiError::BadRequest(sentence.to_owned()))?;
        let token = api.keyring.mint_client(&operator.key_id, &claims);
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
    })
}
