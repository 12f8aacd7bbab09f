//! A span for each call over HTTP or gRPC, in the caller's own trace if it says which (W3C Trace Context).

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Where calls are served; everything else is pages and files.
const CALLS: [&str; 4] = ["/sideroom.v1.", "/v1/ws", "/whip/", "/whep/"];

/// Lets a call through, inside a span.
pub async fn trace_calls(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !CALLS.iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    let span = tracing::info_span!(
        "call",
        otel.kind = "server",
        method = path,
        status = tracing::field::Empty
    );
    if let Some(parent) = parent_of(request.headers()) {
        // It fails where spans are not sent anywhere.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    let response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    response
}

/// The caller's span: `00-<trace, 32 digits>-<span, 16 digits>-<flags, 2 digits>`.
fn parent_of(headers: &HeaderMap) -> Option<SpanContext> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let [version, trace, span, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
    // Later versions may add fields; ours has no more.
    let fits = [(version, 2), (trace, 32), (span, 16), (flags, 2)]
        .iter()
        .all(|(part, length)| part.len() == *length);
    if !fits || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(text: &str) -> Option<SpanContext> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", text.parse().ok()?);
        parent_of(&headers)
    }

    #[test]
    fn a_callers_trace_is_read_or_ignored() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let read = parent(&format!("00-{trace}-00f067aa0ba902b7-01")).expect("well-formed");
        assert_eq!(read.trace_id().to_string(), trace);
        assert_eq!(read.span_id().to_string(), "00f067aa0ba902b7");
        assert!(read.is_sampled() && read.is_remote());
        for wrong in [
            String::new(),
            "00".to_owned(),
            format!("00-{trace}-00f067aa0ba902b7"),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", "x".repeat(32)),
        ] {
            assert_eq!(parent(&wrong), None, "{wrong}");
        }
    }
}
