//! A client of TURN on a connection, TLS or plain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sideroom_turn::Messages;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::outlet;
use super::relay::Relay;
use super::relayed::Relayed;
use crate::metrics;

/// Read at once.
const READ_BYTES: usize = 16 * 1_024;
/// The time to get a relayed address, which takes two round trips.
const ALLOCATE_WITHIN: Duration = Duration::from_secs(10);
/// A client that reads nothing for this long is gone.
const WRITE_WITHIN: Duration = Duration::from_secs(20);

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The client closed the connection, or an error ended it.
    Closed,
    /// The bytes are no TURN.
    NotTurn,
    /// There was no relayed address in time, or the client reads nothing.
    Overdue,
}

/// Serves one client until the connection ends. Calls `allocated` once there is a relayed address: the
/// credentials are good.
pub async fn serve_stream<S>(
    relay: &Arc<Relay>,
    stream: S,
    from: SocketAddr,
    allocated: impl FnOnce(),
) -> Ending
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (mut read, mut write) = tokio::io::split(stream);
    let mut client = Relayed::new(relay, from, true);
    let outlet = client.outlet();
    let reading = async {
        let mut messages = Messages::default();
        let mut buffer = vec![0; READ_BYTES];
        let mut allocated = Some(allocated);
        let mut deadline = Instant::now() + ALLOCATE_WITHIN;
        loop {
            let read = timeout_at(deadline, read.read(&mut buffer)).await;
            match read {
                Ok(Ok(1..)) => {}
                Ok(_) => return Ending::Closed,
                Err(_) => {
                    client.handle_timeout();
                    if !client.is_allocated() {
                        return Ending::Overdue;
                    }
                }
            }
            if let Ok(Ok(count)) = read {
                messages.read(buffer.get(..count).unwrap_or_default());
                loop {
                    match messages.next_message() {
                        // Drops are counted.
                        Ok(Some(message)) => {
                            let _ = client.handle(message);
                        }
                        Ok(None) => break,
                        Err(_) => return Ending::NotTurn,
                    }
                }
                client.flush();
            }
            if client.is_allocated() {
                if let Some(allocated) = allocated.take() {
                    allocated();
                }
                deadline = Instant::now() + client.ends_at().since(relay.clock.now());
            } else {
                deadline = deadline.min(Instant::now() + ALLOCATE_WITHIN);
            }
        }
    };
    let writing = async {
        let mut messages = outlet::Messages::default();
        loop {
            let counted = outlet.take(&mut messages).await;
            metrics::turn_relayed("to_clients", counted.packets);
            metrics::turn_dropped("full", counted.dropped);
            match timeout(WRITE_WITHIN, async {
                write.write_all(&messages.bytes).await?;
                write.flush().await
            })
            .await
            {
                Ok(Ok(())) => messages.clear(),
                Ok(Err(_)) => return Ending::Closed,
                Err(_) => return Ending::Overdue,
            }
        }
    };
    tokio::select! {
        ending = reading => ending,
        ending = writing => ending,
    }
}
