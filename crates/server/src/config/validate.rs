//! Finds well-formed configurations that cannot work.

use std::fmt;

use super::{Config, ConfigError};

/// The shortest safe secret for HS256 tokens (RFC 7518 section 3.2: the hash's size).
const MIN_SECRET_BYTES: usize = 32;

/// One problem of a configuration, with its remedy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Complaint {
    pub key: &'static str,
    /// The problem and its remedy.
    pub sentence: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.sentence)
    }
}

/// The complaints about a configuration.
#[derive(Default)]
pub(super) struct Check(Vec<Complaint>);

impl Check {
    pub(super) fn that(&mut self, holds: bool, key: &'static str, otherwise: &str) {
        if !holds {
            let sentence = otherwise.to_owned();
            self.0.push(Complaint { key, sentence });
        }
    }
}

impl Config {
    /// Every complaint at once, so that an operator corrects a file in one go.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut check = Check::default();
        self.check_ports(&mut check);
        self.check_keys(&mut check);
        self.check_certificates(&mut check);
        self.check_bounds(&mut check);
        self.check_turn(&mut check);
        self.check_webhooks(&mut check);
        self.check_cluster(&mut check);
        match check.0.is_empty() {
            true => Ok(()),
            false => Err(ConfigError::Invalid(check.0)),
        }
    }

    fn check_ports(&self, check: &mut Check) {
        let workers = u32::from(self.worker_count());
        let first = u32::from(self.media.first_port);
        check.that(
            first + workers <= 65_536,
            "media.first_port",
            "the ports of all workers must lie below 65536; lower the port or the number of workers",
        );
        let fixed = [self.http.listen, self.grpc.listen, self.admin.listen].map(|at| at.port());
        let media = first..first + workers;
        let shared = fixed.iter().any(|&port| media.contains(&u32::from(port)));
        check.that(
            first == 0 || !self.media.tcp || !shared,
            "media.first_port",
            "a worker's TCP port is also http.listen, grpc.listen or admin.listen; move one of them",
        );
        check.that(
            distinct(&fixed.iter().filter(|port| **port != 0).collect::<Vec<_>>()),
            "http.listen",
            "http, grpc and admin must listen on different ports",
        );
        check.that(
            self.proxies().is_some(),
            "http.trusted_proxies",
            "each must be an address or a network, such as 10.0.0.5 or 10.0.0.0/8",
        );
        check.that(
            self.tls.certificate_file.is_empty() == self.tls.key_file.is_empty(),
            "tls.key_file",
            "set both certificate_file and key_file, or neither",
        );
        check.that(
            self.tls.client_authority_file.is_empty() || !self.tls.certificate_file.is_empty(),
            "tls.client_authority_file",
            "clients can show certificates only if the server has one; set certificate_file",
        );
        check.that(
            self.tls.client_revocation_file.is_empty()
                || !self.tls.client_authority_file.is_empty(),
            "tls.client_revocation_file",
            "there is no authority whose certificates could be revoked; set client_authority_file",
        );
    }

    fn check_keys(&self, check: &mut Check) {
        let keys = &self.auth.keys;
        let ids: Vec<&String> = keys.iter().map(|key| &key.id).collect();
        check.that(
            distinct(&ids) && ids.iter().all(|id| !id.is_empty()),
            "auth.keys.id",
            "every key needs an id of its own",
        );
        check.that(
            keys.iter()
                .all(|key| key.secret.is_empty() != key.secret_file.is_empty()),
            "auth.keys.secret",
            "every key needs either a secret or a secret_file",
        );
        let long = |secret: &String| secret.is_empty() || secret.len() >= MIN_SECRET_BYTES;
        check.that(
            keys.iter().all(|key| long(&key.secret)),
            "auth.keys.secret",
            "a secret needs at least 32 bytes; `openssl rand -hex 32` makes one",
        );
    }

    fn check_certificates(&self, check: &mut Check) {
        let certificates = &self.auth.certificates;
        check.that(
            certificates.is_empty() || !self.tls.client_authority_file.is_empty(),
            "auth.certificates",
            "nobody is asked for a certificate; set tls.client_authority_file",
        );
        let keys = self.auth.keys.iter().map(|key| &key.id);
        let own: Vec<&String> = certificates.iter().map(|one| &one.id).collect();
        let ids: Vec<&String> = keys.chain(own.iter().copied()).collect();
        check.that(
            certificates.is_empty() || distinct(&ids) && own.iter().all(|id| !id.is_empty()),
            "auth.certificates.id",
            "every certificate needs an id of its own, which no key has either",
        );
        check.that(
            certificates
                .iter()
                .all(|one| one.name.is_empty() != one.fingerprint.is_empty()),
            "auth.certificates.name",
            "every certificate needs either a name or a fingerprint",
        );
        let names: Vec<String> = certificates
            .iter()
            .map(|one| one.name.clone() + &one.fingerprint.replace(':', ""))
            .map(|name| name.to_ascii_lowercase())
            .collect();
        check.that(
            distinct(&names.iter().collect::<Vec<_>>()),
            "auth.certificates.name",
            "one certificate is named twice; name it once, with all its scopes",
        );
    }

    fn check_bounds(&self, check: &mut Check) {
        check.that(
            self.rooms.max_active_talkers >= 3,
            "rooms.max_active_talkers",
            "must be at least 3: a breakout holds between 2 and max_active_talkers - 1 people",
        );
        check.that(
            !self.store.path.is_empty(),
            "store.path",
            "name a file, or say \"memory\"",
        );
        check.that(
            self.limits.message_bytes >= 16_384,
            "limits.message_bytes",
            "must be at least 16384: an offer has to fit in",
        );
        let telemetry = &self.telemetry;
        let endpoint = &telemetry.otlp_endpoint;
        check.that(
            endpoint.is_empty() || endpoint.starts_with("http://"),
            "telemetry.otlp_endpoint",
            "give the address of a collector as http://HOST:PORT; one beside the server can speak \
             TLS to others",
        );
        check.that(
            telemetry.sample_percent <= 100,
            "telemetry.sample_percent",
            "must be between 0 and 100",
        );
        for (key, value) in [
            (
                "store.snapshot_every_records",
                self.store.snapshot_every_records,
            ),
            ("limits.queued_commands", self.limits.queued_commands),
            (
                "limits.watches_per_participant",
                self.limits.watches_per_participant,
            ),
            ("limits.connections", self.limits.connections),
            (
                "limits.connections_per_address",
                self.limits.connections_per_address,
            ),
            (
                "limits.waiting_sockets_per_address",
                self.limits.waiting_sockets_per_address,
            ),
            ("limits.header_timeout_s", self.limits.header_timeout_s),
            ("limits.idle_timeout_s", self.limits.idle_timeout_s),
            ("limits.stall_timeout_s", self.limits.stall_timeout_s),
        ] {
            check.that(value > 0, key, "must be at least 1");
        }
    }

    fn check_turn(&self, check: &mut Check) {
        let turn = &self.turn;
        let first = self.media.first_port;
        let media = u32::from(first)..u32::from(first) + u32::from(self.worker_count());
        let others = [self.http.listen, self.grpc.listen, self.admin.listen];
        let taken = others.iter().any(|at| at.port() == turn.port)
            || first != 0 && media.contains(&u32::from(turn.port));
        check.that(
            turn.port == 0 || !taken,
            "turn.port",
            "it is also http.listen, grpc.listen, admin.listen or a media worker's; choose another, usually 3478",
        );
        check.that(
            turn.urls
                .iter()
                .all(|url| url.starts_with("turn:") || url.starts_with("turns:")),
            "turn.urls",
            "each begins with turn: or turns:, as in turns:meet.example.org:443?transport=tcp",
        );
        check.that(
            turn.credentials_life_s >= 60,
            "turn.credentials_life_s",
            "must be at least 60: clients need some time from the join to the relay",
        );
        for (key, value) in [
            ("turn.clients", turn.clients),
            (
                "turn.addresses_per_participant",
                turn.addresses_per_participant,
            ),
            ("turn.bytes_per_s_per_client", turn.bytes_per_s_per_client),
            (
                "turn.requests_per_s_per_address",
                turn.requests_per_s_per_address,
            ),
        ] {
            check.that(value > 0, key, "must be at least 1");
        }
    }

    fn check_webhooks(&self, check: &mut Check) {
        let webhooks = &self.webhooks;
        let ids: Vec<&String> = webhooks.receivers.iter().map(|one| &one.id).collect();
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        check.that(
            distinct(&ids)
                && ids
                    .iter()
                    .all(|id| !id.is_empty() && id.len() <= 64 && id.chars().all(is_plain)),
            "webhooks.receivers.id",
            "every receiver needs an id of its own, of letters, digits, - and _",
        );
        let known: Vec<String> = sideroom_rpc::event_types().collect();
        for receiver in &webhooks.receivers {
            if let Err(why) = crate::webhooks::check_url(&receiver.url) {
                check.that(false, "webhooks.receivers.url", &why);
            }
            for unknown in receiver.events.iter().filter(|kind| !known.contains(kind)) {
                let sentence = format!(
                    "there are no events of the type `{unknown}`; docs/rpc.md lists the types"
                );
                check.that(false, "webhooks.receivers.events", &sentence);
            }
        }
        for (key, value) in [
            ("webhooks.events_per_request", webhooks.events_per_request),
            ("webhooks.requests_at_once", webhooks.requests_at_once),
            ("webhooks.timeout_ms", webhooks.timeout_ms),
            ("webhooks.retry_first_ms", webhooks.retry_first_ms),
            ("webhooks.retry_longest_s", webhooks.retry_longest_s),
            ("webhooks.retry_for_h", webhooks.retry_for_h),
        ] {
            check.that(value > 0, key, "must be at least 1");
        }
        check.that(
            webhooks.requests_at_once <= 256 && webhooks.events_per_request <= 1_000,
            "webhooks.requests_at_once",
            "at most 256 requests at once, and webhooks.events_per_request at most 1000",
        );
        check.that(
            webhooks.outbox_bytes >= 1_024 * 1_024,
            "webhooks.outbox_bytes",
            "must be at least 1048576, a mebibyte",
        );
    }

    /// Settings that work but are seldom meant.
    pub fn warnings(&self) -> Vec<Complaint> {
        let mut check = Check::default();
        check.that(
            !self.auth.keys.is_empty() || !self.auth.certificates.is_empty(),
            "auth.keys",
            "there is none, so the server will not start without --dev",
        );
        check.that(
            self.tls.client_authority_file.is_empty() || !self.auth.certificates.is_empty(),
            "auth.certificates",
            "there is none, so every client of gRPC needs a token beside its certificate",
        );
        check.that(
            self.admin.listen.ip().is_loopback(),
            "admin.listen",
            "it is open to other machines and has no authentication",
        );
        check.that(
            !self.media.announce.is_empty() || self.media.bind.is_loopback(),
            "media.announce",
            "it is empty, so clients are told the addresses of the interfaces; behind NAT they \
             cannot reach those",
        );
        check.that(
            !self.has_proxy() || !self.turn.enabled || !self.turn.urls.is_empty(),
            "turn.urls",
            "it is empty and a proxy is in front, which TURN does not pass; set turn.port and turn.urls, or \
             set turn.enabled to false",
        );
        check.that(
            self.webhooks.receivers.is_empty() || self.store.path != "memory",
            "webhooks.receivers",
            "the store is memory, so a restart forgets the events that were not delivered",
        );
        check.that(
            self.store.path != "memory" || self.cluster.is_on(),
            "store.path",
            "it is memory, so a restart forgets every room",
        );
        check.0
    }

    /// How many media workers there will be.
    pub fn worker_count(&self) -> u16 {
        match self.node.workers {
            0 => std::thread::available_parallelism()
                .map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(u16::MAX)),
            count => count,
        }
    }
}

fn distinct<T: Ord>(items: &[T]) -> bool {
    let set: std::collections::BTreeSet<&T> = items.iter().collect();
    set.len() == items.len()
}
