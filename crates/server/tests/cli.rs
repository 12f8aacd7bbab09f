//! The binary, as an operator uses it: each command says what it did, or what to do next.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::process::{Command, Output};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn sideroom(args: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sideroom"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

/// The command's output if it succeeds; else its error.
fn ask(args: &[&str], env: &[(&str, &str)]) -> Result<String, String> {
    let output = sideroom(args, env);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

#[test]
fn help_names_every_command() {
    let help = ask(&["help"], &[]).unwrap();
    for command in [
        "serve",
        "check-config",
        "token",
        "journal",
        "cluster",
        "top",
    ] {
        assert!(
            help.contains(&format!("  {command} ")),
            "{command} is missing in\n{help}"
        );
    }
}

#[test]
fn ports_and_addresses_are_flags_of_serve() {
    let help = ask(&["serve", "--help"], &[]).unwrap();
    for flag in [
        "--http-port",
        "--grpc-port",
        "--admin-port",
        "--media-port",
        "--announce",
    ] {
        assert!(help.contains(flag), "{flag} is missing in\n{help}");
    }
    // A port that is taken is named by its key: so the flag has reached it.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flag, key) in [
        ("--http-port", "http.listen"),
        ("--grpc-port", "grpc.listen"),
    ] {
        let others = ["--http-port", "--grpc-port", "--admin-port", "--media-port"];
        let mut arguments = vec!["serve", "--dev", flag, &port];
        for other in others.into_iter().filter(|other| *other != flag) {
            arguments.extend([other, "0"]);
        }
        let error = ask(&arguments, &[]).unwrap_err();
        assert!(error.contains(key) && error.contains(&port), "{error}");
    }
}

/// The examples tell people to export these; the same shell then runs our own commands.
#[test]
fn what_clients_read_from_the_environment_is_no_configuration() {
    let env = [
        ("SIDEROOM_URL", "http://127.0.0.1:1"),
        ("SIDEROOM_GRPC", "127.0.0.1:7901"),
        ("SIDEROOM_KEY", "app"),
        ("SIDEROOM_SECRET", SECRET),
        ("SIDEROOM_TOKEN", "x.y.z"),
    ];
    ask(&["check-config", "--quiet"], &env).unwrap();
    let token = ask(&["token", "--room", "math", "--identity", "ada"], &env).unwrap();
    let keys = format!("app:{SECRET}");
    let config = sideroom::config::Config::load(None, [("SIDEROOM_AUTH_KEYS".into(), keys)]);
    let now_s = sideroom::clock::unix_ms() / 1_000;
    let keyring = config.unwrap().keyring().unwrap();
    assert_eq!(
        keyring.verify_client(token.trim(), now_s).unwrap().sub,
        "ada"
    );

    let error = ask(&["top", "--once"], &env).unwrap_err();
    assert!(error.contains("http://127.0.0.1:1/"), "{error}");
    let error = ask(&["check-config"], &[("SIDEROOM_URLS", "x")]).unwrap_err();
    assert!(error.contains("unknown key `SIDEROOM_URLS`"), "{error}");
}

#[test]
fn check_config_prints_what_holds_and_warns() {
    let output = sideroom(&["check-config"], &[("SIDEROOM_MEDIA_FIRST_PORT", "8123")]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("first_port = 8123")
    );
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("warning: auth.keys: ")
    );
    assert_eq!(ask(&["check-config", "--quiet"], &[]).unwrap(), "");

    let error = ask(
        &["check-config"],
        &[("SIDEROOM_LOG_LEVEL", "sideroom=lound")],
    )
    .unwrap_err();
    assert!(error.contains("log.level"), "{error}");
    let error = ask(&["check-config", "--config", "/nowhere.toml"], &[]).unwrap_err();
    assert!(error.contains("cannot read /nowhere.toml"), "{error}");
}

#[test]
fn a_token_says_what_was_asked_and_its_key_verifies_it() {
    let keys = format!("app:{SECRET}");
    let env = [("SIDEROOM_AUTH_KEYS", keys.as_str())];
    let now_s = sideroom::clock::unix_ms() / 1_000;
    let config =
        sideroom::config::Config::load(None, [("SIDEROOM_AUTH_KEYS".into(), keys.clone())]);
    let keyring = config.unwrap().keyring().unwrap();

    let arguments = [
        "token",
        "--room",
        "math",
        "--identity",
        "ada",
        "--role",
        "moderator",
    ];
    let token = ask(&arguments, &env).unwrap();
    let claims = keyring.verify_client(token.trim(), now_s).unwrap();
    assert_eq!(
        (&*claims.room, &*claims.sub, &*claims.name),
        ("math", "ada", "ada")
    );
    assert!(claims.effective_grants().move_others);

    let token = ask(&["token", "--api", "--scopes", "rooms,node"], &env).unwrap();
    assert_eq!(
        keyring
            .verify_api(token.trim(), now_s)
            .unwrap()
            .scopes
            .len(),
        2
    );

    let error = ask(&arguments, &[]).unwrap_err();
    assert!(error.contains("SIDEROOM_AUTH_KEYS"), "{error}");
}

#[test]
fn a_secret_is_read_from_its_file_and_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("app.secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let file = directory.path().join("sideroom.toml");
    let key =
        format!("keys = [{{ id = \"app\", secret_file = {secret:?}, scopes = [\"rooms\"] }}]");
    std::fs::write(&file, format!("[auth]\n{key}\n")).unwrap();
    let config = file.to_str().unwrap();
    assert!(
        !ask(&["check-config", "-c", config], &[])
            .unwrap()
            .contains(SECRET)
    );
    ask(&["token", "--api", "--key", "app", "-c", config], &[]).unwrap();

    std::fs::write(&secret, "short\n").unwrap();
    let error = ask(&["check-config", "-c", config], &[]).unwrap_err();
    assert!(
        error.contains("`app`") && !error.contains("short\n"),
        "{error}"
    );
    std::fs::write(
        &file,
        format!("[auth]\n{}\n", key.replace("rooms", "romos")),
    )
    .unwrap();
    let error = ask(&["check-config", "-c", config], &[]).unwrap_err();
    assert!(error.contains("unknown scope `romos`"), "{error}");
}

#[test]
fn serve_says_why_it_does_not_start() {
    let error = ask(&["serve", "--store", "memory"], &[]).unwrap_err();
    assert!(
        error.contains("no API key") && error.contains("--dev"),
        "{error}"
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let env = [("SIDEROOM_HTTP_LISTEN", address.as_str())];
    let error = ask(&["serve", "--dev"], &env).unwrap_err();
    assert!(
        error.contains(&format!("http.listen: cannot listen on {address}")),
        "{error}"
    );

    let error = ask(&["serve", "--dev", "--store", "/proc/rooms.redb"], &[]).unwrap_err();
    assert!(error.contains("/proc/rooms.redb: the store "), "{error}");
}

#[test]
fn the_journal_of_a_store_that_is_not_there_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rooms.redb");
    let path = path.to_str().unwrap();
    for command in ["export", "verify", "who-was-where"] {
        let error = ask(&["journal", command, "--store", path], &[]).unwrap_err();
        assert!(error.contains("there is no store at"), "{error}");
    }
    assert!(!std::path::Path::new(path).exists());
}

#[test]
fn certificates_are_made_once_and_more_can_be_added() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    let to = ["--directory", path.to_str().unwrap()];
    let init = |nodes: &[&str]| {
        let arguments = [&["cluster", "init"], nodes, &to].concat();
        ask(&arguments, &[])
    };
    let said = init(&["media-1"]).unwrap();
    assert!(
        said.contains("media-1-key.pem") && said.contains("cluster.key_file"),
        "{said}"
    );
    let read = |name: &str| std::fs::read(path.join(name)).unwrap();
    let before = (read("authority.pem"), read("media-1.pem"));
    let said = init(&["media-1", "media-2"]).unwrap();
    assert!(
        said.contains("media-2.pem") && !said.contains("media-1.pem\n"),
        "{said}"
    );
    assert_eq!(before, (read("authority.pem"), read("media-1.pem")));
    let mode = std::fs::metadata(path.join("media-2-key.pem"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let error = init(&["Media_1"]).unwrap_err();
    assert!(error.contains("`Media_1` is no name for a node"), "{error}");
}

#[test]
fn tools_of_a_cluster_say_what_they_miss() {
    for arguments in [
        &["cluster", "status"][..],
        &["cluster", "nodes"],
        &["cluster", "rooms"],
        &["cluster", "drain", "media-1"],
        &["cluster", "hand-over", "math"],
    ] {
        let error = ask(arguments, &[]).unwrap_err();
        assert!(error.contains("cluster.etcd is not set"), "{error}");
    }
    let env = [
        ("SIDEROOM_CLUSTER_ETCD", "http://127.0.0.1:1"),
        ("SIDEROOM_NODE_NAME", "media-1"),
    ];
    let error = ask(&["serve", "--dev"], &env).unwrap_err();
    assert!(error.contains("cluster.certificate_file: "), "{error}");
    assert!(error.contains("cluster.advertise: "), "{error}");
}
