//! The description of the JSON form, for programs and for people. Both files are made from the proto by
//! `make generate`, and hold nothing of this server's state: they need no token.

use axum::{
    http::{HeaderName, header},
    response::IntoResponse,
};

const OPENAPI: &str = include_str!("../openapi/openapi.json");
const REFERENCE: &str = include_str!("../openapi/reference.html");
/// The page has its style inline, and nothing else to load or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> impl IntoResponse {
    (headers("application/json"), OPENAPI)
}

/// `GET /reference`.
pub(crate) async fn reference() -> impl IntoResponse {
    (headers("text/html; charset=utf-8"), REFERENCE)
}

/// A newer binary has another text under the same address.
const fn headers(content_type: &'static str) -> [(HeaderName, &'static str); 4] {
    [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}
