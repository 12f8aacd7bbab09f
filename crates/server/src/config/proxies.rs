//! The proxies in front of the server, as the configuration names them.

use sideroom_rpc::proxies::Proxies;

use super::Config;

impl Config {
    /// The proxies in front of the server; `None` if one of them is no address or network.
    pub fn proxies(&self) -> Option<Proxies> {
        let named = &self.http.trusted_proxies;
        match named.is_empty() && self.http.behind_proxy {
            true => Some(Proxies::any()),
            false => Proxies::named(named.iter().map(String::as_str)).ok(),
        }
    }

    /// True if clients may come through a proxy, which passes HTTP only.
    pub const fn has_proxy(&self) -> bool {
        self.http.behind_proxy || !self.http.trusted_proxies.is_empty()
    }
}
