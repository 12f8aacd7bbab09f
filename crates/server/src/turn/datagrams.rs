//! TURN over UDP, on `turn.port`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::outlet::{ClientOutlet, Messages};
use super::relay::Relay;
use super::relayed::Relayed;
use crate::metrics;

/// The longest datagram that is read whole.
const DATAGRAM: usize = 4_096;
/// How often allocations that were not refreshed are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// A client with a relayed address, and the task that sends packets to the client.
struct Known {
    client: Relayed,
    sending: JoinHandle<()>,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.sending.abort();
    }
}

/// Serves clients for as long as the server runs. Clients without a relayed address are kept nowhere.
pub async fn serve_datagrams(relay: Arc<Relay>, socket: UdpSocket) {
    let socket = Arc::new(socket);
    let mut clients: HashMap<SocketAddr, Known> = HashMap::new();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            _ = sweep.tick() => {
                clients.retain(|_, known| {
                    known.client.handle_timeout();
                    known.client.is_allocated()
                });
                continue;
            }
        };
        // Errors are those of packets sent before (an unreachable port).
        let Ok((count, from)) = received else {
            continue;
        };
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let datagram = buffer.get(..count).unwrap_or_default();
        if let Some(known) = clients.get_mut(&from) {
            let _ = known.client.handle(datagram);
            known.client.flush();
            if !known.client.is_allocated() {
                // Its last answer goes out first.
                if let Some(known) = clients.remove(&from) {
                    send_now(&socket, &known.client.outlet(), from).await;
                }
            }
            continue;
        }
        let mut client = Relayed::new(&relay, from, false);
        if client.handle(datagram).is_err() {
            continue;
        }
        let outlet = client.outlet();
        if client.is_allocated() {
            let sending = tokio::spawn(send(Arc::clone(&socket), outlet, from));
            clients.insert(from, Known { client, sending });
        } else {
            send_now(&socket, &outlet, from).await;
        }
    }
}

/// Sends the answer that waits.
async fn send_now(socket: &UdpSocket, outlet: &ClientOutlet, to: SocketAddr) {
    let mut messages = Messages::default();
    let waiting = outlet.take(&mut messages);
    // The client's task may have taken the answer already.
    if tokio::time::timeout(Duration::ZERO, waiting).await.is_ok() {
        for message in messages.each() {
            drop(socket.send_to(message, to).await);
        }
    }
}

/// Sends what workers have for one client.
async fn send(socket: Arc<UdpSocket>, outlet: Arc<ClientOutlet>, to: SocketAddr) {
    let mut messages = Messages::default();
    loop {
        let counted = outlet.take(&mut messages).await;
        metrics::turn_relayed("to_clients", counted.packets);
        metrics::turn_dropped("full", counted.dropped);
        for message in messages.each() {
            // A packet that the system does not take is lost, as any datagram may be.
            drop(socket.send_to(message, to).await);
        }
        messages.clear();
    }
}
