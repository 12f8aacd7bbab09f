//! HTTP: the JSON form of every method, the browser gateway, WHIP and WHEP.

use std::{convert::Infallible, net::IpAddr, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post},
};
use futures_util::{StreamExt as _, stream};
use tokio::time::interval;

use crate::{
    api::Api,
    call::{self, METHODS, Watched, call_json},
    description, dev,
    error::ApiError,
    gateway, ice,
    origin::{self, Sent},
    request::{From, bearer, peer, read},
    whip,
};

/// A watch sends an empty line so often, so that proxies keep it and a reader that is gone is noticed.
const IDLE_LINE_EVERY: Duration = Duration::from_secs(15);
/// The one method that is not unary.
const WATCH: &str = "EventService/Watch";

/// Everything that is served over HTTP, but for pages: they are the server's to add.
pub fn router(api: Api) -> Router {
    let mut router = Router::new()
        .route("/openapi.json", get(description::openapi))
        .route("/reference", get(description::reference))
        // GET over HTTP/1.1, CONNECT over HTTP/2 (RFC 8441), which the extractor tells apart.
        .route("/v1/ws", any(gateway::upgrade))
        .route("/whip/{room}", any(whip::publish))
        .route("/whip/{room}/{resource}", any(whip::resource))
        .route("/whep/{room}", any(whip::watch))
        .route("/whep/{room}/{resource}", any(whip::resource))
        .route("/sideroom.v1.EventService/Watch", called_with_post(watch));
    for service in ["Room", "Participant", "Breakout", "Node"] {
        let path = format!("/sideroom.v1.{service}Service/{{method}}");
        let service = format!("{service}Service");
        router = router.route(
            &path,
            called_with_post(move |api, from, method, request| {
                unary(api, from, service.clone(), method, request)
            }),
        );
    }
    // Services of other names; those above come first.
    router = router.route("/sideroom.v1.{service}/{method}", any(no_such_service));
    if api.config.dev {
        router = router
            .route("/dev/token", any(dev::token))
            .route("/dev/operator", any(dev::operator));
    }
    router
        .layer(middleware::from_fn_with_state(api.clone(), cross_origin))
        .with_state(api)
}

/// A route for a method: `POST` calls it, any other verb gets an error that says so.
fn called_with_post<H, T>(handler: H) -> MethodRouter<Api>
where
    H: axum::handler::Handler<T, Api>,
    T: 'static,
{
    post(handler).fallback(how_to_call)
}

/// Says how the method of this address is called: people open it in a browser first.
async fn how_to_call(uri: Uri) -> Response {
    let method = uri.path().trim_start_matches("/sideroom.v1.");
    if method != WATCH && !METHODS.contains(&method) {
        return ApiError::no_such_method(method).into_response();
    }
    let sentence = format!(
        "Call this method with POST, a token and a JSON body: curl URL/sideroom.v1.{method} -H \
         'Authorization: Bearer TOKEN' -d '{{\"room\":\"NAME\"}}'. The reference is docs/rpc.md."
    );
    let mut response = ApiError::BadRequest(sentence).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let post = HeaderValue::from_static("POST");
    response.headers_mut().insert(header::ALLOW, post);
    response
}

async fn no_such_service(uri: Uri) -> ApiError {
    ApiError::no_such_method(uri.path().trim_start_matches("/sideroom.v1."))
}

/// A method in its JSON form.
async fn unary(
    State(api): State<Api>,
    From(from): From,
    service: String,
    Path(method): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (who, body) = authorised(&api, from, request).await?;
    let answer = call_json(&api, &who, &format!("{service}/{method}"), &body, None).await?;
    Ok(json(answer.into()))
}

/// `EventService.Watch` in its JSON form: one object a line, as long as the caller reads.
async fn watch(
    State(api): State<Api>,
    From(from): From,
    request: Request,
) -> Result<Response, ApiError> {
    let (who, body) = authorised(&api, from, request).await?;
    let request = serde_json::from_slice(&body).map_err(|error| {
        ApiError::BadRequest(format!("The body is not a WatchRequest: {error}."))
    })?;
    let watching = call::watch(&api, &who, request).await?;
    let mut idle = interval(IDLE_LINE_EVERY);
    idle.reset();
    let lines = stream::unfold((watching, idle), |(mut watching, mut idle)| async move {
        let line = tokio::select! {
            item = watching.next() => line_of(item?),
            _ = idle.tick() => "\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(line), (watching, idle)))
    });
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn line_of(item: Result<Watched, ApiError>) -> String {
    let line = match item {
        Ok(item) => item.json(),
        Err(error) => serde_json::to_string(&serde_json::json!({ "error": error.wire() })).ok(),
    };
    line.unwrap_or_default() + "\n"
}

/// The caller and the body. The token is checked before the body is read.
async fn authorised(
    api: &Api,
    from: Option<IpAddr>,
    request: Request,
) -> Result<(crate::api::Caller, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    let who = api.who(bearer(&parts.headers), from)?;
    Ok((who, read(api, body).await?))
}

fn json(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Lets our own pages and those of allowed origins call, and refuses other pages: also for sockets, which
/// browsers open without a preflight. Callers that are no browsers send no `Origin` and pass.
async fn cross_origin(State(api): State<Api>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let sent = Sent {
        headers: request.headers(),
        peer: peer(request.extensions()),
    };
    if let Some(origin) = &origin
        && !origin::is_allowed(&api.config, origin, sent)
    {
        return ApiError::ForeignOrigin.into_response();
    }
    if request.uri().path().starts_with("/dev/") && !origin::is_sent_here(&api.config, sent) {
        return ApiError::ForeignOrigin.into_response();
    }
    let allowed = origin;
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key("access-control-request-method");
    let mut response = if preflight && allowed.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let host = origin::served_as(&api.config, sent).map(str::to_owned);
        ice::at_host(host, next.run(request)).await
    };
    let Some(origin) = allowed else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Location, Retry-After"),
    );
    if preflight {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PATCH, DELETE, OPTIONS"),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type, If-Match"),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("3600"),
        );
    }
    response
}
