//! Cost of a whole handshake, both sides together, and memory of an idle connection.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use sideroom_route::Time;
use sideroom_session::Certificate;
use sideroom_session::dtls::{Dtls, DtlsConfig, DtlsVersions, MAX_DATAGRAM};

fn pump(now: Time, from: &mut Dtls, to: &mut Dtls) -> bool {
    let mut out = [0; MAX_DATAGRAM];
    let mut moved = false;
    while let Some(len) = from.poll_transmit(&mut out) {
        let _ = to.handle_datagram(now, &out[..len]);
        moved = true;
    }
    moved
}

fn connect(certificates: &(Certificate, Certificate), versions: DtlsVersions) -> (Dtls, Dtls) {
    let (ours, theirs) = certificates;
    let mut now = Time::from_millis(1);
    let server = DtlsConfig::server(ours.clone(), vec![theirs.fingerprint().clone()]);
    let client = DtlsConfig {
        versions,
        ..DtlsConfig::client(theirs.clone(), vec![ours.fingerprint().clone()])
    };
    let mut server = Dtls::new(now, server);
    let mut client = Dtls::new(now, client);
    while pump(now, &mut client, &mut server) | pump(now, &mut server, &mut client) {
        now = now + Duration::from_millis(1);
    }
    assert!(server.is_connected() && client.is_connected());
    (client, server)
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4_096
}

fn handshake(c: &mut Criterion) {
    let certificates = (
        Certificate::generate(&[1; 32]).unwrap(),
        Certificate::generate(&[2; 32]).unwrap(),
    );
    for (name, versions) in [
        ("handshake/DTLS 1.2", DtlsVersions::Only12),
        ("handshake/DTLS 1.3", DtlsVersions::Only13),
    ] {
        let before = resident();
        let kept: Vec<_> = (0..500)
            .map(|_| connect(&certificates, versions).1)
            .collect();
        let each = (resident().saturating_sub(before)) / kept.len();
        println!("{name}: an idle server side keeps {each} bytes");
        c.bench_function(name, |b| b.iter(|| connect(&certificates, versions)));
    }
}

criterion_group!(benches, handshake);
criterion_main!(benches);
