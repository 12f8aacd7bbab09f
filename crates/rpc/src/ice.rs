//! The ICE servers that newcomers are told: the server's own TURN, with credentials for each.

use std::fmt;
use std::sync::Arc;

use sideroom_route::ParticipantId;

use crate::proto::IceServer;

/// Makes credentials for the server's own TURN.
pub trait TurnCredentials: Send + Sync + 'static {
    /// User name and password for a participant, good from now on for a while.
    fn credentials(&self, participant: &str) -> (String, String);
}

/// The addresses and credentials of the server's own TURN.
#[derive(Clone)]
pub struct OwnTurn {
    /// The URLs for clients. Empty: made of the host and port that the client called.
    pub urls: Vec<String>,
    /// The HTTP port serves it too, with TLS (`true`) or without.
    pub beside_http: Option<bool>,
    /// A port for it over UDP and TCP.
    pub port: Option<u16>,
    pub credentials: Arc<dyn TurnCredentials>,
}

impl fmt::Debug for OwnTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTurn")
            .field("urls", &self.urls)
            .field("beside_http", &self.beside_http)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

tokio::task_local! {
    static HOST: Option<String>;
}

/// Answers a request that was sent to `host`, as the caller wrote it.
pub(crate) async fn at_host<F: Future>(host: Option<String>, answer: F) -> F::Output {
    HOST.scope(host, answer).await
}

/// The host that the request that is being answered was sent to.
pub(crate) fn host() -> Option<String> {
    HOST.try_with(Clone::clone).ok().flatten()
}

impl OwnTurn {
    /// The ICE servers for a participant whose client called `host`.
    pub(crate) fn servers(&self, participant: ParticipantId, host: Option<&str>) -> Vec<IceServer> {
        let urls = self.urls(host);
        if urls.is_empty() {
            return Vec::new();
        }
        let (username, credential) = self.credentials.credentials(&participant.to_string());
        vec![IceServer {
            urls,
            username,
            credential,
        }]
    }

    /// The URLs for a client that called `host`, such as `meet.example` or `[2001:db8::1]:7900`.
    fn urls(&self, host: Option<&str>) -> Vec<String> {
        if !self.urls.is_empty() {
            return self.urls.clone();
        }
        let uri = host.and_then(|host| host.parse::<axum::http::Uri>().ok());
        let Some((uri, name)) = uri.as_ref().and_then(|uri| Some((uri, uri.host()?))) else {
            return Vec::new();
        };
        let udp = self
            .port
            .map(|port| format!("turn:{name}:{port}?transport=udp"));
        let beside = self.beside_http.map(|tls| {
            let (scheme, usual) = if tls { ("turns", 443) } else { ("turn", 80) };
            let port = uri.port_u16().unwrap_or(usual);
            format!("{scheme}:{name}:{port}?transport=tcp")
        });
        let tcp = self
            .port
            .map(|port| format!("turn:{name}:{port}?transport=tcp"));
        udp.into_iter().chain(beside).chain(tcp).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl TurnCredentials for Known {
        fn credentials(&self, participant: &str) -> (String, String) {
            (participant.to_owned(), "password".to_owned())
        }
    }

    fn turn(beside_http: Option<bool>, port: Option<u16>) -> OwnTurn {
        OwnTurn {
            urls: Vec::new(),
            beside_http,
            port,
            credentials: Arc::new(Known),
        }
    }

    #[test]
    fn clients_are_told_the_host_that_they_called() {
        for (turn, host, expected) in [
            (
                turn(Some(true), None),
                "meet.example",
                &["turns:meet.example:443?transport=tcp"][..],
            ),
            (
                turn(Some(true), None),
                "meet.example:7900",
                &["turns:meet.example:7900?transport=tcp"],
            ),
            (
                turn(Some(false), None),
                "[::1]:7900",
                &["turn:[::1]:7900?transport=tcp"],
            ),
            (
                turn(Some(true), Some(3_478)),
                "meet.example",
                &[
                    "turn:meet.example:3478?transport=udp",
                    "turns:meet.example:443?transport=tcp",
                    "turn:meet.example:3478?transport=tcp",
                ],
            ),
            (turn(None, None), "meet.example", &[]),
            (turn(Some(true), None), "not a host", &[]),
        ] {
            assert_eq!(turn.urls(Some(host)), expected, "{host}");
            assert!(turn.urls(None).is_empty());
        }
        let told = OwnTurn {
            urls: vec!["turns:relay.example:443".to_owned()],
            ..turn(Some(true), None)
        };
        assert_eq!(told.urls(None), ["turns:relay.example:443"]);
        assert!(!format!("{told:?}").contains("password"));
    }
}
