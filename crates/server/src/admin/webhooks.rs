//! `/webhooks` of the admin port, for callers with the scope `node`.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sideroom_rpc::ApiError;
use sideroom_rpc::auth::{Keys, Scope};

use crate::clock;
use crate::webhooks::{Replay, StartedWebhooks, WebhookError, Webhooks};

/// Dead letters in one answer at most.
const LETTERS: usize = 1_000;

/// `/webhooks`: the receivers of events, their dead letters, and replays.
pub fn webhooks(desk: StartedWebhooks, keys: Keys) -> Router {
    Router::new()
        .route("/webhooks", get(receivers))
        .route("/webhooks/{receiver}/dead-letters", get(dead_letters))
        .route("/webhooks/{receiver}/replay", post(replay))
        .with_state((desk, keys))
}

type ForOperators = State<(StartedWebhooks, Keys)>;

/// Why a caller gets no answer.
enum Refusal {
    Caller(ApiError),
    NoReceivers,
    Webhooks(WebhookError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Caller(error)
    }
}

impl From<WebhookError> for Refusal {
    fn from(error: WebhookError) -> Self {
        Self::Webhooks(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Self::Caller(error) => return error.into_response(),
            Self::NoReceivers => {
                let why = "this server has no webhooks.receivers".to_owned();
                (StatusCode::NOT_FOUND, why)
            }
            Self::Webhooks(error) => {
                let status = match error {
                    WebhookError::Unknown => StatusCode::NOT_FOUND,
                    WebhookError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
                    WebhookError::Refused(_) => StatusCode::CONFLICT,
                };
                (status, error.to_string())
            }
        };
        (status, format!("{why}\n")).into_response()
    }
}

/// The receivers, for a caller who may look after the node.
fn opened<'a>(
    (desk, keys): &'a (StartedWebhooks, Keys),
    headers: &HeaderMap,
) -> Result<&'a Webhooks, Refusal> {
    let token = headers.get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let missing = || ApiError::Unauthenticated("the admin port wants a token for this".into());
    let now_s = clock::unix_ms() / 1_000;
    let operator = keys
        .current()
        .verify_api(token.ok_or_else(missing)?, now_s)?;
    operator.require(Scope::Node)?;
    desk.get().ok_or(Refusal::NoReceivers)
}

async fn receivers(State(state): ForOperators, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let receivers = opened(&state, &headers)?.list();
    Ok(Json(json!({ "receivers": receivers })))
}

/// Which dead letters.
#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn dead_letters(
    State(state): ForOperators,
    Path(receiver): Path<String>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let webhooks = opened(&state, &headers)?;
    let letters = webhooks.dead_letters(&receiver, after, LETTERS).await?;
    Ok(Json(json!({ "deadLetters": letters })))
}

async fn replay(
    State(state): ForOperators,
    Path(receiver): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Refusal> {
    let webhooks = opened(&state, &headers)?;
    let replay: Replay = serde_json::from_str(&body)
        .map_err(|error| ApiError::BadRequest(format!("The body is not a replay: {error}.")))?;
    webhooks.replay(&receiver, replay).await?;
    Ok(StatusCode::ACCEPTED)
}
