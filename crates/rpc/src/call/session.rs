//! `ParticipantService`, the part with a transport: joining, offers, leaving, and views.

use sideroom_control::{Actor, Command, Digest, View as Wished, Views, Wish};
use sideroom_route::{ParticipantId, TrackKind};

use super::Call;
use crate::{
    api::{Api, Caller, Requester},
    auth::{ClientClaims, Scope, rights_of},
    backend::{JoinRequest as ToJoin, Joined, ReofferRequest as ToReoffer},
    clock, encode,
    error::ApiError,
    ids,
    proto::*,
};

/// The client's track hints.
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

/// The join request that a token allows.
pub(crate) fn to_join(
    api: &Api,
    claims: &ClientClaims,
    offer: String,
    request_id: &str,
) -> Result<ToJoin, ApiError> {
    check_offer(api, &offer)?;
    let rights = rights_of(claims);
    let name = if claims.name.is_empty() {
        &claims.sub
    } else {
        &claims.name
    };
    Ok(ToJoin {
        room: claims.room.clone(),
        identity: claims.sub.clone(),
        display_name: name.clone(),
        role: rights.role,
        grants: rights.grants,
        offer,
        hints: Vec::new(),
        publish: false,
        whole: false,
        request_id: ids::request_id_or_fresh(request_id)?,
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

    async fn call(self, api: &Api, who: &Caller) -> Result<JoinResponse, ApiError> {
        let by_itself = matches!(who, Caller::Client(_));
        let claims = match who {
            Caller::Operator(operator) => {
                operator.require(Scope::Participants)?;
                api.keyring()
                    .verify_client(&self.client_token, clock::unix_s())?
            }
            Caller::Client(claims) => claims.as_ref().clone(),
            Caller::Seated { .. } => return Err(ApiError::NoSuchMethod("Join".to_owned())),
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
                schedule: None,
                dry_run: None,
                epoch: joined.room.epoch.0,
                seq: joined.room.seq,
                replayed: joined.repeated,
                version: joined.room.version,
            }),
            participant_id: joined.participant.to_string(),
            tracks: encode::tracks(&joined.media),
            slots: encode::slots(&joined.media),
            sdp: joined.media.answer,
            ice_servers: api.ice_servers(joined.participant, by_itself),
            room: Some(encode::room(joined.room)),
            resumed: joined.resumed,
        })
    }
}

impl Call for ReofferRequest {
    type Response = ReofferResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<ReofferResponse, ApiError> {
        let (room, participant) = own(api, who, &self.room, &self.participant_id).await?;
        check_offer(api, &self.offer)?;
        let request = ToReoffer {
            room,
            participant,
            hints: hints(&self.tracks)?,
            offer: self.offer,
        };
        check_repeat(api, participant, &self.request_id, request.body())?;
        let media = api.timed(api.backend.reoffer(request)).await?;
        Ok(ReofferResponse {
            tracks: encode::tracks(&media),
            slots: encode::slots(&media),
            sdp: media.answer,
            ice_servers: api.ice_servers(participant, !matches!(who, Caller::Operator(_))),
        })
    }
}

impl Call for TrickleRequest {
    type Response = TrickleResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<TrickleResponse, ApiError> {
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

    fn set_request_id(&mut self, id: &str) {
        id.clone_into(&mut self.request_id);
    }

    async fn call(self, api: &Api, who: &Caller) -> Result<LeaveResponse, ApiError> {
        let (requester, participant) = own_of(api, who, &self.room, &self.participant_id).await?;
        let leave = Command::Leave { participant };
        let expected = super::expected(self.expected_version, self.expected_epoch)?;
        let left = api
            .command(requester, &self.request_id, expected, leave)
            .await?;
        Ok(LeaveResponse {
            answer: Some(encode::answer(&left)),
        })
    }
}

impl Call for SetViewsRequest {
    type Response = SetViewsResponse;

    fn set_request_id(&mut self, id: &str) {
        id.clone_into(&mut self.request_id);
    }

    async fn call(self, api: &Api, who: &Caller) -> Result<SetViewsResponse, ApiError> {
        let (room, participant) = own(api, who, &self.room, &self.participant_id).await?;
        let views = Views {
            everything_else: !self.only_these,
            wishes: self.views.iter().map(wish).collect::<Result<_, _>>()?,
        };
        check_repeat(api, participant, &self.request_id, Digest::of(&views))?;
        api.timed(api.backend.set_views(&room, participant, views))
            .await?;
        Ok(SetViewsResponse {})
    }
}

/// Refuses the id of another request of the same participant.
pub(crate) fn check_repeat(
    api: &Api,
    participant: ParticipantId,
    id: &str,
    body: Digest,
) -> Result<(), ApiError> {
    api.recent.check(clock::now(), participant, (id, body))
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

/// The participant of a transport or view: a client's own, or the one that an operator names.
async fn own(
    api: &Api,
    who: &Caller,
    room: &str,
    named: &str,
) -> Result<(String, ParticipantId), ApiError> {
    let (requester, subject) = own_of(api, who, room, named).await?;
    Ok((requester.room, subject))
}

async fn own_of(
    api: &Api,
    who: &Caller,
    room: &str,
    named: &str,
) -> Result<(Requester, ParticipantId), ApiError> {
    let requester = api.requester(who, Scope::Participants, room, "").await?;
    let subject = requester.subject(named)?;
    match requester.actor {
        Actor::Participant(me) if me != subject => Err(ApiError::PermissionDenied(
            "This is for oneself only; leave `participantId` out.".to_owned(),
        )),
        _ => Ok((requester, subject)),
    }
}
