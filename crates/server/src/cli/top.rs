//! `sideroom top`: a running server, drawn once a second from its JSON API.

mod draw;

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use sideroom_rpc::auth::ApiClaims;

use super::{ConfigArgs, Done};
use crate::clock;

/// Rooms shown with their breakouts; the others get a line each.
const ROOMS_SHOWN: usize = 8;
/// How long a token for one request lives.
const TOKEN_LIFE_S: u64 = 60;

/// Which server, and how.
#[derive(Args, Debug)]
pub struct TopArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The server's HTTP address
    #[arg(
        long,
        value_name = "URL",
        env = "SIDEROOM_URL",
        default_value = "http://127.0.0.1:7900"
    )]
    url: String,
    /// Print once and end
    #[arg(long)]
    once: bool,
    /// Only this room, with everybody in it
    #[arg(long, value_name = "NAME")]
    room: Option<String>,
}

/// One look at the server.
#[derive(Debug, Default)]
struct ServerSample {
    stats: Value,
    rooms: Vec<Value>,
    shown: Vec<Value>,
}

/// Looks and draws, until interrupted.
pub(super) fn run(args: &TopArgs) -> Done {
    let config = args.config.load_with_client_key()?;
    config.validate()?;
    let keyring = config.keyring()?;
    let key = keyring.minting_key().ok_or(super::NO_KEY)?;
    let mut before: Option<(std::time::Instant, ServerSample)> = None;
    loop {
        let exp = clock::unix_ms() / 1_000 + TOKEN_LIFE_S;
        let token = keyring.mint_api(key, &ApiClaims::new(exp))?;
        let look = look(args, &token)?;
        let now = clock::now();
        let since = before
            .as_ref()
            .map(|(then, look)| (now.duration_since(*then), look));
        let text = draw::screen(&look, since);
        let mut out = std::io::stdout().lock();
        if args.once {
            writeln!(out, "{text}")?;
            return Ok(());
        }
        // Clears the screen and goes to its upper left corner.
        write!(out, "\x1b[2J\x1b[H{text}")?;
        out.flush()?;
        drop(out);
        before = Some((now, look));
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

fn look(args: &TopArgs, token: &str) -> Result<ServerSample, Box<dyn std::error::Error>> {
    let ask = |method: &str, body: Value| -> Result<Value, Box<dyn std::error::Error>> {
        let url = format!("{}/sideroom.v1.{method}", args.url.trim_end_matches('/'));
        let answer = ureq::post(&url)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .send(body.to_string())
            .map_err(|error| format!("{url}: {error}"))?;
        Ok(serde_json::from_str(&answer.into_body().read_to_string()?)?)
    };
    let stats = ask("NodeService/GetStats", json!({}))?;
    let listed = ask("RoomService/ListRooms", json!({}))?;
    let mut rooms = draw::list(&listed, "rooms").to_vec();
    if let Some(wanted) = &args.room {
        rooms.retain(|room| draw::text(room, "name") == wanted);
    }
    let mut shown = Vec::new();
    for room in rooms.iter().take(ROOMS_SHOWN) {
        // A room may end between the list and the question.
        if let Ok(answer) = ask(
            "RoomService/GetRoom",
            json!({ "room": draw::text(room, "name") }),
        ) {
            shown.push(answer.get("room").cloned().unwrap_or_default());
        }
    }
    Ok(ServerSample {
        stats,
        rooms,
        shown,
    })
}
