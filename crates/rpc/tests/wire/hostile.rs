//! Any input is read or refused; none causes a panic, and none lets a stranger in.

use proptest::{collection::vec, prelude::*};
use prost::Message as _;
use sideroom_rpc::{
    auth::{ApiClaims, Keyring},
    proto::{
        BreakoutDefinition, CreateBreakoutsRequest, JoinRequest, MoveParticipantsRequest,
        WatchRequest,
    },
};

use crate::harness::keys;

fn read_as_everything(bytes: &[u8]) {
    let _ = JoinRequest::decode(bytes);
    let _ = CreateBreakoutsRequest::decode(bytes);
    let _ = MoveParticipantsRequest::decode(bytes);
    let _ = WatchRequest::decode(bytes);
    let _ = serde_json::from_slice::<JoinRequest>(bytes);
    let _ = serde_json::from_slice::<CreateBreakoutsRequest>(bytes);
    let _ = serde_json::from_slice::<MoveParticipantsRequest>(bytes);
    let _ = serde_json::from_slice::<WatchRequest>(bytes);
}

fn sample() -> CreateBreakoutsRequest {
    let definition = BreakoutDefinition {
        max_rooms: 3,
        participants: Some(4),
        names: vec!["Red".into(), "Blue".into()],
        ..Default::default()
    };
    CreateBreakoutsRequest {
        room: "math".into(),
        request_id: "1".into(),
        expected_epoch: Some(u64::MAX),
        expected_version: Some(u64::MAX),
        definition: Some(definition),
        ..Default::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn damaged_requests_are_read_or_refused(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        for mut bytes in [sample().encode_to_vec(), serde_json::to_vec(&sample()).unwrap()] {
            let length = bytes.len();
            bytes[at.index(length)] = to;
            bytes.truncate(cut.index(length) + 1);
            read_as_everything(&bytes);
        }
    }

    #[test]
    fn a_damaged_token_opens_nothing(at in any::<prop::sample::Index>(), to in any::<char>()) {
        let ring = Keyring::new(keys()).unwrap();
        let good = ring.mint_api("main", &ApiClaims::new(1_790_000_600)).unwrap();
        let at = at.index(good.len());
        let damaged: String = good.chars().enumerate().map(|(n, c)| if n == at { to } else { c }).collect();
        let read = ring.verify(&damaged, 1_790_000_000);
        // The last character of a part has bits that stand for nothing.
        prop_assert!(damaged == good || read.is_err() || at + 1 == good.len(), "{damaged}");
    }
}

#[test]
fn json_and_protobuf_say_the_same() {
    let json = serde_json::to_string(&sample()).unwrap();
    let read: CreateBreakoutsRequest = serde_json::from_str(&json).unwrap();
    assert_eq!(read, sample());
    assert_eq!(
        CreateBreakoutsRequest::decode(&*read.encode_to_vec()).unwrap(),
        sample()
    );
    assert!(
        json.contains(r#""expectedEpoch":"18446744073709551615""#),
        "{json}"
    );
}
