//! Connections that take as much as they can and give nothing back, against which the server has limits.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::error::LoadError;

/// A server that does not even take a connection in this time has refused it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The loopback addresses that a flood comes from, used in turns.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub first: Ipv4Addr,
    /// Number of addresses.
    pub count: u32,
}

/// Connections that are held.
#[derive(Default)]
pub struct HeldConnections {
    streams: Vec<TcpStream>,
    /// Connections that were not taken.
    pub refused: u64,
    /// Clients that were let in.
    pub joined: u64,
}

impl Addresses {
    fn nth(self, number: u32) -> SocketAddr {
        let address = self.first.to_bits() + number % self.count.max(1);
        SocketAddr::from((Ipv4Addr::from_bits(address), 0))
    }

    fn connect(self, number: u32, to: SocketAddr) -> Result<TcpStream, LoadError> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&self.nth(number).into())?;
        socket.connect_timeout(&to.into(), PATIENCE)?;
        Ok(socket.into())
    }

    /// Opens `count` connections, each of which begins with `bytes`, until `go_on` says no.
    pub fn push(
        self,
        to: SocketAddr,
        (count, bytes): (u32, &[u8]),
        go_on: impl Fn() -> bool,
    ) -> HeldConnections {
        let mut held = HeldConnections::default();
        for number in (0..count).take_while(|_| go_on()) {
            match self.connect(number, to) {
                Ok(mut stream) => {
                    // The server may have closed it already: that is found out later.
                    let _ = stream.write_all(bytes);
                    held.streams.push(stream);
                }
                Err(_) => held.refused += 1,
            }
        }
        held
    }
}

impl HeldConnections {
    /// Connections that were taken.
    pub fn taken(&self) -> usize {
        self.streams.len()
    }

    /// How many the server has ended, or answered with a refusal; and how many it serves still.
    pub fn ended(&mut self) -> usize {
        let mut bytes = [0; 1_024];
        let mut is_over = |stream: &mut TcpStream| {
            if stream.set_nonblocking(true).is_err() {
                return true;
            }
            loop {
                match stream.read(&mut bytes) {
                    Ok(0) => return true,
                    Ok(length) => {
                        let text = bytes.get(..length).unwrap_or_default();
                        if text.starts_with(b"HTTP/1.1 4") || text.starts_with(b"HTTP/1.0 4") {
                            return true;
                        }
                    }
                    Err(error) => return error.kind() != ErrorKind::WouldBlock,
                }
            }
        };
        self.streams
            .iter_mut()
            .filter_map(|it| is_over(it).then_some(()))
            .count()
    }
}

/// Roughly the descriptors that this process may still open: further connections would fail here.
pub fn descriptors() -> u32 {
    /// Descriptors kept for the clients of the run.
    const OWN: u32 = 400;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<u32>().ok());
    soft.unwrap_or(1_024).saturating_sub(OWN)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn connections_come_from_all_addresses_and_those_that_ended_are_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let to = listener.local_addr().expect("its address");
        let addresses = Addresses {
            first: Ipv4Addr::new(127, 66, 0, 1),
            count: 3,
        };
        let mut held = addresses.push(to, (6, b"G"), || true);
        assert_eq!((held.taken(), held.refused), (6, 0));
        let mut accepted: Vec<_> = (0..6).filter_map(|_| listener.accept().ok()).collect();
        let mut seen: Vec<_> = accepted.iter().map(|(_, peer)| peer.ip()).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 3);
        assert_eq!(held.ended(), 0);
        accepted.truncate(4);
        while held.ended() < 2 {
            std::thread::yield_now();
        }
    }
}
