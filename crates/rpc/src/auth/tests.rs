//! Tests of the rights that tokens give.

use sideroom_route::TrackKind;

use super::*;

const SKEW_S: u64 = 30;
const NOW: u64 = 1_790_000_000;

fn key(id: &str, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        id: id.into(),
        secret: format!("{id:-<32}"),
        scopes: scopes.to_vec(),
    }
}

fn ring() -> Keyring {
    let rooms_only = key("narrow", &[Scope::Rooms]);
    Keyring::new([key("old", &Scope::ALL), key("new", &Scope::ALL), rooms_only]).unwrap()
}

#[test]
fn every_key_of_the_ring_is_valid_until_it_is_taken_away() {
    let ring = ring();
    let claims = ClientClaims::new("math", "ada", RoleClaim::Moderator, NOW + 60);
    for id in ["old", "new"] {
        let token = ring.mint_client(id, &claims).unwrap();
        assert_eq!(ring.verify_client(&token, NOW).unwrap(), claims);
        assert_eq!(
            ring.verify(&token, NOW).unwrap(),
            Bearer::Client(Box::new(claims.clone()))
        );
    }
    let token = ring.mint_client("old", &claims).unwrap();
    let rotated = Keyring::new([key("new", &Scope::ALL)]).unwrap();
    assert!(rotated.verify_client(&token, NOW).is_err());
}

#[test]
fn neither_kind_of_token_passes_for_the_other() {
    let ring = ring();
    let api = ring.mint_api("new", &ApiClaims::new(NOW + 60)).unwrap();
    assert!(ring.verify_client(&api, NOW).is_err());
    let client = ClientClaims::new("math", "ada", RoleClaim::Moderator, NOW + 60);
    let client = ring.mint_client("new", &client).unwrap();
    assert!(ring.verify_api(&client, NOW).is_err());
}

#[test]
fn a_token_is_refused_outside_its_times() {
    let ring = ring();
    let mut claims = ApiClaims::new(NOW + 60);
    claims.nbf = Some(NOW);
    let token = ring.mint_api("new", &claims).unwrap();
    assert!(ring.verify_api(&token, NOW).is_ok());
    assert!(ring.verify_api(&token, NOW + 60 + SKEW_S + 1).is_err());
    assert!(ring.verify_api(&token, NOW - SKEW_S - 1).is_err());
}

#[test]
fn a_token_that_lives_for_longer_than_the_rules_allow_is_refused() {
    let rules = TokenRules {
        clock_skew_s: SKEW_S,
        max_client_life_s: 600,
        max_api_life_s: 60,
    };
    let ring = Keyring::with_rules([key("new", &Scope::ALL)], rules).unwrap();
    let api = |life_s| {
        let claims = ApiClaims::new(NOW + life_s);
        ring.verify_api(&ring.mint_api("new", &claims).unwrap(), NOW)
    };
    assert!(api(60 + SKEW_S).is_ok());
    let refused = api(60 + SKEW_S + 1).unwrap_err().to_string();
    assert!(refused.contains("auth.max_api_token_life_s"), "{refused}");
    let client = |life_s| {
        let claims = ClientClaims::new("math", "ada", RoleClaim::Moderator, NOW + life_s);
        ring.verify_client(&ring.mint_client("new", &claims).unwrap(), NOW)
    };
    assert!(client(600 + SKEW_S).is_ok());
    let refused = client(600 + SKEW_S + 1).unwrap_err().to_string();
    assert!(refused.contains("auth.max_token_life_s"), "{refused}");
}

#[test]
fn scopes_are_what_both_the_key_and_the_token_say() {
    let ring = ring();
    let mut claims = ApiClaims::new(NOW + 60);
    claims.scopes = Some(vec!["rooms".into(), "watch".into()]);
    let scopes_of = |id: &str| {
        let token = ring.mint_api(id, &claims).unwrap();
        ring.verify_api(&token, NOW).unwrap().scopes
    };
    assert_eq!(scopes_of("new"), [Scope::Rooms, Scope::Watch]);
    assert_eq!(scopes_of("narrow"), [Scope::Rooms]);
    let token = ring.mint_api("narrow", &claims).unwrap();
    let operator = ring.verify_api(&token, NOW).unwrap();
    assert!(operator.require(Scope::Watch).is_err());
}

#[test]
fn a_key_without_the_scope_cannot_let_clients_in() {
    let ring = ring();
    let claims = ClientClaims::new("math", "ada", RoleClaim::Moderator, NOW + 60);
    let token = ring.mint_client("narrow", &claims).unwrap();
    assert!(ring.verify_client(&token, NOW).is_err());
    assert_eq!(ring.minting_key(), Some("new"));
}

#[test]
fn forged_and_mangled_tokens_are_refused() {
    let ring = ring();
    let claims = ClientClaims::new("math", "ada", RoleClaim::Participant, NOW + 60);
    let token = ring.mint_client("new", &claims).unwrap();
    let mut parts = token.split('.');
    let (header, body) = (parts.next().unwrap(), parts.next().unwrap());
    // {"alg":"none","kid":"new"}
    let none = "eyJhbGciOiJub25lIiwia2lkIjoibmV3In0";
    for forged in [
        String::new(),
        "a.b.c".into(),
        format!("{header}.{body}."),
        format!("{header}.{body}.AAAA"),
        format!("{none}.{body}."),
        token.to_uppercase(),
        "x".repeat(MAX_TOKEN_BYTES + 1),
    ] {
        assert!(ring.verify(&forged, NOW).is_err(), "{forged}");
    }
    let other = Keyring::new([ApiKey {
        id: "new".into(),
        secret: "another secret of at least 32 bytes!".into(),
        scopes: Scope::ALL.to_vec(),
    }]);
    assert!(other.unwrap().verify(&token, NOW).is_err());
}

#[test]
fn a_short_secret_and_a_key_given_twice_are_refused() {
    let short = ApiKey {
        id: "k".into(),
        secret: "short".into(),
        scopes: vec![],
    };
    assert_eq!(
        Keyring::new([short]).unwrap_err(),
        KeyError::SecretTooShort("k".into())
    );
    let twice = Keyring::new([key("k", &[]), key("k", &[])]);
    assert_eq!(twice.unwrap_err(), KeyError::Twice("k".into()));
}

#[test]
fn an_issuer_names_the_key_if_the_header_does_not() {
    let ring = ring();
    let mut claims = ApiClaims::new(NOW + 60);
    claims.iss = "new".into();
    let secret = EncodingKey::from_secret(key("new", &[]).secret.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &claims, &secret).unwrap();
    assert_eq!(ring.verify_api(&token, NOW).unwrap().key_id, "new");
}

#[test]
fn a_client_token_that_lives_for_too_long_is_refused() {
    let ring = ring();
    let claims = ClientClaims::new("r", "ada", RoleClaim::Participant, NOW + 90_000);
    let token = ring.mint_client("new", &claims).unwrap();
    assert!(ring.verify_client(&token, NOW).is_err());
    assert!(ring.verify_client(&token, NOW + 4_000).is_ok());
}

#[test]
fn a_secret_is_never_printed() {
    assert!(!format!("{:?} {:?}", key("k", &[]), ring()).contains("----"));
}

#[test]
fn grants_default_to_those_of_the_role() {
    let claims = ClientClaims::new("math", "ada", RoleClaim::Participant, NOW);
    assert!(!claims.effective_grants().create_breakouts);
    let json = r#"{"aud":"sideroom-client","room":"r","sub":"s","exp":1,"role":"moderator",
        "grants":{"publish":["audio","screen"],"createBreakouts":true}}"#;
    let claims: ClientClaims = serde_json::from_str(json).unwrap();
    let grants = claims.effective_grants();
    assert_eq!(grants.publish, [TrackKind::Audio, TrackKind::Screen]);
    assert!(grants.create_breakouts && !grants.move_others);
}

#[test]
fn a_certificate_is_whom_its_fingerprint_or_only_name_says() {
    let named = |id: &str, name: CertificateName| NamedCertificate {
        id: id.into(),
        name,
        scopes: vec![Scope::Rooms],
    };
    let by = |name: &str| CertificateName::Alternative(name.into());
    let ring = ring().with_certificates(vec![
        named("dns", by("App.example.org")),
        named("uri", by("spiffe://example.org/App")),
        named("pinned", CertificateName::Fingerprint([7; 32])),
    ]);
    let ring = ring.unwrap();
    let speaks_for = |names: &[&str], first: u8| {
        let shown = ShownCertificate {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            fingerprint: [first; 32],
        };
        ring.certified(&shown).map(|operator| operator.key_id)
    };
    assert_eq!(speaks_for(&["app.EXAMPLE.org"], 1).unwrap(), "dns");
    assert_eq!(
        speaks_for(&["x", "spiffe://example.org/App"], 1).unwrap(),
        "uri"
    );
    assert_eq!(speaks_for(&["app.example.org"], 7).unwrap(), "pinned");
    for none in [&["spiffe://example.org/app"][..], &["example.org"], &[]] {
        let refused = speaks_for(none, 1).unwrap_err().to_string();
        assert!(
            refused.contains("auth.certificates") && refused.contains("0101"),
            "{refused}"
        );
    }
    let both = speaks_for(&["app.example.org", "spiffe://example.org/App"], 1);
    let both = both.unwrap_err().to_string();
    assert!(both.contains("both `dns` and `uri`"), "{both}");
}

#[test]
fn a_certificate_has_an_id_that_no_key_has() {
    let named = |id: &str| NamedCertificate {
        id: id.into(),
        name: CertificateName::Fingerprint([7; 32]),
        scopes: vec![],
    };
    for ids in [&["new"][..], &["a", "a"]] {
        let refused = ring().with_certificates(ids.iter().map(|id| named(id)).collect());
        assert!(matches!(refused, Err(KeyError::Twice(_))), "{ids:?}");
    }
}

#[test]
fn a_token_that_was_seen_before_is_held_to_its_times_and_to_its_signature() {
    let ring = ring();
    let claims = ApiClaims::new(NOW + 60);
    let token = ring.mint_api("new", &claims).unwrap();
    let first = ring.verify(&token, NOW).unwrap();
    assert_eq!(ring.verify(&token, NOW).unwrap(), first);
    assert!(ring.verify(&token, NOW + 60 + SKEW_S + 1).is_err());
    let (content, signature) = token.rsplit_once('.').unwrap();
    let other = ring.mint_api("old", &claims).unwrap();
    let (other_content, _) = other.rsplit_once('.').unwrap();
    for forged in [
        format!("{other_content}.{signature}"),
        format!("{content}."),
        content.to_owned(),
    ] {
        assert!(ring.verify(&forged, NOW).is_err(), "{forged}");
        assert!(ring.verify_api(&forged, NOW).is_err(), "{forged}");
    }
    // Far more tokens than are kept: each is still judged rightly.
    for life in 1..3_000 {
        let token = ring.mint_api("new", &ApiClaims::new(NOW + life)).unwrap();
        assert!(ring.verify_api(&token, NOW).is_ok());
        assert!(ring.verify_api(&token, NOW + life + SKEW_S + 1).is_err());
    }
}
