//! From the configuration to the receivers.

use std::time::Duration;

use axum::http::Uri;

use super::filter::Filter;
use super::keeper::Bounds;
use super::post::{Poster, connector};
use super::receiver::Ways;
use super::signature::Secret;
use crate::config::{WebhookConfig, WebhookReceiver};

/// Everything that the receivers need.
pub struct Settings {
    pub(super) receivers: Vec<(Ways, Poster)>,
    pub(super) bounds: Bounds,
}

/// Why a receiver cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("webhooks.receivers: `{id}`: {why}")]
pub struct SettingsError {
    id: String,
    why: String,
}

impl Settings {
    /// Reads secrets and authorities. The configuration has been validated. `None`: there are no receivers.
    pub fn read(config: &WebhookConfig) -> Result<Option<Self>, SettingsError> {
        if config.receivers.is_empty() {
            return Ok(None);
        }
        let receivers = config.receivers.iter().map(|receiver| {
            read(config, receiver).map_err(|why| SettingsError {
                id: receiver.id.clone(),
                why,
            })
        });
        Ok(Some(Self {
            receivers: receivers.collect::<Result<_, _>>()?,
            bounds: Bounds {
                bytes: config.outbox_bytes,
                delivered: config.keep_events.into(),
            },
        }))
    }
}

fn read(config: &WebhookConfig, receiver: &WebhookReceiver) -> Result<(Ways, Poster), String> {
    let url = check_url(&receiver.url)?;
    let secret = secret(config, receiver)?;
    let tls = match url.scheme_str() {
        Some("https") => Some(connector(&receiver.authority_file)?),
        _ => None,
    };
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let ways = Ways {
        id: receiver.id.clone(),
        shown_url: shown(&url),
        filter: Filter {
            rooms: receiver.rooms.clone(),
            kinds: receiver.events.clone(),
        },
        secret: Secret::new(&secret),
        batch: count(config.events_per_request),
        parallel: count(config.requests_at_once),
        first_wait: Duration::from_millis(config.retry_first_ms.into()),
        longest_wait: Duration::from_secs(config.retry_longest_s.into()),
        retry_for: Duration::from_secs(u64::from(config.retry_for_h) * 3_600),
    };
    let within = Duration::from_millis(config.timeout_ms.into());
    Ok((ways, Poster::new(url, tls, within)))
}

/// The shortest secret: the hash's size.
const SECRET_BYTES: usize = 32;

fn secret(config: &WebhookConfig, receiver: &WebhookReceiver) -> Result<String, String> {
    let secret = match receiver.secret_file.as_str() {
        "" if receiver.secret.is_empty() => config.secret.clone(),
        "" => receiver.secret.clone(),
        file => {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
            text.trim_end().to_owned()
        }
    };
    match secret.len() >= SECRET_BYTES {
        true => Ok(secret),
        false => Err(format!(
            "its secret must have at least {SECRET_BYTES} bytes; set secret, secret_file, or webhooks.secret for all"
        )),
    }
}

/// The URL of a receiver: http or https, with a host, without a password.
pub fn check_url(text: &str) -> Result<Uri, String> {
    let url: Uri = text
        .parse()
        .map_err(|_| format!("`{text}` is no URL; write https://receiver.example/path"))?;
    let scheme = url.scheme_str();
    if !matches!(scheme, Some("http" | "https")) || url.host().unwrap_or_default().is_empty() {
        return Err("its url must begin with https:// or http:// and name a host".to_owned());
    }
    if url.authority().is_some_and(|at| at.as_str().contains('@')) {
        return Err(
            "its url holds a password, which logs would show; check the signature instead"
                .to_owned(),
        );
    }
    Ok(url)
}

fn shown(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or_default();
    let authority = url.authority().map(ToString::to_string).unwrap_or_default();
    format!("{scheme}://{authority}{}", url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_with_a_host_and_without_a_password() {
        for good in [
            "https://a.example/x?key=1",
            "http://127.0.0.1:80",
            "http://[::1]:8080/",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "/x",
            "ftp://a",
            "https://",
            "https://me:pw@a.example/",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        let url = check_url("https://a.example/x?key=1").unwrap();
        assert_eq!(shown(&url), "https://a.example/x");
    }
}
