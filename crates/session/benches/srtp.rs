//! Cost of sealing and opening a packet of 1,200 bytes, for each profile, with the same work done by the bare
//! cipher as the floor.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::hint::black_box;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sideroom_session::srtp::{KeyMaterial, Role, SrtpIn, SrtpOut, SrtpProfile};

const PAYLOAD: usize = 1_200;
const HEADER: [u8; 20] = [
    0x90, 96, 0, 0, 0, 0, 0, 0, 0xca, 0xfe, 0xba, 0xbe, 0xbe, 0xde, 0, 1, 0x51, 0, 1, 0,
];

fn keys(profile: SrtpProfile) -> KeyMaterial {
    KeyMaterial::from_exported(profile, &[7; 88], Role::Server).unwrap()
}

fn header(extended: u64) -> [u8; 20] {
    let mut header = HEADER;
    let [.., high, low] = extended.to_be_bytes();
    header[2] = high;
    header[3] = low;
    header
}

fn seal(c: &mut Criterion) {
    let mut group = c.benchmark_group("seal");
    group.throughput(Throughput::Elements(1));
    let payload = [9; PAYLOAD];
    let mut out = [0; 1_500];
    let bare = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).unwrap());
    group.bench_function("floor AES-128-GCM", |b| {
        let mut nonce = 0_u64;
        b.iter(|| {
            nonce += 1;
            let mut bytes = [0; 12];
            bytes[..8].copy_from_slice(&nonce.to_be_bytes());
            let nonce = Nonce::assume_unique_for_key(bytes);
            out[..HEADER.len()].copy_from_slice(&HEADER);
            let (sealed, tag) = out[HEADER.len()..].split_at_mut(PAYLOAD);
            let sealed = bare.seal_out_of_place_scatter(
                nonce,
                Aad::from(&HEADER),
                black_box(&payload),
                sealed,
                &[],
                &mut tag[..16],
            );
            sealed.unwrap();
        });
    });
    for profile in SrtpProfile::PREFERRED {
        let outgoing = SrtpOut::new(&keys(profile));
        let mut extended = 0;
        group.bench_function(profile.name(), |b| {
            b.iter(|| {
                extended += 1;
                outgoing.seal(&header(extended), black_box(&payload), extended, &mut out)
            });
        });
    }
    group.finish();
}

fn open(c: &mut Criterion) {
    let mut group = c.benchmark_group("open");
    group.throughput(Throughput::Elements(1));
    for profile in SrtpProfile::PREFERRED {
        let outgoing = SrtpOut::new(&keys(profile));
        let mut incoming = SrtpIn::new(&keys(profile).mirrored());
        incoming.accept_ssrc(0xcafe_babe);
        let mut extended = 0;
        group.bench_function(profile.name(), |b| {
            b.iter_batched_ref(
                || {
                    extended += 1;
                    let mut packet = [0; 1_500];
                    let len =
                        outgoing.seal(&header(extended), &[9; PAYLOAD], extended, &mut packet);
                    (packet, len)
                },
                |(packet, len)| incoming.open(&mut packet[..*len]).unwrap(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, seal, open);
criterion_main!(benches);
