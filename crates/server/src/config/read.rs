//! From file and environment to a [`Config`], with an answer for every mistake.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{ApiKey, ClientCertificate, Config, WebhookReceiver};

/// Names of environment variables that change the configuration begin with this.
const ENV_PREFIX: &str = "SIDEROOM_";

/// Variables that Kubernetes sets in every pod beside a service called `sideroom`.
const NOT_OURS: [&str; 2] = ["SERVICE_", "PORT"];

/// Variables for clients of the server: the examples, scripts and `sideroom top` read them. A server in the
/// same shell ignores them.
const OF_CLIENTS: [&str; 5] = ["URL", "GRPC", "KEY", "SECRET", "TOKEN"];

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("{origin}: {message}")]
    Malformed {
        /// File or variable.
        origin: String,
        /// The problem and its place.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{origin}: unknown key `{key}`; did you mean `{nearest}`?")]
    UnknownKey {
        /// File or variable.
        origin: String,
        /// The key as it was written.
        key: String,
        /// The known key that is most like it.
        nearest: String,
    },
    /// Well-formed, but it cannot work.
    #[error("{}", join(.0))]
    Invalid(Vec<super::Complaint>),
}

fn join(complaints: &[super::Complaint]) -> String {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Config {
    /// Reads `file` over the defaults and `env` over both. Not validated yet: flags may still change it.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            None => Table::new(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
                        path: path.to_owned(),
                        source,
                    })?;
                parse(&text, &path.display().to_string())?
            }
        };
        let schema = schema();
        for (name, value) in env {
            if let Some(rest) = name.strip_prefix(ENV_PREFIX)
                && !NOT_OURS.iter().any(|not_ours| rest.starts_with(not_ours))
                && !OF_CLIENTS.contains(&rest)
            {
                set_from_env(&mut table, &schema, &name, rest, &value)?;
            }
        }
        typed(table, "configuration")
    }

    /// Reads `text` over the defaults.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigError> {
        typed(parse(text, origin)?, origin)
    }

    /// The effective configuration, in the syntax of its file. Secrets are left out.
    pub fn to_toml(&self) -> String {
        let mut shown = self.clone();
        for key in &mut shown.auth.keys {
            key.secret.clear();
        }
        shown.webhooks.secret.clear();
        for receiver in &mut shown.webhooks.receivers {
            receiver.secret.clear();
        }
        toml::to_string(&shown).expect("invariant: a configuration is made of TOML's own types")
    }
}

impl Config {
    /// Sections of `other` that differ and are read at the start only.
    pub(crate) fn sections_that_wait(&self, other: &Self) -> Vec<String> {
        let table = |config: &Self| {
            Table::try_from(config).expect("invariant: a configuration is made of TOML's own types")
        };
        let (ours, theirs) = (table(self), table(other));
        let differ = ours
            .iter()
            .filter(|(name, value)| theirs.get(*name) != Some(*value));
        differ
            .map(|(name, _)| name.clone())
            .filter(|name| !["auth", "tls"].contains(&name.as_str()))
            .collect()
    }
}

/// A whole configuration with one of everything: its shape is the set of known keys.
fn schema() -> Table {
    let mut whole = Config::default();
    whole.auth.keys.push(ApiKey::default());
    whole.auth.certificates.push(ClientCertificate::default());
    whole.webhooks.receivers.push(WebhookReceiver::default());
    Table::try_from(whole).expect("invariant: a configuration is made of TOML's own types")
}

fn parse(text: &str, origin: &str) -> Result<Table, ConfigError> {
    let table: Table = toml::from_str(text).map_err(|error| ConfigError::Malformed {
        origin: origin.to_owned(),
        message: error.to_string(),
    })?;
    refuse_unknown(&table, &schema(), "", origin)?;
    // Types are checked here too, while the text can still be named.
    let _: Config = toml::from_str(text).map_err(|error| ConfigError::Malformed {
        origin: origin.to_owned(),
        message: error.to_string(),
    })?;
    Ok(table)
}

fn typed(table: Table, origin: &str) -> Result<Config, ConfigError> {
    table.try_into().map_err(|error| ConfigError::Malformed {
        origin: origin.to_owned(),
        message: error.to_string(),
    })
}

fn refuse_unknown(
    given: &Table,
    known: &Table,
    path: &str,
    origin: &str,
) -> Result<(), ConfigError> {
    for (key, value) in given {
        let whole = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match (known.get(key), value) {
            (None, _) => {
                return Err(ConfigError::UnknownKey {
                    origin: origin.to_owned(),
                    nearest: nearest(&whole, &paths(&schema(), "")),
                    key: whole,
                });
            }
            (Some(Value::Table(known)), Value::Table(given)) => {
                refuse_unknown(given, known, &whole, origin)?;
            }
            (Some(Value::Array(known)), Value::Array(given)) => {
                let Some(Value::Table(known)) = known.first() else {
                    continue;
                };
                for given in given.iter().filter_map(Value::as_table) {
                    refuse_unknown(given, known, &whole, origin)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Every known key with its section, as an operator writes it.
pub(super) fn paths(table: &Table, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::Table(inner) => found.extend(paths(inner, &path)),
            Value::Array(items) => match items.first().and_then(Value::as_table) {
                Some(inner) => found.extend(paths(inner, &path)),
                None => found.push(path.clone()),
            },
            _ => found.push(path.clone()),
        }
        if value.is_table() {
            found.push(path);
        }
    }
    found
}

/// The known key most like `key`. A misplaced key is nearest to the one of the same name elsewhere.
fn nearest(key: &str, known: &[String]) -> String {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let score = |candidate: &String| {
        let whole = strsim::jaro_winkler(key, candidate);
        let leaf = strsim::jaro_winkler(&last(key), &last(candidate));
        whole.max(leaf)
    };
    known
        .iter()
        .max_by(|a, b| score(a).total_cmp(&score(b)))
        .cloned()
        .unwrap_or_default()
}

/// `SIDEROOM_MEDIA_FIRST_PORT=8000` sets `media.first_port`. Lists are separated by commas;
/// `SIDEROOM_AUTH_KEYS` takes `id:secret` pairs, `SIDEROOM_AUTH_CERTIFICATES` `id:name` pairs,
/// `SIDEROOM_WEBHOOKS_RECEIVERS` `id:url` pairs.
fn set_from_env(
    table: &mut Table,
    schema: &Table,
    name: &str,
    rest: &str,
    text: &str,
) -> Result<(), ConfigError> {
    let lower = rest.to_ascii_lowercase();
    let (section, key) = lower.split_once('_').unwrap_or((lower.as_str(), ""));
    let known = schema
        .get(section)
        .and_then(Value::as_table)
        .and_then(|known| known.get(key));
    let Some(known) = known else {
        let names: Vec<String> = paths(schema, "")
            .iter()
            .map(|path| env_name(path))
            .collect();
        return Err(ConfigError::UnknownKey {
            origin: "environment".into(),
            nearest: nearest(name, &names),
            key: name.to_owned(),
        });
    };
    let value = value_like(known, key, text).ok_or_else(|| ConfigError::Malformed {
        origin: name.to_owned(),
        message: format!("expected {}, found {text:?}", known.type_str()),
    })?;
    let section = table
        .entry(section.to_owned())
        .or_insert_with(|| Value::Table(Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(key.to_owned(), value);
    }
    Ok(())
}

/// `media.first_port` is `SIDEROOM_MEDIA_FIRST_PORT` in the environment.
pub(super) fn env_name(path: &str) -> String {
    format!(
        "{ENV_PREFIX}{}",
        path.replace('.', "_").to_ascii_uppercase()
    )
}

fn value_like(known: &Value, key: &str, text: &str) -> Option<Value> {
    Some(match known {
        Value::Integer(_) => Value::Integer(text.parse().ok()?),
        Value::Float(_) => Value::Float(text.parse().ok()?),
        Value::Boolean(_) => Value::Boolean(text.parse().ok()?),
        Value::Array(_) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            match key {
                "keys" => pairs(items, "secret")?,
                "certificates" => pairs(items, "name")?,
                "receivers" => pairs(items, "url")?,
                _ => Value::Array(items.map(|item| Value::String(item.to_owned())).collect()),
            }
        }
        _ => Value::String(text.to_owned()),
    })
}

/// A list of `id:value` pairs.
fn pairs<'a>(items: impl Iterator<Item = &'a str>, of: &str) -> Option<Value> {
    let pair = |item: &str| {
        let (id, value) = item.split_once(':')?;
        let mut pair = Table::new();
        pair.insert("id".into(), Value::String(id.to_owned()));
        pair.insert(of.into(), Value::String(value.to_owned()));
        Some(Value::Table(pair))
    };
    Some(Value::Array(items.map(pair).collect::<Option<_>>()?))
}
