//! HTTP for the targets: JSON or SDP by POST, and refusals with the server's words.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, Body, http::Response};

use crate::load::error::LoadError;

/// The most bytes read of one answer.
const MAX_ANSWER: u64 = 64 << 20;

/// An HTTP client that keeps connections open.
pub struct Http {
    agent: Agent,
}

/// A resource that a POST created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Created {
    pub body: String,
    /// Where it can be found.
    pub location: Option<String>,
}

impl Http {
    /// Waits for answers at most so long.
    pub fn new(patience: Duration) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(patience))
            .max_idle_connections_per_host(16)
            .build()
            .into();
        Self { agent }
    }

    pub fn read_json(&self, url: &str) -> Result<Value, LoadError> {
        json(url, &body(url, self.agent.get(url).call())?)
    }

    /// Reads text by GET.
    pub fn read(&self, url: &str) -> Result<String, LoadError> {
        body(url, self.agent.get(url).call())
    }

    /// Posts JSON and reads JSON; `method` is how the request is called in errors.
    pub fn post_json(
        &self,
        method: &str,
        url: &str,
        message: &Value,
        bearer: Option<&str>,
    ) -> Result<Value, LoadError> {
        let mut request = self.agent.post(url);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        json(method, &body(method, request.send_json(message))?)
    }

    /// Posts an offer as WHIP and WHEP do.
    pub fn post_sdp(
        &self,
        url: &str,
        offer: &str,
        bearer: Option<&str>,
    ) -> Result<Created, LoadError> {
        let mut request = self.agent.post(url).content_type("application/sdp");
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let answer = request.send(offer).map_err(|error| refused(url, &error))?;
        let location = answer.headers().get("location");
        let location = location.and_then(|value| value.to_str().ok());
        let location = location.map(str::to_owned);
        Ok(Created {
            body: body(url, Ok(answer))?,
            location,
        })
    }

    /// Deletes a resource.
    pub fn delete(&self, url: &str, bearer: Option<&str>) -> Result<(), LoadError> {
        let mut request = self.agent.delete(url);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        body(url, request.call()).map(|_| ())
    }
}

/// The server's own words, as an error.
pub fn refused(method: &str, message: &dyn fmt::Display) -> LoadError {
    LoadError::Refused {
        method: method.to_owned(),
        message: message.to_string(),
    }
}

/// `location` as an address of its own, if it is one within that of `url`.
pub fn resolve(url: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let host = url.get(after_scheme..).and_then(|rest| rest.find('/'));
    let origin = host.map_or(url, |at| url.get(..after_scheme + at).unwrap_or(url));
    format!("{origin}/{}", location.trim_start_matches('/'))
}

fn body(method: &str, answer: Result<Response<Body>, ureq::Error>) -> Result<String, LoadError> {
    let mut answer = answer.map_err(|error| refused(method, &error))?;
    let text = answer.body_mut().with_config().limit(MAX_ANSWER);
    let text = text.read_to_string();
    let text = text.map_err(|error| refused(method, &error))?;
    let status = answer.status();
    if status.is_success() {
        Ok(text)
    } else {
        Err(refused(method, &format!("{status} {text}")))
    }
}

fn json(method: &str, text: &str) -> Result<Value, LoadError> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|error| refused(method, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_may_be_whole_or_within_the_server() {
        for (url, location, whole) in [
            ("http://a:1/whip/r", "/whip/r/x", "http://a:1/whip/r/x"),
            ("http://a:1", "x", "http://a:1/x"),
            ("http://a:1/whip", "https://b/y", "https://b/y"),
        ] {
            assert_eq!(resolve(url, location), whole);
        }
    }
}
