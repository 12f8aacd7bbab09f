//! The agent answers another implementation's checks in a way that it accepts, and our client's checks suit
//! that implementation's agent; in any order of messages, the agent keeps its promises.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use rtc_srtp::crypto::default_provider;
use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
    AttrType, RawAttribute,
};
use rtc_stun::error_code::ErrorCodeAttribute;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Getter, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;
use rtc_stun::xoraddr::XorMappedAddress;
use sideroom_route::{DropReason, Time};
use sideroom_session::ice::{CONSENT, IceAgent, IceClient, IceEvent, MAX_MESSAGE, MAX_PAIRS};
use sideroom_session::{IceCredentials, PeerAddr};

const PASSWORD: &str = "a-password-of-the-server";

fn credentials() -> IceCredentials {
    IceCredentials {
        ufrag: "srvr".to_owned(),
        password: PASSWORD.to_owned(),
    }
}

fn attribute(typ: AttrType, value: &[u8]) -> Box<dyn Setter> {
    Box::new(RawAttribute {
        typ,
        length: value.len() as u16,
        value: value.to_vec(),
    })
}

/// A check as the other implementation writes it.
fn their_check(attributes: Vec<Box<dyn Setter>>) -> Vec<u8> {
    let provider = default_provider().unwrap();
    let integrity = MessageIntegrity::new_short_term_integrity_with_provider(
        PASSWORD.to_owned(),
        provider.crypto(),
    );
    let mut setters: Vec<Box<dyn Setter + '_>> = vec![
        Box::new(TransactionId([7; 12])),
        Box::new(BINDING_REQUEST),
        Box::new(TextAttribute::new(ATTR_USERNAME, "srvr:clnt".to_owned())),
    ];
    setters.extend(
        attributes
            .into_iter()
            .map(|setter| setter as Box<dyn Setter>),
    );
    setters.push(Box::new(integrity));
    setters.push(Box::new(FINGERPRINT));
    let mut message = Message::new();
    message.build(&setters).unwrap();
    message.raw
}

/// The answer of our agent, read and verified by the other implementation.
fn our_answer(check: &[u8], from: SocketAddr) -> Message {
    let mut agent = IceAgent::new(&credentials());
    agent
        .handle_datagram(Time::ZERO, PeerAddr::udp(from), check)
        .unwrap();
    let mut out = [0; MAX_MESSAGE];
    let (to, len) = agent.poll_transmit(&mut out).unwrap();
    assert_eq!(to, PeerAddr::udp(from));
    verified(&out[..len])
}

fn verified(bytes: &[u8]) -> Message {
    let mut message = Message::new();
    message.unmarshal_binary(bytes).unwrap();
    let provider = default_provider().unwrap();
    MessageIntegrity::check(&mut message, PASSWORD.as_bytes(), provider.crypto()).unwrap();
    FINGERPRINT.check(&message).unwrap();
    message
}

#[test]
fn their_checks_are_answered_with_their_address() {
    let check = their_check(vec![
        attribute(ATTR_PRIORITY, &[0x6e, 0, 1, 0xff]),
        attribute(ATTR_ICE_CONTROLLING, &[9; 8]),
        attribute(ATTR_USE_CANDIDATE, &[]),
    ]);
    for from in ["198.51.100.7:5000", "[2001:db8::9]:6000"] {
        let from: SocketAddr = from.parse().unwrap();
        let answer = our_answer(&check, from);
        assert_eq!(answer.typ, BINDING_SUCCESS);
        assert_eq!(answer.transaction_id, TransactionId([7; 12]));
        let mut mapped = XorMappedAddress::default();
        mapped.get_from(&answer).unwrap();
        assert_eq!((mapped.ip, mapped.port), (from.ip(), from.port()));
    }
}

#[test]
fn a_client_that_takes_itself_for_controlled_is_told_otherwise() {
    let check = their_check(vec![attribute(ATTR_ICE_CONTROLLED, &[9; 8])]);
    let answer = our_answer(&check, "198.51.100.7:5000".parse().unwrap());
    let mut error = ErrorCodeAttribute::default();
    error.get_from(&answer).unwrap();
    assert_eq!(error.code.0, 487);
}

#[test]
fn what_must_be_understood_and_is_not_is_named() {
    let check = their_check(vec![attribute(AttrType(0x7777), b"abc")]);
    let answer = our_answer(&check, "198.51.100.7:5000".parse().unwrap());
    let mut error = ErrorCodeAttribute::default();
    error.get_from(&answer).unwrap();
    assert_eq!(error.code.0, 420);
    assert_eq!(answer.get(AttrType(0x000a)).unwrap(), [0x77, 0x77]);
}

#[test]
fn the_checks_of_our_client_are_whole_and_authentic_to_them() {
    let server = PeerAddr::udp("192.0.2.1:4000".parse().unwrap());
    let mut client = IceClient::new(Time::ZERO, "clnt", credentials(), vec![server], 3);
    let mut out = [0; MAX_MESSAGE];
    let (_, len) = client.poll_transmit(Time::ZERO, &mut out).unwrap();
    let check = verified(&out[..len]);
    assert_eq!(check.typ, BINDING_REQUEST);
    assert!(check.contains(ATTR_USE_CANDIDATE) && check.contains(ATTR_ICE_CONTROLLING));
    let username = TextAttribute::get_from_as(&check, ATTR_USERNAME).unwrap();
    assert_eq!(username.text, "srvr:clnt");
}

/// Something that happens to an agent.
#[derive(Clone, Debug)]
enum Step {
    Check {
        from: u16,
        nominates: bool,
        priority: u32,
    },
    Forged {
        from: u16,
    },
    Removed {
        from: u16,
    },
    Wait {
        millis: u64,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let from = || 1_u16..30;
    prop_oneof![
        6 => (from(), any::<bool>(), 0_u32..4).prop_map(|(from, nominates, priority)| {
            Step::Check { from, nominates, priority }
        }),
        1 => from().prop_map(|from| Step::Forged { from }),
        1 => from().prop_map(|from| Step::Removed { from }),
        2 => (1_u64..12_000).prop_map(|millis| Step::Wait { millis }),
    ]
}

fn peer(port: u16) -> PeerAddr {
    PeerAddr::udp(([203, 0, 113, 1], port).into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_agent_keeps_its_promises(steps in prop::collection::vec(any_step(), 1..80)) {
        let mut agent = IceAgent::new(&credentials());
        let mut now = Time::from_millis(1);
        // When each address was last heard of, authentically.
        let mut heard = std::collections::BTreeMap::new();
        let mut said = None;
        for step in steps {
            match step {
                Step::Check { from, nominates, priority } => {
                    let mut attributes = vec![attribute(ATTR_PRIORITY, &priority.to_be_bytes())];
                    if nominates {
                        attributes.push(attribute(ATTR_USE_CANDIDATE, &[]));
                    }
                    if agent.handle_datagram(now, peer(from), &their_check(attributes)).is_ok() {
                        heard.insert(from, now);
                    }
                    while agent.poll_transmit(&mut [0; MAX_MESSAGE]).is_some() {}
                }
                Step::Forged { from } => {
                    let before = agent.is_validated(peer(from));
                    let mut forged = their_check(vec![attribute(ATTR_USE_CANDIDATE, &[])]);
                    forged[30] ^= 1;
                    let refused = agent.handle_datagram(now, peer(from), &forged);
                    prop_assert!(matches!(refused, Err(DropReason::Malformed | DropReason::NotAuthentic)));
                    prop_assert_eq!(agent.poll_transmit(&mut [0; MAX_MESSAGE]), None);
                    prop_assert_eq!(agent.is_validated(peer(from)), before);
                }
                Step::Removed { from } => {
                    agent.remove_path(now, peer(from));
                    heard.remove(&from);
                }
                Step::Wait { millis } => now = now + Duration::from_millis(millis),
            }
            agent.handle_timeout(now);
            while let Some(event) = agent.poll_event() {
                if let IceEvent::Selected(remote) = event {
                    said = Some(remote);
                }
            }
            let validated = (1..30).filter(|port| agent.is_validated(peer(*port)));
            let mut count = 0;
            for port in validated {
                count += 1;
                let heard_at = heard.get(&port);
                prop_assert!(heard_at.is_some_and(|at| *at + CONSENT > now), "{} is stale", port);
            }
            prop_assert!(count <= MAX_PAIRS);
            if let Some(selected) = agent.selected() {
                prop_assert!(agent.is_validated(selected));
                prop_assert_eq!(said, Some(selected), "a change of path is said");
            }
        }
    }
}

#[test]
fn a_client_that_never_nominates_again_has_no_path_after_the_end() {
    let mut agent = IceAgent::new(&credentials());
    let start = Time::from_millis(1);
    agent.remove_path(start, peer(1));
    let checked_at = start + Duration::from_millis(1_500);
    let check = their_check(vec![attribute(ATTR_PRIORITY, &1_u32.to_be_bytes())]);
    agent.handle_datagram(checked_at, peer(1), &check).unwrap();
    agent.handle_timeout(start + CONSENT);
    assert_eq!(agent.poll_event(), Some(IceEvent::ConsentExpired));
    agent.handle_timeout(checked_at + CONSENT);
    assert!(!agent.is_validated(peer(1)));
    assert_eq!(agent.poll_timeout(), Time::NEVER);
}
