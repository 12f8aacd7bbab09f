//! WHIP (RFC 9725) and its egress twin WHEP: publishing into a room and watching it with one HTTP request
//! and no SDK.
//!
//! The bearer is a client token, with every request (RFC 9725 section 4.7). `?group=b1` goes on into a breakout,
//! with the rights of the token. A resource is its owner's: only the bearer of a token for the same
//! identity in the same room deletes it, which leaves the room.

mod resources;

use axum::{
    extract::{Path, Query, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use sideroom_control::{Actor, Command, KindSet, WHEP_NAME, WHEP_SUFFIX, WHIP_SUFFIX};
use sideroom_route::GroupId;

use crate::{
    api::{Api, Caller, Requester},
    auth::{ClientClaims, GrantClaims, Scope},
    backend::Joined,
    call::to_join,
    clock,
    error::ApiError,
    ids,
    request::{self, From, bearer},
};
pub(crate) use resources::Resources;
use resources::Session;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// WHIP or WHEP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Publish,
    Watch,
}

/// Query parameters of the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Options {
    /// Where to go after joining: `parent`, or a breakout.
    #[serde(default)]
    group: String,
}

/// `POST /whip/{room}`.
pub(crate) async fn publish(
    State(api): State<Api>,
    From(from): From,
    Path(room): Path<String>,
    Query(options): Query<Options>,
    request: Request,
) -> Result<Response, ApiError> {
    match *request.method() {
        Method::POST => begin(&api, from, (Way::Publish, room, options), request).await,
        Method::OPTIONS => Ok(accepts()),
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}

/// `POST /whep/{room}`.
pub(crate) async fn watch(
    State(api): State<Api>,
    From(from): From,
    Path(room): Path<String>,
    Query(options): Query<Options>,
    request: Request,
) -> Result<Response, ApiError> {
    match *request.method() {
        Method::POST => begin(&api, from, (Way::Watch, room, options), request).await,
        Method::OPTIONS => Ok(accepts()),
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}

/// `DELETE` leaves; `PATCH` brings candidates, which an ICE-lite server has no use for.
pub(crate) async fn resource(
    State(api): State<Api>,
    From(from): From,
    Path((room, resource)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    if *request.method() == Method::OPTIONS {
        return Ok(accepts());
    }
    let who = api.who(bearer(request.headers()), from)?;
    let known = api.resources.find(&room, &resource);
    if known.is_err() {
        api.count_address(from)?;
    }
    let session = known?;
    check_owner(&who, &session)?;
    match *request.method() {
        Method::DELETE => {
            let session = api.resources.take(&room, &resource)?;
            match api.leave(&session.room, session.participant, "").await {
                Ok(_) | Err(ApiError::ParticipantNotFound | ApiError::RoomNotFound) => {}
                Err(error) => return Err(error),
            }
            Ok(StatusCode::OK.into_response())
        }
        Method::PATCH => {
            if content_type(&request) != FRAGMENT {
                return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
            }
            let body = request::read(&api, request.into_body()).await?;
            if body.windows(12).any(|part| part == b"a=ice-ufrag:") {
                return Err(ApiError::NotSupported(
                    "ICE restarts are not possible here; delete the session and begin another."
                        .to_owned(),
                ));
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}

/// The owner may, and the signaling server that may remove participants.
fn check_owner(who: &Caller, session: &Session) -> Result<(), ApiError> {
    let owns = match who {
        Caller::Operator(operator) => return operator.require(Scope::Participants),
        Caller::Client(claims) => claims.room == session.room && claims.sub == session.owner,
        Caller::Seated { .. } => false,
    };
    if owns {
        return Ok(());
    }
    Err(ApiError::PermissionDenied(
        "This session is another participant's. Use the token that it was made with.".to_owned(),
    ))
}

async fn begin(
    api: &Api,
    from: Option<std::net::IpAddr>,
    (way, room, options): (Way, String, Options),
    request: Request,
) -> Result<Response, ApiError> {
    let Caller::Client(claims) = api.who(bearer(request.headers()), from)? else {
        return Err(ApiError::PermissionDenied(
            "Use a client token here, not an API token.".to_owned(),
        ));
    };
    if claims.room != room {
        return Err(ApiError::PermissionDenied(
            "This token is for another room.".to_owned(),
        ));
    }
    if content_type(&request) != SDP {
        return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let body = request::read(api, request.into_body()).await?;
    let offer = String::from_utf8(body.into()).map_err(|_| ApiError::BadOffer {
        sentence: "The offer is not UTF-8 text.".to_owned(),
        line: None,
    })?;
    let resource = clock::secret();
    let owner = claims.sub.clone();
    let claims = claims_for(way, *claims, &resource);
    let mut join = to_join(api, &claims, offer, &resource)?;
    join.publish = way == Way::Publish;
    join.whole = true;
    let joined = api.timed(api.backend.join(join)).await?;
    if let Err(error) = go_on(api, &room, &joined, &options.group).await {
        // The join is taken back; if that fails too, the transport's end will do it.
        let _ = api.leave(&room, joined.participant, "").await;
        return Err(error);
    }
    let session = Session {
        room: room.clone(),
        owner,
        participant: joined.participant,
    };
    api.resources.put(resource.clone(), session);
    Ok(created(way, &room, &resource, joined.media.answer))
}

/// The identity that joins. It differs from the token's identity, which may be in the room with a browser at
/// the same time. A publisher keeps one identity, so that an encoder that reconnects takes its place back;
/// one token may have many watchers.
fn claims_for(way: Way, mut claims: ClientClaims, resource: &str) -> ClientClaims {
    let suffix = match way {
        Way::Publish => WHIP_SUFFIX.to_owned(),
        Way::Watch => {
            let name = resource.get(..WHEP_NAME).unwrap_or_default();
            format!("{WHEP_SUFFIX}{name}")
        }
    };
    if claims.name.is_empty() {
        claims.name.clone_from(&claims.sub);
    }
    claims.sub.push_str(&suffix);
    if way == Way::Watch {
        let grants = claims.effective_grants();
        claims.grants = Some(GrantClaims {
            publish: Vec::new(),
            ..grants
        });
    }
    claims
}

/// Goes on into a breakout, with the participant's own rights.
async fn go_on(api: &Api, room: &str, joined: &Joined, group: &str) -> Result<(), ApiError> {
    let participant = joined.participant;
    if group.is_empty() {
        return Ok(());
    }
    let to = ids::group(group)?;
    let GroupId::Breakout(breakout) = to else {
        return Ok(());
    };
    let there = joined.room.participants.iter();
    if there
        .filter(|one| one.participant == participant)
        .any(|one| one.group == to)
    {
        return Ok(());
    }
    let requester = Requester {
        room: room.to_owned(),
        actor: Actor::Participant(participant),
    };
    let command = Command::JoinBreakout {
        participant,
        breakout: Some(breakout),
        stream: Some(
            joined
                .media
                .tracks
                .iter()
                .map(|(kind, _)| *kind)
                .collect::<KindSet>(),
        ),
    };
    api.command(requester, "", None, command).await.map(|_| ())
}

fn created(way: Way, room: &str, resource: &str, answer: String) -> Response {
    let way = match way {
        Way::Publish => "whip",
        Way::Watch => "whep",
    };
    let location = format!("/{way}/{}/{resource}", percent_encoded(room));
    let mut response = (StatusCode::CREATED, answer).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    if let Ok(tag) = HeaderValue::try_from(format!("\"{resource}\"")) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert("accept-patch", HeaderValue::from_static(FRAGMENT));
    response
}

fn accepts() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert("accept-post", HeaderValue::from_static(SDP));
    headers.insert("accept-patch", HeaderValue::from_static(FRAGMENT));
    response
}

fn content_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Everything but the unreserved characters of RFC 3986 section 2.3.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&clock::hex(&[byte]).to_ascii_uppercase());
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use sideroom_control::person_of;

    use super::*;
    use crate::auth::RoleClaim;

    #[test]
    fn names_are_spelled_so_that_they_fit_an_address() {
        assert_eq!(percent_encoded("Math 101/ä"), "Math%20101%2F%C3%A4");
    }

    #[test]
    fn a_long_identity_is_still_the_same_person() {
        let long = "ä".repeat(64);
        let claims = ClientClaims::new("r", &long, RoleClaim::Participant, 0);
        let publisher = claims_for(Way::Publish, claims.clone(), "0123456789");
        assert!(publisher.sub.ends_with("/whip") && person_of(&publisher.sub) == long);
        let watcher = claims_for(Way::Watch, claims, "0123456789");
        assert!(watcher.sub.ends_with("/whep-01234567") && person_of(&watcher.sub) == long);
        assert!(watcher.effective_grants().publish.is_empty());
    }
}
