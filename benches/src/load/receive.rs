//! Handles the packets that a swarm receives: opens them, reads the tag, and checks their group.

use sideroom_net::demux::{self, Kind};
use sideroom_net::{Datagram, RecvBatch, wall_clock};
use sideroom_route::{DropReason, Time};
use sideroom_rtp::RtpView;

use super::arrival::Arrival;
use super::counts::Counts;
use super::groups::{Groups, Verdict};
use super::member::{LinkEvent, Member};
use super::swarm::Worker;
use super::swarm_messages::Event;
use super::tag::Tag;

/// RTCP, STUN and DTLS are short; audio packets are at most this long.
const MAX_AUDIO: usize = 400;

/// Handles every packet of the worker's batch.
pub(super) fn handle_batch(worker: &mut Worker, batch: &mut RecvBatch, now: Time) {
    let wall = wall_clock();
    while let Some(datagram) = batch.pop() {
        let client = datagram.local.and_then(|local| worker.client_at(local));
        if let Some(client) = client {
            let waited = datagram.arrived.map(|at| wall.saturating_sub(at));
            handle(worker, client, datagram, Arrival { now, waited });
        }
    }
}

fn handle(worker: &mut Worker, client: u32, datagram: Datagram<'_>, arrival: Arrival) {
    let now = arrival.now;
    let bytes = datagram.bytes;
    match demux::classify(bytes) {
        Some(Kind::Rtp) => handle_media(worker, client, bytes, arrival),
        Some(Kind::Rtcp) => handle_control(worker, client, bytes, arrival),
        Some(Kind::Stun) => {
            if let Some(member) = worker.member(client) {
                member.handle_stun(now, datagram.from, bytes);
                worker.hurry(client, now);
            }
        }
        Some(Kind::Dtls) => {
            if let Some(member) = worker.member(client) {
                member.handle_dtls(now, bytes);
                worker.hurry(client, now);
            }
        }
        None => {
            let event = worker.member(client).and_then(|member| {
                let after = now.since(member.begun);
                let event = member.handle_hello()?;
                matches!(event, LinkEvent::Connected).then_some(Event::Connected(client, after))
            });
            if let Some(event) = event {
                let _ = worker.events.send(event);
            }
        }
    }
}

fn handle_control(worker: &mut Worker, client: u32, bytes: &mut [u8], arrival: Arrival) {
    let Some((member, runs, _)) = worker.parts(client) else {
        return;
    };
    if let Some(path) = &mut member.path {
        path.carry_control(arrival.left(), bytes);
    } else if let Some(counts) = runs.last_mut() {
        member.handle_rtcp(arrival.now, bytes, counts);
    }
}

fn handle_media(worker: &mut Worker, client: u32, bytes: &mut [u8], arrival: Arrival) {
    let now = arrival.now;
    let feedback = worker.options.feedback;
    let Some((member, runs, groups)) = worker.parts(client) else {
        return;
    };
    let Some(srtp) = &mut member.srtp_in else {
        return;
    };
    let len = match srtp.open_unknown(bytes) {
        Ok(len) => len,
        Err(DropReason::Replayed) => return last(runs, |counts| counts.duplicates += 1),
        Err(_) => return last(runs, |counts| counts.unreadable += 1),
    };
    let Ok(view) = RtpView::parse(bytes.get(..len).unwrap_or_default()) else {
        return last(runs, |counts| counts.unreadable += 1);
    };
    let tag = Tag::read(view.payload());
    let got = member.take(&view, tag.as_ref(), feedback, (arrival, bytes.len()));
    let Some(tag) = tag else {
        return last(runs, |counts| counts.untagged += 1);
    };
    let Some(counts) = runs.get_mut(usize::from(tag.run)) else {
        return;
    };
    let audio = view.payload().len() <= MAX_AUDIO;
    if got.again {
        counts.path.resent += 1;
        counts.path.resent_lost += u64::from(got.lost);
    } else {
        counts.received += 1;
        counts.missing += got.missing;
        counts.received_bytes += bytes.len() as u64;
        counts.received_audio += u64::from(audio);
        counts.note_delay(now.since(Time::from_micros(tag.sent_us)), arrival.waited);
        counts.path.lost += u64::from(got.lost);
        counts.path.lost_audio += u64::from(got.lost && audio);
    }
    match groups.judge(client, &tag) {
        Verdict::Right => {}
        Verdict::Carried { age_ms } => counts.carry(age_ms),
        Verdict::Leak => {
            let place = groups.place(client);
            let lately = now.as_millis().saturating_sub(place.since_ms) < 2_000;
            counts.after_answer += u64::from(lately);
            counts.leak(|| {
                format!("client {client} at {place:?} got a packet of {tag:?}, now {now:?}")
            });
        }
    }
    note_heard(member, groups, &tag, now);
    if !member.heard {
        member.heard = true;
        let after = now.since(member.begun);
        let _ = worker.events.send(Event::FirstMedia(client, after));
    }
}

/// Notes a packet for the move that is being watched.
fn note_heard(member: &mut Member, groups: &Groups, tag: &Tag, now: Time) {
    member.last_heard = Some(now);
    let Some(watch) = &mut member.watch else {
        return;
    };
    let publisher = groups.place(tag.publisher);
    let is_new = tag.group == watch.to && publisher.at == watch.to;
    if is_new && watch.first_new.is_none() {
        watch.first_new = Some(now);
    } else if tag.group == watch.from && watch.first_new.is_none() {
        watch.last_old = Some(now);
    }
}

fn last(runs: &mut [Counts], count: impl FnOnce(&mut Counts)) {
    if let Some(counts) = runs.last_mut() {
        count(counts);
    }
}
