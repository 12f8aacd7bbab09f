//! For development only: mints client tokens on request, and makes the rooms that they name.

use axum::{
    Json,
    extract::{FromRequest as _, Query, Request, State},
    http::Method,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use sideroom_control::{BreakoutSettingsPatch, RoomPatch};

use crate::{
    api::{Api, room_name},
    auth::{ApiClaims, ClientClaims, RoleClaim},
    backend::CreateRoom,
    clock,
    error::ApiError,
    ids,
};

/// Development tokens last for a working day.
const LIFE_S: u64 = 12 * 3600;

/// The parameters of a token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TokenRequest {
    room: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    identity: String,
    #[serde(default)]
    role: RoleClaim,
    /// Answers with the bare token, for a shell. The value does not matter.
    plain: Option<String>,
}

/// The query of `/dev/operator`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorQuery {
    plain: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Minted {
    token: String,
    room: String,
    identity: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct OperatorToken {
    token: String,
}

/// `GET` or `POST /dev/token`: `room`, and optionally `name`, `identity`, `role` and `plain`.
pub(crate) async fn token(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let wanted = wanted(request).await?;
    let room = room_name(&wanted.room)?.to_owned();
    let create = CreateRoom {
        name: room.clone(),
        request_id: ids::request_id_or_fresh("")?,
        mode: None,
        settings: RoomPatch::default(),
        breakouts: BreakoutSettingsPatch::default(),
    };
    match api.timed(api.backend.create_room(create)).await {
        Ok(_) | Err(ApiError::RoomExists) => {}
        Err(error) => return Err(error),
    }
    let secret = clock::secret();
    let identity = match wanted.identity.as_str() {
        // Two people may have one name; an identity is one person's.
        "" => format!("{}-{}", wanted.name, secret.get(..6).unwrap_or_default()),
        given => given.to_owned(),
    };
    let keyring = api.keyring();
    let exp = clock::unix_s() + LIFE_S.min(keyring.rules().max_client_life_s);
    let mut claims = ClientClaims::new(&room, &identity, wanted.role, exp);
    if !wanted.name.is_empty() {
        claims.name = wanted.name;
    }
    claims
        .check_names()
        .map_err(|sentence| ApiError::BadRequest(sentence.to_owned()))?;
    let key = keyring.minting_key().ok_or_else(|| {
        ApiError::NotSupported("No key of this server may sign client tokens.".to_owned())
    })?;
    let token = keyring
        .mint_client(key, &claims)
        .map_err(|_| ApiError::Internal)?;
    if wanted.plain.is_some() {
        return Ok(line(token));
    }
    Ok(Json(Minted {
        token,
        room,
        identity,
    })
    .into_response())
}

/// `GET` or `POST /dev/operator`: a token with the development key's power, for the operator console and
/// for a first call from a shell (`?plain`).
pub(crate) async fn operator(
    State(api): State<Api>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::<OperatorQuery>::try_from_uri(request.uri())
        .map_err(|_| ApiError::BadRequest("Give nothing, or `plain`.".to_owned()))?;
    let keyring = api.keyring();
    let key = keyring.minting_key().ok_or_else(|| {
        ApiError::NotSupported("No key of this server may sign tokens.".to_owned())
    })?;
    let claims = ApiClaims::new(clock::unix_s() + LIFE_S.min(keyring.rules().max_api_life_s));
    let token = keyring
        .mint_api(key, &claims)
        .map_err(|_| ApiError::Internal)?;
    if query.plain.is_some() {
        return Ok(line(token));
    }
    Ok(Json(OperatorToken { token }).into_response())
}

/// A token alone, as text.
fn line(token: String) -> Response {
    (token + "\n").into_response()
}

async fn wanted(request: Request) -> Result<TokenRequest, ApiError> {
    let bad = || {
        ApiError::BadRequest(
            "Give `room`, and if you like `name`, `identity`, `role` (participant or moderator) and \
             `plain`, as in /dev/token?room=math&name=Ada&role=moderator."
                .to_owned(),
        )
    };
    if request.method() == Method::POST {
        let json = Json::<TokenRequest>::from_request(request, &()).await;
        return json.map(|Json(wanted)| wanted).map_err(|_| bad());
    }
    let query = Query::<TokenRequest>::try_from_uri(request.uri());
    query.map(|Query(wanted)| wanted).map_err(|_| bad())
}
