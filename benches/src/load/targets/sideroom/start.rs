//! Starts a Sideroom server for a run, or finds one that runs already.

use std::net::UdpSocket;

use super::Sideroom;
use super::api::Api;
use crate::load::error::LoadError;
use crate::load::run_options::Common;
use crate::load::server::{Server, beside};

/// Memory for a store in a file.
const STORE_CACHE: u32 = 2 << 20;
const KEY: &str = "load";
/// Only the load tool ever sees this server.
const SECRET: &str = "a-secret-for-a-server-that-only-lives-for-one-run";
/// Where a secret of a server that runs already is looked for.
const SECRET_VARIABLE: &str = "SIDEROOM_API_SECRET";

/// The server that the command line asks for.
pub fn start(common: &Common) -> Result<Sideroom, LoadError> {
    match &common.url {
        Some(url) => attach(common, url),
        None => launch(common),
    }
}

fn attach(common: &Common, url: &str) -> Result<Sideroom, LoadError> {
    let missing = |what: &str| LoadError::Server(format!("with --url, {what} is needed too"));
    let pid = common.server_pid.ok_or_else(|| missing("--server-pid"))?;
    let key = common
        .api_key
        .as_deref()
        .ok_or_else(|| missing("--api-key"))?;
    let secret = common
        .api_secret
        .clone()
        .or_else(|| std::env::var(SECRET_VARIABLE).ok());
    let secret = secret.ok_or_else(|| missing("--api-secret"))?;
    let api = Api::new(url, key, &secret)?;
    let sideroom = Sideroom::new(Server::attach(pid)?, api, common.profile)?;
    Ok(sideroom.joined_by(common.join_by))
}

fn launch(common: &Common) -> Result<Sideroom, LoadError> {
    let program = common
        .server_bin
        .clone()
        .unwrap_or_else(|| beside("sideroom"));
    let mut command = vec![program.to_string_lossy().into_owned()];
    command.extend(["serve", "--store", &common.store, "--workers"].map(str::to_owned));
    command.push(common.workers.to_string());
    let limits = [
        "REQUESTS_PER_S_PER_KEY",
        "REQUESTS_PER_S_PER_CLIENT",
        "REQUESTS_PER_S_PER_ADDRESS",
    ];
    let limits = limits.map(|name| format!("SIDEROOM_LIMITS_{name}"));
    let mut environment: Vec<(&str, String)> = vec![
        ("SIDEROOM_HTTP_LISTEN", "127.0.0.1:0".to_owned()),
        ("SIDEROOM_GRPC_LISTEN", "127.0.0.1:0".to_owned()),
        ("SIDEROOM_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("SIDEROOM_MEDIA_BIND", common.server_address.to_string()),
        ("SIDEROOM_MEDIA_ANNOUNCE", common.server_address.to_string()),
        ("SIDEROOM_MEDIA_FIRST_PORT", free_port()?.to_string()),
        ("SIDEROOM_AUTH_KEYS", format!("{KEY}:{SECRET}")),
        ("SIDEROOM_LOG_LEVEL", "warn".to_owned()),
        // The store's cache of its file is no memory of the meetings.
        ("SIDEROOM_STORE_CACHE_BYTES", STORE_CACHE.to_string()),
    ];
    // The tool is one address and one key, and asks for thousands of clients.
    environment.extend(
        limits
            .iter()
            .map(|name| (name.as_str(), "1000000".to_owned())),
    );
    let cpus = common.server_cpus.as_deref();
    let server = Server::start(&command, cpus, &environment, "admin ")?;
    let address = server.announced_as("http").unwrap_or_default();
    let admin = server.announced_as("admin").map(str::to_owned);
    let api = Api::new(&format!("http://{address}"), KEY, SECRET)?.with_admin(admin.clone());
    let sideroom = Sideroom::new(server, api, common.profile)?.with_admin(admin);
    Ok(sideroom.joined_by(common.join_by))
}

/// A port that is free now, with followers that most likely are.
fn free_port() -> Result<u16, LoadError> {
    Ok(UdpSocket::bind("127.0.0.1:0")?
        .local_addr()?
        .port()
        .min(65_000))
}
