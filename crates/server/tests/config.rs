//! A configuration is read from defaults, file, environment; the error for every mistake says what to do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use sideroom::config::{Config, LogFormat, VideoCodec};

const SAMPLE: &str = include_str!("../../../deploy/sideroom.toml");

fn env(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(None, pairs).map_err(|error| error.to_string())
}

fn file(text: &str) -> Result<Config, String> {
    Config::from_toml(text, "test.toml").map_err(|error| error.to_string())
}

#[test]
fn the_sample_file_says_every_key_and_equals_the_defaults() {
    assert_eq!(file(SAMPLE).unwrap(), Config::default());
    let sample: toml::Table = SAMPLE.parse().unwrap();
    let defaults: toml::Table = Config::default().to_toml().parse().unwrap();
    assert_eq!(sample, defaults);
    Config::default().validate().unwrap();
}

#[test]
fn what_is_printed_reads_back_the_same_but_without_secrets() {
    let mut config =
        file("[media]\nannounce = [\"203.0.113.7\"]\n[codecs]\nvideo = \"h264\"").unwrap();
    assert_eq!(file(&config.to_toml()).unwrap(), config);
    config = env(&[("SIDEROOM_AUTH_KEYS", "app:0123456789abcdef0123456789abcdef")]).unwrap();
    assert!(!config.to_toml().contains("0123456789"));
    assert!(!format!("{config:?}").contains("0123456789"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sideroom.toml");
    std::fs::write(&path, "[media]\nfirst_port = 8000\ntcp = false\n").unwrap();
    let pairs = [
        ("SIDEROOM_MEDIA_FIRST_PORT", "9000"),
        ("SIDEROOM_MEDIA_ANNOUNCE", "203.0.113.7, 2001:db8::7"),
        ("SIDEROOM_LOG_FORMAT", "json"),
        ("SIDEROOM_CODECS_VIDEO", "av1"),
        ("SIDEROOM_AUTH_KEYS", "a:b:c,d:e"),
        ("SIDEROOM_AUTH_CERTIFICATES", "x:spiffe://example.org/x"),
        ("HOME", "/"),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load(Some(&path), pairs).unwrap();
    assert_eq!((config.media.first_port, config.media.tcp), (9000, false));
    assert_eq!(config.media.announce.len(), 2);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.codecs.video, VideoCodec::Av1);
    let keys: Vec<_> = config
        .auth
        .keys
        .iter()
        .map(|key| (&*key.id, &*key.secret))
        .collect();
    assert_eq!(keys, [("a", "b:c"), ("d", "e")]);
    let [certificate] = config.auth.certificates.as_slice() else {
        panic!("{config:?}")
    };
    assert_eq!(
        (&*certificate.id, &*certificate.name),
        ("x", "spiffe://example.org/x")
    );
}

#[test]
fn an_unknown_key_is_refused_and_the_nearest_named() {
    for (text, key, nearest) in [
        (
            "[media]\nfirst_prt = 1",
            "media.first_prt",
            "media.first_port",
        ),
        ("[medai]\ntcp = true", "medai", "media"),
        (
            "[http]\nfirst_port = 1",
            "http.first_port",
            "media.first_port",
        ),
        ("workers = 2", "workers", "node.workers"),
        (
            "[auth]\nkeys = [{ id = \"a\", sceret = \"b\" }]",
            "auth.keys.sceret",
            "auth.keys.secret",
        ),
    ] {
        let error = file(text).unwrap_err();
        let expected = format!("test.toml: unknown key `{key}`; did you mean `{nearest}`?");
        assert_eq!(error, expected);
    }
    let error = env(&[("SIDEROOM_MEDIA_FIRSTPORT", "1")]).unwrap_err();
    assert!(
        error.contains("did you mean `SIDEROOM_MEDIA_FIRST_PORT`?"),
        "{error}"
    );
    assert!(env(&[("SIDEROOM_NONE", "1")]).is_err());
    let kubernetes = [
        ("SIDEROOM_SERVICE_HOST", "10.0.0.1"),
        ("SIDEROOM_PORT", "tcp://10.0.0.1"),
    ];
    assert_eq!(env(&kubernetes).unwrap(), Config::default());
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_place() {
    for (text, named) in [
        ("[media]\nfirst_port = 70000", "line 2"),
        ("[media]\nfirst_port = \"x\"", "line 2"),
        ("[http]\nlisten = \"nowhere\"", "line 2"),
        ("[codecs]\nvideo = \"theora\"", "`vp8`"),
        ("[media\n", "line 1"),
    ] {
        let error = file(text).unwrap_err();
        assert!(
            error.starts_with("test.toml: ") && error.contains(named),
            "{text}: {error}"
        );
    }
    let error = env(&[("SIDEROOM_MEDIA_TCP", "maybe")]).unwrap_err();
    assert_eq!(
        error,
        "SIDEROOM_MEDIA_TCP: expected boolean, found \"maybe\""
    );
}

#[test]
fn what_cannot_work_is_said_all_at_once() {
    let text = "
        [node]\nworkers = 4
        [media]\nfirst_port = 7899
        [tls]\nkey_file = \"key.pem\"
        [rooms]\nmax_active_talkers = 2
        [auth]\nkeys = [{ id = \"a\", secret = \"short\" }, { id = \"a\" }]
        certificates = [{ id = \"a\", name = \"b\" }, { id = \"c\", name = \"B\" }, { id = \"d\" }]
        [store]\npath = \"\"\nsnapshot_every_records = 0
        [limits]\nmessage_bytes = 1";
    let error = file(text).unwrap().validate().unwrap_err().to_string();
    for key in [
        "media.first_port: a worker's TCP port",
        "tls.key_file",
        "rooms.max_active_talkers",
        "auth.keys.id",
        "auth.keys.secret: every",
        "auth.keys.secret: a secret",
        "auth.certificates: nobody",
        "auth.certificates.id",
        "auth.certificates.name: every",
        "auth.certificates.name: one",
        "store.path",
        "store.snapshot_every_records",
        "limits.message_bytes",
    ] {
        assert!(error.contains(key), "{key} is missing in:\n{error}");
    }
    assert_eq!(error.lines().count(), 13, "{error}");
}

/// What is wrong with a node of this name and this `[cluster]`.
fn check_cluster(node: &str, cluster: &str) -> Result<(), String> {
    let text = format!("[node]\nname = \"{node}\"\n[cluster]\n{cluster}");
    let config = file(&text).unwrap();
    config.validate().map_err(|error| error.to_string())
}

#[test]
fn a_cluster_says_what_it_needs() {
    const FILES: &str = "authority_file = \"a\"\ncertificate_file = \"c\"\nkey_file = \"k\"\n";
    let whole = format!("etcd = [\"http://e:2379\"]\nadvertise = \"m:7903\"\n{FILES}");
    check_cluster("media-1", &whole).unwrap();
    let with = |old: &str, new: &str| whole.replace(old, new);
    let more = |line: &str| format!("{whole}{line}");
    let tls = with("http", "https");
    for (cluster, key, words) in [
        (
            FILES.to_owned(),
            "cluster.etcd",
            "not the addresses of etcd",
        ),
        (with("http", "ftp"), "cluster.etcd", "begins with http://"),
        (tls, "cluster.etcd_authority_file", "https://"),
        (
            with("m:7903", "m"),
            "cluster.advertise",
            "a host and a port",
        ),
        (with("m:7903", ""), "cluster.advertise", "reach this one"),
        (with("\"k\"", "\"\""), "cluster.key_file", "cluster init"),
        (
            more("etcd_user = \"u\""),
            "cluster.etcd_password_file",
            "or neither",
        ),
        (
            more("listen = \"0.0.0.0:7900\""),
            "cluster.listen",
            "a port of its own",
        ),
        (
            more("etcd_prefix = \"/\""),
            "cluster.etcd_prefix",
            "not be empty",
        ),
    ] {
        let said = check_cluster("media-1", &cluster).unwrap_err();
        assert!(said.contains(&format!("{key}: ")), "{key}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = check_cluster("Media 1", &whole).unwrap_err();
    assert!(
        said.contains("node.name: ") && said.contains("small letters"),
        "{said}"
    );
    let receiver =
        "[[webhooks.receivers]]\nid = \"one\"\nurl = \"https://one.example/\"\nsecret_file = \"s\"";
    let said = check_cluster("media-1", &more(receiver)).unwrap_err();
    assert!(
        said.contains("webhooks.receivers: ") && said.contains("EventService/Watch"),
        "{said}"
    );
    let unknown = file("[cluster]\nwhen_alone = \"maybe\"").unwrap_err();
    assert!(unknown.contains("continue"), "{unknown}");
}
