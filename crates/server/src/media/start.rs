//! Starts the workers: ports bound, rings laid, threads running.

use std::net::SocketAddr;
use std::sync::Arc;

use sideroom_net::{Port, Waker};
use sideroom_plane::Incarnation;
use sideroom_route::WorkerId;
use tokio::sync::mpsc;

use super::outbox::WorkerNotice;
use super::plane::MediaPlane;
use super::relay_ring::relay_ring;
use super::spawner::{Links, Spawner, StartError, StartOptions, WorkerIncarnation};

/// News of workers that nobody has taken yet, at most.
const MAX_TOLD: usize = 8_192;

/// Starts the workers. Their news come out of the receiver.
pub fn start(
    options: &StartOptions,
) -> Result<(MediaPlane, mpsc::Receiver<WorkerNotice>), StartError> {
    let count = options.workers.max(1);
    let (told, telling) = mpsc::channel(MAX_TOLD);
    let spawner = Spawner::new(options.clone(), told)?;
    let ports = (0..count)
        .map(|number| spawner.bind(first_address(options, number)))
        .collect::<Result<Vec<_>, _>>()?;
    let wakers: Vec<Waker> = ports.iter().map(Port::waker).collect();
    let links = rings(ports.len());
    let mut handles = Vec::new();
    for ((port, links), number) in ports.into_iter().zip(links).zip(0_u16..) {
        let life = WorkerIncarnation {
            worker: WorkerId(number),
            incarnation: Incarnation::default(),
            published: Arc::default(),
        };
        handles.push(spawner.spawn(life, port, links, wakers.clone())?);
    }
    Ok((MediaPlane::new(spawner, handles), telling))
}

fn first_address(options: &StartOptions, number: u16) -> SocketAddr {
    let mut addr = options.bind;
    if addr.port() != 0 {
        addr.set_port(addr.port().saturating_add(number));
    }
    addr
}

/// A ring from every worker to every other one.
fn rings(count: usize) -> Vec<Links> {
    let none = |_| Links {
        out: (0..count).map(|_| None).collect(),
        incoming: (0..count).map(|_| None).collect(),
    };
    let mut links: Vec<Links> = (0..count).map(none).collect();
    for from in 0..count {
        for to in (0..count).filter(|to| *to != from) {
            let (writer, reader) = relay_ring();
            if let Some(place) = links.get_mut(from).and_then(|it| it.out.get_mut(to)) {
                *place = Some(writer);
            }
            if let Some(place) = links.get_mut(to).and_then(|it| it.incoming.get_mut(from)) {
                *place = Some(reader);
            }
        }
    }
    links
}
