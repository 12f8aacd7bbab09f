//! Origins that may call (RFC 6454, RFC 6455 section 10.2): this server's own pages, and the origins that the operator
//! allows.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::config::RpcConfig;

/// The parts of a request that say which address of this server it was sent to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The other end of its connection: a proxy says more.
    pub(crate) peer: Option<IpAddr>,
}

/// True if a page of `origin` may send this request.
pub(crate) fn is_allowed(config: &RpcConfig, origin: &HeaderValue, sent: Sent<'_>) -> bool {
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let named = |one: &String| one == "*" || one.eq_ignore_ascii_case(origin);
    if config.allowed_origins.iter().any(named) {
        return true;
    }
    let Ok(page) = origin.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(host)) = (page.scheme_str(), page.host()) else {
        return false;
    };
    let served = served_as(config, sent);
    // A development server hands out tokens: a page of a foreign name that resolves to it must not get one.
    if config.dev {
        return is_local(host) || served.is_some_and(|served| same_address(host, served));
    }
    served.is_some_and(|served| same_place(scheme, &page, served))
}

/// True if the request was sent to this machine under a name that no stranger controls. A browser leaves out the
/// origin when a page fetches from its own host, and a stranger's name may resolve to this machine.
pub(crate) fn is_sent_here(config: &RpcConfig, sent: Sent<'_>) -> bool {
    let Some(served) = served_as(config, sent) else {
        // HTTP/1.0 and our own tools; browsers always say it.
        return true;
    };
    let Ok(uri) = served.parse::<Uri>() else {
        return false;
    };
    let named = |one: &String| {
        let page = one.parse::<Uri>().ok();
        one == "*" || page.is_some_and(|page| page.authority() == uri.authority())
    };
    let host = uri.host().unwrap_or_default();
    is_local(host) || address(host).is_some() || config.allowed_origins.iter().any(named)
}

/// The host and port that the request was sent to, as the browser wrote them.
pub(crate) fn served_as<'a>(config: &RpcConfig, sent: Sent<'a>) -> Option<&'a str> {
    let Sent { headers, peer } = sent;
    let forwarded = headers
        .get("x-forwarded-host")
        .filter(|_| peer.is_some_and(|peer| config.proxies.trusts(peer)))
        .and_then(|value| value.to_str().ok())
        .and_then(|list| list.rsplit(',').next())
        .map(str::trim);
    let host = headers.get(header::HOST);
    forwarded.or_else(|| host.and_then(|value| value.to_str().ok()))
}

/// The scheme is not compared: TLS may end at a proxy.
fn same_place(scheme: &str, page: &Uri, served: &str) -> bool {
    let Ok(served) = served.parse::<Uri>() else {
        return false;
    };
    let usual = match scheme {
        "https" => 443,
        _ => 80,
    };
    let port = |uri: &Uri| uri.port_u16().unwrap_or(usual);
    let host = page.host().zip(served.host());
    host.is_some_and(|(page, served)| page.eq_ignore_ascii_case(served))
        && port(page) == port(&served)
}

/// This machine, by a name that no stranger controls or by a loopback address.
fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

/// The address that the request was sent to, on any port. Addresses of other machines are foreign.
fn same_address(host: &str, served: &str) -> bool {
    let served = served.parse::<Uri>().ok();
    let served = served.as_ref().and_then(Uri::host).and_then(address);
    served.is_some() && served == address(host)
}

fn address(host: &str) -> Option<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxies::Proxies;

    fn direct(headers: &HeaderMap) -> Sent<'_> {
        Sent {
            headers,
            peer: None,
        }
    }

    fn allowed(config: &RpcConfig, origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::try_from(host).unwrap());
        is_allowed(
            config,
            &HeaderValue::try_from(origin).unwrap(),
            direct(&headers),
        )
    }

    #[test]
    fn only_pages_of_the_served_host_call_by_default() {
        let config = RpcConfig::default();
        for (origin, host, expected) in [
            ("https://meet.example", "meet.example", true),
            ("http://meet.example", "meet.example", true),
            ("https://MEET.example", "meet.example:443", true),
            ("http://meet.example:7900", "meet.example:7900", true),
            ("http://[::1]:7900", "[::1]:7900", true),
            ("http://evil.example", "meet.example", false),
            ("http://meet.example:81", "meet.example", false),
            ("http://meet.example.evil.example", "meet.example", false),
            ("null", "meet.example", false),
            ("https://", "meet.example", false),
        ] {
            assert_eq!(allowed(&config, origin, host), expected, "{origin} {host}");
        }
    }

    #[test]
    fn the_operator_adds_origins() {
        let config = RpcConfig {
            allowed_origins: vec!["https://app.example".to_owned()],
            ..RpcConfig::default()
        };
        assert!(allowed(&config, "https://app.example", "meet.example"));
        assert!(allowed(&config, "https://meet.example", "meet.example"));
        assert!(!allowed(&config, "http://app.example", "meet.example"));
        let any = RpcConfig {
            allowed_origins: vec!["*".to_owned()],
            ..RpcConfig::default()
        };
        assert!(allowed(&any, "null", "meet.example"));
    }

    #[test]
    fn a_development_server_listens_to_local_pages_only() {
        let config = RpcConfig {
            dev: true,
            ..RpcConfig::default()
        };
        assert!(allowed(&config, "http://localhost:5173", "127.0.0.1:7900"));
        assert!(allowed(&config, "http://[::1]:5173", "localhost:7900"));
        assert!(allowed(&config, "http://10.0.0.7:5173", "10.0.0.7:7900"));
        // A stranger's page may have an address instead of a name.
        for stranger in ["http://10.0.0.8:7900", "http://[2001:db8::1]"] {
            assert!(!allowed(&config, stranger, "10.0.0.7:7900"), "{stranger}");
            assert!(!allowed(&config, stranger, "localhost:7900"), "{stranger}");
        }
        // The name of a stranger that resolves to this machine.
        assert!(!allowed(
            &config,
            "http://evil.example:7900",
            "evil.example:7900"
        ));
    }

    #[test]
    fn a_development_server_knows_the_names_of_this_machine() {
        let mut config = RpcConfig {
            dev: true,
            ..RpcConfig::default()
        };
        let sent = |config: &RpcConfig, host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            is_sent_here(config, direct(&headers))
        };
        for host in [
            "localhost:7900",
            "a.localhost",
            "127.0.0.1:7900",
            "[::1]:7900",
            "10.0.0.7",
        ] {
            assert!(sent(&config, host), "{host}");
        }
        for host in [
            "evil.example:7900",
            "localhost.evil.example",
            "my-box:7900",
            "?",
        ] {
            assert!(!sent(&config, host), "{host}");
        }
        config.allowed_origins = vec!["http://my-box:7900".to_owned()];
        assert!(sent(&config, "my-box:7900") && !sent(&config, "my-box:7901"));
    }

    #[test]
    fn a_trusted_proxy_says_what_the_browser_asked_for() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("10.0.0.5:7900"));
        headers.insert("x-forwarded-host", HeaderValue::from_static("meet.example"));
        let origin = HeaderValue::from_static("https://meet.example");
        let config = RpcConfig {
            proxies: Proxies::named(["10.0.0.7"]).unwrap(),
            ..RpcConfig::default()
        };
        let allowed = |peer: Option<&str>| {
            let sent = Sent {
                headers: &headers,
                peer: peer.map(|peer| peer.parse().unwrap()),
            };
            is_allowed(&config, &origin, sent)
        };
        assert!(allowed(Some("10.0.0.7")));
        assert!(!allowed(Some("10.0.0.8")) && !allowed(None), "hearsay");
    }
}
