//! A client finds, keeps and changes a path to the server by ICE, and one that falls silent is reported as lost;
//! strangers get no answer and leave no state.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use sideroom_route::{DropReason, Time};
use sideroom_session::ice::{
    CONSENT, IceAgent, IceClient, IceClientEvent, IceEvent, MAX_MESSAGE, MAX_PAIRS, ufrag_of,
};
use sideroom_session::{IceCredentials, PeerAddr};

const START: Time = Time::from_millis(1_000);

fn server_credentials() -> IceCredentials {
    IceCredentials {
        ufrag: "srvr".to_owned(),
        password: "a-password-of-the-server".to_owned(),
    }
}

fn other_credentials() -> IceCredentials {
    IceCredentials {
        ufrag: "next".to_owned(),
        password: "a-password-after-a-restart".to_owned(),
    }
}

fn server() -> PeerAddr {
    PeerAddr::udp("192.0.2.1:4000".parse().unwrap())
}

fn home() -> PeerAddr {
    PeerAddr::udp("198.51.100.7:5000".parse().unwrap())
}

fn mobile() -> PeerAddr {
    PeerAddr::udp("[2001:db8::7]:6000".parse().unwrap())
}

fn client(credentials: IceCredentials) -> IceClient {
    IceClient::new(START, "clnt", credentials, vec![server()], 7)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// One check of the client, as bytes.
fn check_of(client: &mut IceClient, now: Time) -> Vec<u8> {
    client.check_now(now);
    let mut out = [0; MAX_MESSAGE];
    let (to, len) = client.poll_transmit(now, &mut out).unwrap();
    assert_eq!(to, server());
    out[..len].to_vec()
}

fn answer_of(agent: &mut IceAgent) -> Option<(PeerAddr, Vec<u8>)> {
    let mut out = [0; MAX_MESSAGE];
    let (to, len) = agent.poll_transmit(&mut out)?;
    Some((to, out[..len].to_vec()))
}

/// Sends a check from `from` and returns its answer and the agent's events.
fn exchange(agent: &mut IceAgent, client: &mut IceClient, now: Time, from: PeerAddr) {
    let check = check_of(client, now);
    agent.handle_datagram(now, from, &check).unwrap();
    let (to, answer) = answer_of(agent).unwrap();
    assert_eq!(to, from);
    client.handle_datagram(now, server(), &answer).unwrap();
}

#[test]
fn a_client_connects_by_its_first_check() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    assert!(!agent.is_validated(home()));
    exchange(&mut agent, &mut client, START, home());
    assert_eq!(agent.poll_event(), Some(IceEvent::Selected(home())));
    assert_eq!(agent.selected(), Some(home()));
    assert!(agent.is_validated(home()) && !agent.is_validated(mobile()));
    assert_eq!(
        client.poll_event(),
        Some(IceClientEvent::Connected(server()))
    );
    let same_address_by_tcp = PeerAddr::tcp(home().addr);
    assert!(!agent.is_validated(same_address_by_tcp));
}

#[test]
fn the_worker_finds_the_participant_by_the_first_fragment() {
    let check = check_of(&mut client(server_credentials()), START);
    assert_eq!(ufrag_of(&check), Some("srvr"));
    assert_eq!(ufrag_of(b"\x00\x01\x00\x00"), None);
    assert_eq!(ufrag_of(&[]), None);
}

#[test]
fn a_wrong_name_or_password_gets_no_answer_and_leaves_nothing() {
    let mut agent = IceAgent::new(&server_credentials());
    let wrong_name = IceCredentials {
        ufrag: "srvx".to_owned(),
        ..server_credentials()
    };
    let wrong_password = IceCredentials {
        password: "guessed".to_owned(),
        ..server_credentials()
    };
    for credentials in [wrong_name, wrong_password] {
        let check = check_of(&mut client(credentials), START);
        let refused = agent.handle_datagram(START, home(), &check);
        assert_eq!(refused, Err(DropReason::NotAuthentic));
    }
    let right = check_of(&mut client(server_credentials()), START);
    for at in 0..right.len() {
        let mut changed = right.clone();
        changed[at] ^= 0x10;
        assert!(
            agent.handle_datagram(START, home(), &changed).is_err(),
            "byte {at}"
        );
    }
    for len in 0..right.len() {
        assert!(agent.handle_datagram(START, home(), &right[..len]).is_err());
    }
    assert_eq!(answer_of(&mut agent), None);
    assert_eq!(agent.poll_event(), None);
    assert!(!agent.is_validated(home()));
    assert_eq!(agent.poll_timeout(), Time::NEVER);
}

#[test]
fn a_changed_address_takes_over_and_the_old_one_expires() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    exchange(&mut agent, &mut client, START, home());
    let moved = START + ms(20_000);
    exchange(&mut agent, &mut client, moved, mobile());
    assert_eq!(agent.selected(), Some(mobile()));
    assert!(agent.is_validated(home()));
    agent.handle_timeout(START + CONSENT);
    assert!(!agent.is_validated(home()) && agent.is_validated(mobile()));
    let events: Vec<_> = std::iter::from_fn(|| agent.poll_event()).collect();
    assert_eq!(
        events,
        [IceEvent::Selected(home()), IceEvent::Selected(mobile())]
    );
}

#[test]
fn a_silent_client_is_given_up_after_thirty_seconds() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    exchange(&mut agent, &mut client, START, home());
    let kept = START + ms(29_000);
    exchange(&mut agent, &mut client, kept, home());
    agent.poll_event();
    let due = agent.poll_timeout();
    assert_eq!(due, kept + CONSENT);
    agent.handle_timeout(START + CONSENT);
    assert_eq!(agent.poll_event(), None);
    agent.handle_timeout(due);
    assert_eq!(agent.poll_event(), Some(IceEvent::ConsentExpired));
    assert_eq!(agent.selected(), None);
    agent.handle_timeout(due + CONSENT);
    assert_eq!(agent.poll_event(), None, "said once");
}

#[test]
fn an_aggressive_client_stays_where_it_began_until_that_path_is_silent() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    exchange(&mut agent, &mut client, START, home());
    // Ten seconds of both paths being nominated again and again: one switch at most, no flapping.
    for second in 1..10 {
        exchange(
            &mut agent,
            &mut client,
            START + ms(second * 1_000),
            mobile(),
        );
        exchange(
            &mut agent,
            &mut client,
            START + ms(second * 1_000 + 500),
            home(),
        );
    }
    let switches = std::iter::from_fn(|| agent.poll_event()).count();
    assert_eq!(switches, 2);
    assert_eq!(agent.selected(), Some(mobile()));
    // The selected path falls silent: the other one, still nominated, takes over.
    for second in 10..17 {
        exchange(&mut agent, &mut client, START + ms(second * 1_000), home());
    }
    assert_eq!(agent.selected(), Some(home()));
}

#[test]
fn a_restart_honours_the_old_credentials_until_the_new_ones_are_used() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut old = client(server_credentials());
    exchange(&mut agent, &mut old, START, home());
    agent.restart(&other_credentials());
    exchange(&mut agent, &mut old, START + ms(100), home());
    let mut new = client(other_credentials());
    exchange(&mut agent, &mut new, START + ms(200), mobile());
    let late = check_of(&mut old, START + ms(300));
    let refused = agent.handle_datagram(START + ms(300), home(), &late);
    assert_eq!(refused, Err(DropReason::NotAuthentic));
    // The old path stays valid until its consent ends.
    assert!(agent.is_validated(home()));
}

#[test]
fn the_number_of_paths_and_of_waiting_answers_is_bounded() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    let from = |port: u16| PeerAddr::udp(([203, 0, 113, 1], port).into());
    for port in 1..=200 {
        let now = START + ms(u64::from(port));
        let check = check_of(&mut client, now);
        agent.handle_datagram(now, from(port), &check).unwrap();
    }
    let validated = (1..=200)
        .filter(|port| agent.is_validated(from(*port)))
        .count();
    assert_eq!(validated, MAX_PAIRS);
    let answers = std::iter::from_fn(|| answer_of(&mut agent)).count();
    assert!(answers < 200 && answers > 0);
}

#[test]
fn a_closed_connection_takes_its_path_away() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    let by_tcp = PeerAddr::tcp(home().addr);
    exchange(&mut agent, &mut client, START, home());
    exchange(&mut agent, &mut client, START + ms(10), by_tcp);
    assert_eq!(agent.selected(), Some(by_tcp));
    agent.remove_path(START + ms(20), by_tcp);
    assert_eq!(agent.selected(), Some(home()));
    agent.remove_path(START + ms(20), home());
    assert_eq!(agent.selected(), None);
}

#[test]
fn a_client_retries_keeps_its_consent_and_gives_up() {
    let mut client = client(server_credentials());
    let mut out = [0; MAX_MESSAGE];
    assert!(client.poll_transmit(START, &mut out).is_some());
    assert!(client.poll_transmit(START, &mut out).is_none());
    let again = client.poll_timeout();
    assert!(again > START && again < START + ms(1_000));
    assert!(client.poll_transmit(again, &mut out).is_some());
    let mut agent = IceAgent::new(&server_credentials());
    exchange(&mut agent, &mut client, again, home());
    let keep = client.poll_timeout();
    assert!(keep > again + ms(3_900) && keep < again + ms(6_100));
    client.handle_timeout(again + CONSENT);
    assert_eq!(
        client.poll_event(),
        Some(IceClientEvent::Connected(server()))
    );
    assert_eq!(client.poll_event(), Some(IceClientEvent::Failed));
    assert_eq!(client.poll_timeout(), Time::NEVER);
}

#[test]
fn a_client_answers_the_checks_of_a_server_that_is_not_lite() {
    let ours = IceCredentials {
        ufrag: "clnt".to_owned(),
        password: "a-password-of-the-client".to_owned(),
    };
    // A second client plays the server's part, and sends checks with the right credentials.
    let mut full = IceClient::new(START, "srvr", ours.clone(), vec![home()], 9);
    let mut client = client(server_credentials());
    let mut out = [0; MAX_MESSAGE];
    let (to, len) = full.poll_transmit(START, &mut out).unwrap();
    assert_eq!(to, home());
    let check = out[..len].to_vec();
    let unwanted = client.handle_datagram(START, server(), &check);
    assert_eq!(unwanted, Err(DropReason::NotAuthentic));

    client.answer_checks(&ours.password);
    let mut forged = check.clone();
    forged[20 + 4] ^= 1;
    assert!(client.handle_datagram(START, server(), &forged).is_err());
    client.handle_datagram(START, server(), &check).unwrap();
    let (to, len) = client.poll_transmit(START, &mut out).unwrap();
    assert_eq!(to, server());
    full.handle_datagram(START, home(), &out[..len]).unwrap();
    assert_eq!(full.poll_event(), Some(IceClientEvent::Connected(home())));
    // The client's own check comes next, and no second answer.
    let (_, len) = client.poll_transmit(START, &mut out).unwrap();
    assert_eq!(ufrag_of(&out[..len]), Some("srvr"));
    assert_eq!(client.poll_transmit(START, &mut out), None);
}

#[test]
fn with_keys_a_nominated_path_waits_for_its_proof() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    exchange(&mut agent, &mut client, START, home());
    agent.require_proof();
    agent.poll_event();
    exchange(&mut agent, &mut client, START + ms(4_000), mobile());
    assert_eq!(agent.selected(), Some(home()));
    agent.prove(home());
    assert_eq!(agent.poll_event(), None);
    agent.prove(mobile());
    assert_eq!(agent.poll_event(), Some(IceEvent::Selected(mobile())));
    // A check of the old path, sent again by somebody else, takes nothing back, though it was proven once.
    exchange(&mut agent, &mut client, START + ms(8_000), home());
    assert_eq!(agent.selected(), Some(mobile()));
}

#[test]
fn a_recorded_check_from_many_ports_takes_nothing_and_keeps_nobody_alive() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    exchange(&mut agent, &mut client, START, home());
    agent.require_proof();
    agent.poll_event();
    let recorded = check_of(&mut client, START + ms(100));
    for round in 1..60_u16 {
        let now = START + ms(u64::from(round) * 500);
        let port = PeerAddr::udp(([203, 0, 113, 66], 1_000 + round).into());
        agent.handle_datagram(now, port, &recorded).unwrap();
        agent.handle_timeout(now);
        assert_eq!(agent.selected(), Some(home()), "round {round}");
    }
    agent.handle_timeout(START + CONSENT);
    assert_eq!(agent.poll_event(), Some(IceEvent::ConsentExpired));
    assert_eq!(agent.selected(), None);
}

#[test]
fn a_client_whose_last_path_was_removed_may_come_back_for_thirty_seconds() {
    let mut agent = IceAgent::new(&server_credentials());
    let mut client = client(server_credentials());
    let by_tcp = PeerAddr::tcp(home().addr);
    exchange(&mut agent, &mut client, START, by_tcp);
    agent.require_proof();
    agent.poll_event();
    let cut = START + ms(1_000);
    agent.remove_path(cut, by_tcp);
    assert_eq!(agent.selected(), None);
    let again = PeerAddr::tcp("198.51.100.7:5001".parse().unwrap());
    exchange(&mut agent, &mut client, cut + ms(10_000), again);
    assert_eq!(agent.selected(), None);
    agent.prove(again);
    assert_eq!(agent.poll_event(), Some(IceEvent::Selected(again)));
    let cut = cut + ms(20_000);
    agent.remove_path(cut, again);
    agent.handle_timeout(cut + (CONSENT - ms(1)));
    assert_eq!(agent.poll_event(), None);
    assert_eq!(agent.poll_timeout(), cut + CONSENT);
    agent.handle_timeout(cut + CONSENT);
    assert_eq!(agent.poll_event(), Some(IceEvent::ConsentExpired));
}
