//! An address that clients are told to send media to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A public address, with the public port of the first worker where it is another one than the bound port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Announced {
    /// The address that clients are told.
    pub ip: IpAddr,
    /// The port that leads to the first worker's; the others follow. `None`: the same as here.
    pub first_port: Option<u16>,
}

impl Announced {
    /// Where clients reach the worker of this number, which has bound `port`.
    pub fn of_worker(self, number: u16, port: u16) -> SocketAddr {
        let mapped = self.first_port.map(|first| first.saturating_add(number));
        SocketAddr::new(self.ip, mapped.unwrap_or(port))
    }
}

impl From<IpAddr> for Announced {
    fn from(ip: IpAddr) -> Self {
        Self {
            ip,
            first_port: None,
        }
    }
}

impl FromStr for Announced {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(ip.into());
        }
        let with_port = text.parse::<SocketAddr>().ok();
        with_port
            .filter(|addr| addr.port() != 0)
            .map(|addr| Self {
                ip: addr.ip(),
                first_port: Some(addr.port()),
            })
            .ok_or_else(|| {
                format!(
                    "`{text}` is no address: write 203.0.113.7 or 2001:db8::1, and with the first of the public \
                     ports where they are others 203.0.113.7:40000 or [2001:db8::1]:40000"
                )
            })
    }
}

impl fmt::Display for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first_port {
            Some(port) => SocketAddr::new(self.ip, port).fmt(f),
            None => self.ip.fmt(f),
        }
    }
}

impl TryFrom<String> for Announced {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Announced> for String {
    fn from(announced: Announced) -> Self {
        announced.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "203.0.113.7",
            "2001:db8::1",
            "203.0.113.7:40000",
            "[2001:db8::1]:40000",
        ] {
            let read: Announced = text.parse().expect(text);
            assert_eq!(read.to_string(), text);
        }
        for text in ["", "example.org", "203.0.113.7:0", "2001:db8::1:40000:x"] {
            assert!(text.parse::<Announced>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_mapping_names_the_port_of_each_worker() {
        let mapped: Announced = "203.0.113.7:40000".parse().expect("an address");
        assert_eq!(mapped.of_worker(2, 7912).to_string(), "203.0.113.7:40002");
        let same: Announced = "203.0.113.7".parse().expect("an address");
        assert_eq!(same.of_worker(2, 7912).to_string(), "203.0.113.7:7912");
    }
}
