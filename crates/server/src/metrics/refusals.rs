//! Counts requests that were refused before they became commands. A layer around the front ends' routes: it
//! reads the status of an answer, HTTP's or gRPC's, and nothing else.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::catalogue as names;

/// For `axum::middleware::from_fn`.
pub async fn count_refusals(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let grpc = response
        .headers()
        .get("grpc-status")
        .and_then(|status| status.to_str().ok());
    let reason = match grpc {
        Some(status) => of_grpc(status),
        None => of_http(response.status()),
    };
    if let Some(reason) = reason {
        metrics::counter!(names::REFUSED, "reason" => reason).increment(1);
    }
    response
}

fn of_http(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED => Some("unauthenticated"),
        StatusCode::FORBIDDEN => Some("permission_denied"),
        StatusCode::TOO_MANY_REQUESTS => Some("rate_limited"),
        StatusCode::PAYLOAD_TOO_LARGE => Some("too_large"),
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => Some("malformed"),
        StatusCode::SERVICE_UNAVAILABLE => Some("unavailable"),
        _ => None,
    }
}

/// The numbers of gRPC's status codes.
fn of_grpc(status: &str) -> Option<&'static str> {
    match status {
        "3" => Some("malformed"),
        "7" => Some("permission_denied"),
        "8" => Some("rate_limited"),
        "14" => Some("unavailable"),
        "16" => Some("unauthenticated"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_are_counted() {
        assert_eq!(of_http(StatusCode::OK), None);
        assert_eq!(
            of_http(StatusCode::CONFLICT),
            None,
            "a room refused it, not the front end"
        );
        assert_eq!(of_http(StatusCode::UNAUTHORIZED), of_grpc("16"));
        assert_eq!(of_http(StatusCode::FORBIDDEN), of_grpc("7"));
        assert_eq!(of_http(StatusCode::TOO_MANY_REQUESTS), of_grpc("8"));
        assert_eq!(of_grpc("0"), None);
    }
}
