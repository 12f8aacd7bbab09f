//! Starts a Janus of ours, with the VideoRoom plugin and the HTTP transport and nothing else, or finds
//! one that runs already.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::Janus;
use super::api::Api;
use crate::load::error::LoadError;
use crate::load::run_options::Common;
use crate::load::server::Server;

/// Where Debian puts it.
const PROGRAM: &str = "janus";
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/janus",
    "/usr/lib/aarch64-linux-gnu/janus",
];
/// Everything else is disabled.
const PLUGIN: &str = "libjanus_videoroom.so";
const TRANSPORT: &str = "libjanus_http.so";

/// The server that the command line asks for.
pub fn start(common: &Common) -> Result<Janus, LoadError> {
    match &common.url {
        Some(url) => {
            let missing = || LoadError::Server("with --url, --server-pid is needed too".to_owned());
            let server = Server::attach(common.server_pid.ok_or_else(missing)?)?;
            Janus::new("janus".to_owned(), server, Api::new(url), common.profile)
        }
        None => launch(common),
    }
}

fn launch(common: &Common) -> Result<Janus, LoadError> {
    if common.server_address.is_loopback() {
        return Err(LoadError::Server(
            "Janus ignores loopback addresses: give another one of this machine with \
             --server-address, and --client-addresses that it reaches"
                .to_owned(),
        ));
    }
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let folder = std::env::temp_dir().join(format!("sideroom-load-janus-{port}"));
    write_config(&folder, port, common)?;
    let command = [
        PROGRAM.to_owned(),
        format!("--configs-folder={}", folder.display()),
    ];
    let api = Api::new(&format!("http://127.0.0.1:{port}/janus"));
    let mut info = None;
    let cpus = common.server_cpus.as_deref();
    let server = Server::start_silent(&command, cpus, || {
        info = api.info().ok();
        info.is_some()
    });
    // It has read its configuration when it answers.
    let _ = fs::remove_dir_all(&folder);
    let version = info.as_ref().and_then(|info| info.get("version_string"));
    let version = version.and_then(|version| version.as_str()).unwrap_or("");
    let loops = match common.janus_event_loops {
        0 => "a thread for each connection".to_owned(),
        loops => format!("event_loops = {loops}"),
    };
    let name = format!("janus {version} ({loops})");
    Janus::new(name, server?, api, common.profile)
}

fn write_config(folder: &Path, port: u16, common: &Common) -> Result<(), LoadError> {
    let libraries = LIBRARIES.iter().map(Path::new);
    let libraries = libraries.into_iter().find(|path| path.is_dir());
    let libraries = libraries.ok_or_else(|| {
        LoadError::Server("Janus is not installed: apt-get install janus".to_owned())
    })?;
    fs::create_dir_all(folder)?;
    let core = core_config(folder, libraries, common);
    fs::write(folder.join("janus.jcfg"), core)?;
    fs::write(
        folder.join("janus.transport.http.jcfg"),
        format!(
            "general: {{\n  json = \"compact\"\n  base_path = \"/janus\"\n  http = true\n  \
             port = {port}\n  ip = \"127.0.0.1\"\n  https = false\n}}\n"
        ),
    )?;
    fs::write(
        folder.join("janus.plugin.videoroom.jcfg"),
        "general: {\n}\n",
    )?;
    Ok(())
}

/// The core's settings: defaults, except those that a measurement needs, each for a reason.
fn core_config(folder: &Path, libraries: &Path, common: &Common) -> String {
    let plugins = others(&libraries.join("plugins"), PLUGIN);
    let transports = others(&libraries.join("transports"), TRANSPORT);
    let loops = match common.janus_event_loops {
        0 => String::new(),
        loops => format!("  event_loops = {loops}\n"),
    };
    let (folder, libraries) = (folder.display(), libraries.display());
    let address = common.server_address;
    // Errors only: no log line is written while packets flow. Sessions do not end, as our clients do
    // not poll. Lite, as our clients check and Sideroom is lite too.
    format!(
        "general: {{\n  configs_folder = \"{folder}\"\n  plugins_folder = \"{libraries}/plugins\"\n  \
         transports_folder = \"{libraries}/transports\"\n  debug_level = 2\n  \
         session_timeout = 0\n{loops}}}\n\
         nat: {{\n  ice_lite = true\n  full_trickle = false\n  \
         ice_enforce_list = \"{address}\"\n}}\n\
         plugins: {{\n  disable = \"{plugins}\"\n}}\n\
         transports: {{\n  disable = \"{transports}\"\n}}\n"
    )
}

/// All libraries of a folder but one.
fn others(folder: &Path, wanted: &str) -> String {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names
        .filter(|name| name.ends_with(".so") && name != wanted)
        .collect();
    names.sort();
    names.join(",")
}
