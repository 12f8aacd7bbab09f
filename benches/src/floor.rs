//! The floor: the least cost, on this machine, of copying, sealing and sending a packet.
//!
//! One thread seals packets of 1,244 bytes (28 header, 1,200 payload, 16 tag) with AES-128-GCM, a key for
//! each of 100 receivers, and sends them to 100 sockets: one by one in batches, and in segmented bursts.
//! Only the thread's CPU time counts; the receivers are emptied between the readings, so that nothing is
//! dropped and every packet pays for its way into a receive buffer, as it does in a real run.

use std::io;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Serialize;
use sideroom_net::{
    Destination, PeerAddr, RecvBatch, SendBatch, ThreadCpu, UdpOptions, UdpPort, WhenFull,
};

use crate::machine::Machine;
use crate::summary::Summary;

/// Header bytes of a packet: the fixed part and an extension block with a MID and a transport number.
const HEADER: usize = 28;
/// Payload bytes of a packet.
const PAYLOAD: usize = 1_200;
const TAG: usize = 16;
const PACKET: usize = HEADER + PAYLOAD + TAG;
/// Packets that each receiver gets in one reading.
const PER_RECEIVER: usize = 16;

/// Options of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct FloorOptions {
    /// Sockets to send to.
    pub receivers: usize,
    /// Readings of each variant; the variants take turns.
    pub rounds: usize,
}

/// The result, printed as one JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct Floor {
    pub measurement: &'static str,
    /// The machine of the measurement.
    pub machine: Machine,
    /// Bytes of a packet on the wire, without UDP and IP.
    pub packet_bytes: usize,
    /// Sockets sent to.
    pub receivers: usize,
    /// Readings of each variant.
    pub rounds: usize,
    /// Copy and seal alone.
    pub seal_only: CpuPerPacket,
    /// Copy, seal and send, by packets in a burst to one destination (1: `sendmmsg` alone).
    pub bursts: Vec<Burst>,
}

/// CPU time of one packet.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CpuPerPacket {
    /// CPU time, in nanoseconds.
    pub cpu_ns_per_packet: Summary,
}

/// One variant of sending.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Burst {
    /// Packets that go to one destination together.
    pub burst: usize,
    /// Whether the kernel took them as segmented sends.
    pub segmented: bool,
    /// CPU time of one packet.
    #[serde(flatten)]
    pub cost: CpuPerPacket,
}

/// The sizes of bursts that are measured.
const BURSTS: [usize; 4] = [1, 4, 8, 16];

struct Receiver {
    port: UdpPort,
    destination: Destination,
    key: LessSafeKey,
    sequence: u64,
}

struct Bench {
    sender: UdpPort,
    send: SendBatch,
    recv: RecvBatch,
    receivers: Vec<Receiver>,
    header: [u8; HEADER],
    payload: Vec<u8>,
}

pub fn measure(options: FloorOptions) -> io::Result<Floor> {
    let mut bench = Bench::new(options.receivers.max(1))?;
    let packets = (bench.receivers.len() * PER_RECEIVER) as f64;
    let mut sealing = Vec::new();
    let mut sending = BURSTS.map(|burst| (burst, false, Vec::new()));
    // The first round warms caches, keys and sockets and does not count.
    for round in 0..=options.rounds.max(1) {
        let begun = ThreadCpu::now();
        bench.seal_all();
        let sealed = ThreadCpu::now().since(begun);
        if round > 0 {
            sealing.push(sealed.as_nanos() as f64 / packets);
        }
        for (burst, segmented, readings) in &mut sending {
            let begun = ThreadCpu::now();
            let messages = bench.send_all(*burst)?;
            let spent = ThreadCpu::now().since(begun);
            bench.empty_receivers()?;
            *segmented = messages < packets as u64;
            if round > 0 {
                readings.push(spent.as_nanos() as f64 / packets);
            }
        }
    }
    let cost = |readings: &[f64]| CpuPerPacket {
        cpu_ns_per_packet: Summary::of(readings).rounded(),
    };
    Ok(Floor {
        measurement: "floor",
        machine: Machine::read(),
        packet_bytes: PACKET,
        receivers: bench.receivers.len(),
        rounds: options.rounds,
        seal_only: cost(&sealing),
        bursts: sending
            .iter()
            .map(|(burst, segmented, readings)| Burst {
                burst: *burst,
                segmented: *segmented,
                cost: cost(readings),
            })
            .collect(),
    })
}

impl Bench {
    fn new(receivers: usize) -> io::Result<Self> {
        let at = ([127, 0, 0, 1], 0).into();
        let receiver = |index: usize| -> io::Result<Receiver> {
            let port = UdpPort::bind(at, &UdpOptions::default())?;
            let destination = Destination::keyed(index as u32, PeerAddr::udp(port.local_addr()));
            let mut key = [0x5a; 16];
            key[..8].copy_from_slice(&(index as u64).to_le_bytes());
            let key = UnboundKey::new(&AES_128_GCM, &key).map_err(io::Error::other)?;
            Ok(Receiver {
                port,
                destination,
                key: LessSafeKey::new(key),
                sequence: 0,
            })
        };
        Ok(Self {
            sender: UdpPort::bind(at, &UdpOptions::default())?,
            send: SendBatch::new(4_096, 4 << 20),
            recv: RecvBatch::new(4, RecvBatch::COALESCED),
            receivers: (0..receivers).map(receiver).collect::<io::Result<_>>()?,
            header: [0x90; HEADER],
            payload: (0..PAYLOAD).map(|byte| byte as u8).collect(),
        })
    }

    /// Seals every packet of a reading into the same slot and sends none.
    fn seal_all(&mut self) {
        for _ in 0..PER_RECEIVER {
            for receiver in &mut self.receivers {
                if let Some(slot) = self.send.reserve(PACKET) {
                    receiver.seal(&self.header, &self.payload, slot);
                }
            }
        }
    }

    /// Sends a reading in bursts of `burst` packets and says in how many messages.
    fn send_all(&mut self, burst: usize) -> io::Result<u64> {
        let mut messages = 0;
        let mut sent = 0;
        for _ in 0..PER_RECEIVER / burst {
            // Packet by packet, as an SFU does it: the source's burst comes once, each packet of it goes
            // to everybody.
            for _ in 0..burst {
                for receiver in &mut self.receivers {
                    let slot = self
                        .send
                        .reserve(PACKET)
                        .ok_or(io::ErrorKind::OutOfMemory)?;
                    receiver.seal(&self.header, &self.payload, slot);
                    self.send.commit(&receiver.destination, PACKET);
                }
            }
            let flushed = self.sender.flush(&mut self.send, WhenFull::Drop);
            messages += flushed.messages;
            sent += flushed.sent;
        }
        let expected = (self.receivers.len() * PER_RECEIVER) as u64;
        if sent == expected {
            Ok(messages)
        } else {
            let text = format!("the kernel took {sent} of {expected} packets");
            Err(io::Error::other(text))
        }
    }

    fn empty_receivers(&mut self) -> io::Result<()> {
        for receiver in &mut self.receivers {
            let mut got = 0;
            while receiver.port.recv_batch(&mut self.recv)? > 0 {
                while self.recv.pop().is_some() {
                    got += 1;
                }
            }
            if got != PER_RECEIVER {
                let text = format!("{got} of {PER_RECEIVER} packets arrived");
                return Err(io::Error::other(text));
            }
        }
        Ok(())
    }
}

impl Receiver {
    fn seal(&mut self, header: &[u8], payload: &[u8], slot: &mut [u8]) {
        self.sequence += 1;
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.sequence.to_be_bytes());
        let (head, rest) = slot.split_at_mut(HEADER);
        let (body, tag) = rest.split_at_mut(PAYLOAD);
        head.copy_from_slice(header);
        body.copy_from_slice(payload);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(header), body);
        if let Ok(made) = sealed {
            tag.copy_from_slice(made.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_a_cost_and_bursts_are_segmented_if_the_kernel_can() {
        let options = FloorOptions {
            receivers: 3,
            rounds: 2,
        };
        let floor = measure(options).expect("loopback sockets");
        assert_eq!(floor.bursts.len(), BURSTS.len());
        let segments = UdpPort::bind(([127, 0, 0, 1], 0).into(), &UdpOptions::default())
            .expect("a socket")
            .segments();
        for burst in &floor.bursts {
            assert!(burst.cost.cpu_ns_per_packet.best > 0.0);
            assert_eq!(burst.segmented, segments && burst.burst > 1, "{burst:?}");
        }
        let json = serde_json::to_value(&floor).expect("plain data");
        assert!(json["bursts"][0]["cpu_ns_per_packet"]["median"].is_number());
    }
}
