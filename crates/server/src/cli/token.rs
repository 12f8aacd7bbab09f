//! `sideroom token`: signs a token with a configured key.

use clap::{Args, ValueEnum};
use sideroom_rpc::auth::{ApiClaims, ClientClaims, Keyring, RoleClaim};

use super::{ConfigArgs, Done};
use crate::clock;

/// The bearer of a token, and its rights.
#[derive(Args, Debug)]
pub struct TokenArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// For a signaling server instead of a client
    #[arg(long, conflicts_with_all = ["room", "identity", "name", "role"])]
    api: bool,
    /// Only these of the key's scopes, for --api
    #[arg(long, value_delimiter = ',', requires = "api", value_name = "SCOPE,…")]
    scopes: Option<Vec<String>>,
    /// The room that the client may join
    #[arg(long, required_unless_present = "api")]
    room: Option<String>,
    /// The client's identity, unique in the room
    #[arg(long, required_unless_present = "api")]
    identity: Option<String>,
    /// The display name; the identity if it is left out
    #[arg(long)]
    name: Option<String>,
    /// The client's role
    #[arg(long, value_enum, default_value_t = RoleArg::Participant)]
    role: RoleArg,
    /// How long the token is good for
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    life_s: u64,
    /// Which key signs; the first that may if it is left out
    #[arg(long, value_name = "ID")]
    key: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum RoleArg {
    Participant,
    Moderator,
}

/// Prints the token.
pub(super) fn run(args: &TokenArgs) -> Done {
    let config = args.config.load_with_client_key()?;
    config.validate()?;
    let keyring = config.keyring()?;
    let key = args.key.as_deref().or(keyring.minting_key());
    let key = key.ok_or(super::NO_KEY)?;
    let (longest, name) = match args.api {
        true => (
            config.auth.max_api_token_life_s,
            "auth.max_api_token_life_s",
        ),
        false => (config.auth.max_token_life_s, "auth.max_token_life_s"),
    };
    if args.life_s > u64::from(longest) {
        return Err(format!(
            "the server would refuse a token that lives for {} s: {name} is {longest}",
            args.life_s
        )
        .into());
    }
    println!("{}", sign(args, &keyring, key)?);
    Ok(())
}

fn sign(
    args: &TokenArgs,
    keyring: &Keyring,
    key: &str,
) -> Result<String, sideroom_rpc::auth::KeyError> {
    let exp = clock::unix_ms() / 1_000 + args.life_s;
    if args.api {
        let claims = ApiClaims {
            scopes: args.scopes.clone(),
            ..ApiClaims::new(exp)
        };
        return keyring.mint_api(key, &claims);
    }
    let room = args.room.as_deref().unwrap_or_default();
    let identity = args.identity.as_deref().unwrap_or_default();
    let role = match args.role {
        RoleArg::Participant => RoleClaim::Participant,
        RoleArg::Moderator => RoleClaim::Moderator,
    };
    let mut claims = ClientClaims::new(room, identity, role, exp);
    if let Some(name) = &args.name {
        claims.name.clone_from(name);
    }
    keyring.mint_client(key, &claims)
}
