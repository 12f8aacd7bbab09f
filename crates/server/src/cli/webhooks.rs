//! `sideroom webhooks`: the receivers of events of a running server, asked at its admin port.

use std::io::Write as _;

use clap::{Args, Subcommand};
use serde_json::Value;
use sideroom_rpc::auth::ApiClaims;

use super::{ConfigArgs, Done};
use crate::clock;
use crate::webhooks::{DeadLetter, Replay, Status};

/// How long a token for one request lives.
const TOKEN_LIFE_S: u64 = 60;

/// The commands on the receivers.
#[derive(Subcommand, Debug)]
pub enum WebhooksCommand {
    /// Print how the receivers are, or the dead letters of one
    List(ListArgs),
    /// Send events to a receiver again: its dead letters, or those from one number to another
    Replay(ReplayArgs),
}

/// Which server.
#[derive(Args, Debug)]
pub(super) struct ServerArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The server's admin address, instead of the configured one
    #[arg(long, value_name = "URL")]
    admin_url: Option<String>,
}

/// What to list.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print the dead letters of this receiver
    #[arg(long, value_name = "RECEIVER")]
    dead: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// What to send again.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The receiver's id
    receiver: String,
    /// The first number, as far as it is kept (webhooks.keep_events). Without it: dead letters
    #[arg(long, value_name = "NUMBER")]
    from: Option<u64>,
    /// The last number
    #[arg(long, value_name = "NUMBER", requires = "from")]
    to: Option<u64>,
}

/// Runs the command.
pub(super) fn run(command: &WebhooksCommand) -> Done {
    match command {
        WebhooksCommand::List(args) => match &args.dead {
            None => list(args),
            Some(receiver) => dead(args, receiver),
        },
        WebhooksCommand::Replay(args) => replay(args),
    }
}

type Asked<T> = Result<T, Box<dyn std::error::Error>>;

impl ServerArgs {
    /// The URL of a path, and a token for it.
    fn door(&self, path: &str) -> Asked<(String, String)> {
        let config = self.config.load_with_client_key()?;
        let keyring = config.keyring()?;
        let key = keyring.minting_key().ok_or(super::NO_KEY)?;
        let token = keyring.mint_api(
            key,
            &ApiClaims::new(clock::unix_ms() / 1_000 + TOKEN_LIFE_S),
        )?;
        let mut at = config.admin.listen;
        if at.ip().is_unspecified() {
            at.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let url = self
            .admin_url
            .clone()
            .unwrap_or_else(|| format!("http://{at}"));
        Ok((format!("{}{path}", url.trim_end_matches('/')), token))
    }

    fn get(&self, path: &str) -> Asked<Value> {
        let (url, token) = self.door(path)?;
        let answer = agent()
            .get(&url)
            .header("authorization", format!("Bearer {token}"))
            .call()
            .map_err(|error| format!("{url}: {error}"))?;
        Ok(serde_json::from_str(&text(&url, answer)?)?)
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.build().into()
}

/// The text of a good answer; another one is an error that says it.
fn text(url: &str, answer: ureq::http::Response<ureq::Body>) -> Asked<String> {
    let status = answer.status();
    let text = answer.into_body().read_to_string()?;
    match status.is_success() {
        true => Ok(text),
        false => Err(format!("{url}: {status}: {}", text.trim()).into()),
    }
}

fn list(args: &ListArgs) -> Done {
    let mut answer = args.server.get("/webhooks")?;
    let receivers = answer
        .get_mut("receivers")
        .map(Value::take)
        .unwrap_or_default();
    let mut out = std::io::stdout().lock();
    for receiver in serde_json::from_value::<Vec<Status>>(receivers)? {
        match args.json {
            true => writeln!(out, "{}", serde_json::to_string(&receiver)?)?,
            false => writeln!(out, "{}", line(&receiver, clock::unix_ms()))?,
        }
    }
    Ok(())
}

fn line(receiver: &Status, now_ms: u64) -> String {
    let waits = receiver.newest.saturating_sub(receiver.settled);
    let state = match receiver.failing_since_ms {
        0 => "works".to_owned(),
        since => {
            let seconds = now_ms.saturating_sub(since) / 1_000;
            format!("fails for {seconds} s: {}", receiver.error)
        }
    };
    let replay = receiver.replay.map(|replay| match replay.range {
        true => format!(", replays {} to {}", replay.from, replay.to),
        false => ", replays dead letters".to_owned(),
    });
    format!(
        "{}\t{}\tsettled up to {}, {waits} behind in {} rooms, {} dead letters{}, {state}",
        receiver.id,
        receiver.url,
        receiver.settled,
        receiver.rooms_waiting,
        receiver.dead,
        replay.unwrap_or_default(),
    )
}

fn dead(args: &ListArgs, receiver: &str) -> Done {
    let mut out = std::io::stdout().lock();
    let mut after = 0;
    loop {
        let path = format!("/webhooks/{receiver}/dead-letters?after={after}");
        let mut answer = args.server.get(&path)?;
        let letters = answer
            .get_mut("deadLetters")
            .map(Value::take)
            .unwrap_or_default();
        let letters: Vec<DeadLetter> = serde_json::from_value(letters)?;
        let Some(last) = letters.last() else {
            return Ok(());
        };
        after = last.number;
        for letter in &letters {
            match args.json {
                true => writeln!(out, "{}", serde_json::to_string(letter)?)?,
                false => writeln!(
                    out,
                    "{}\t{}\t{}\t{}",
                    letter.number, letter.room, letter.kind, letter.error
                )?,
            }
        }
    }
}

fn replay(args: &ReplayArgs) -> Done {
    let replay = Replay {
        range: args.from.is_some(),
        from: args.from.unwrap_or(1),
        to: args.to.unwrap_or(u64::MAX),
    };
    let path = format!("/webhooks/{}/replay", args.receiver);
    let (url, token) = args.server.door(&path)?;
    let answer = agent()
        .post(&url)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .send(serde_json::to_string(&replay)?)
        .map_err(|error| format!("{url}: {error}"))?;
    text(&url, answer)?;
    println!("It is under way; `sideroom webhooks list` shows how far.");
    Ok(())
}
